"""Where artifacts lie: a folder of this machine, or any Django storage, from which a process fetches them once."""

import tempfile
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.engine.blend import Blend
from django_recs.exceptions import PromotionRefused
from django_recs.models import ModelVersion
from django_recs.serving import live_version, promote, recommend
from django_recs.serving.storage import artifact_storage, local_folder, store_artifact
from tests.serving.fitted import publish
from tests.serving.shop_fixtures import ITEM_IDS
from tests.shop.models import Product


class BucketStorage(InMemoryStorage):
    """A storage without paths, as those of cloud providers are; opening may be made to fail."""

    refuses = False

    def _open(self, name: str, mode: str = "rb") -> object:  # type: ignore[override]
        if self.refuses:
            raise TimeoutError("the bucket does not answer")
        return super()._open(name, mode)


@pytest.fixture
def bucket(settings: DjangoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BucketStorage:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings.STORAGES = settings.STORAGES | {"recs_artifacts": {"BACKEND": f"{__name__}.BucketStorage"}}
    storage = storages["recs_artifacts"]
    assert isinstance(storage, BucketStorage)
    return storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (folder / "item_ids.npy").write_bytes(b"ids")
    return folder


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_place_is_the_storage_alias_then_the_setting_then_the_project(
    settings: DjangoSettings, tmp_path: Path
) -> None:
    in_project = artifact_storage()
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path)}
    by_setting = artifact_storage()

    assert isinstance(in_project, FileSystemStorage)
    assert isinstance(by_setting, FileSystemStorage)
    assert Path(in_project.location) == Path(settings.BASE_DIR) / "recs_artifacts"
    assert Path(by_setting.location) == tmp_path


def test_without_any_place_the_error_names_all_three(settings: DjangoSettings) -> None:
    del settings.BASE_DIR

    with pytest.raises(ImproperlyConfigured, match=r"set STORAGES\['recs_artifacts'\], DJANGO_RECS\['ARTIFACT_ROOT'\]"):
        artifact_storage()


def test_an_artifact_in_a_folder_is_used_in_place(artifact_root: Path, folder: Path) -> None:
    store_artifact(folder, "one")

    assert local_folder("one") == artifact_root / "one"
    assert _content(artifact_root / "one") == {"manifest.json": b"{}", "item_ids.npy": b"ids"}
    assert [path.name for path in artifact_root.iterdir()] == ["one"]


def test_an_artifact_in_a_bucket_is_fetched_once(bucket: BucketStorage, folder: Path) -> None:
    store_artifact(folder, "one")
    first = local_folder("one")
    bucket.refuses = True

    assert local_folder("one") == first
    assert _content(first) == {"manifest.json": b"{}", "item_ids.npy": b"ids"}
    assert [path.name for path in first.parent.iterdir()] == ["one"]


def test_an_artifact_is_never_changed(artifact_root: Path, folder: Path) -> None:
    store_artifact(folder, "one")

    with pytest.raises(FileExistsError, match="'one' is stored already"):
        store_artifact(folder, "one")


def test_an_artifact_in_a_bucket_is_never_changed(bucket: BucketStorage, folder: Path) -> None:
    store_artifact(folder, "one")

    with pytest.raises(FileExistsError, match="'one' is stored already"):
        store_artifact(folder, "one")


def test_a_name_that_leads_out_of_the_folder_is_refused(
    bucket: BucketStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_artifact(folder, "one")
    monkeypatch.setattr(bucket, "listdir", lambda name: ([], ["manifest.json", "../../evil"]))

    with pytest.raises(ValueError, match=r"holds a file with the name '\.\./\.\./evil'"):
        local_folder("one")


def test_a_fetch_that_breaks_off_leaves_nothing_behind(bucket: BucketStorage, folder: Path, tmp_path: Path) -> None:
    store_artifact(folder, "one")
    bucket.refuses = True

    with pytest.raises(TimeoutError):
        local_folder("one")
    bucket.refuses = False
    assert _content(local_folder("one")) == {"manifest.json": b"{}", "item_ids.npy": b"ids"}


def test_a_shop_serves_from_a_bucket(
    bucket: BucketStorage, blend: Blend, products: dict[str, Product], tmp_path: Path
) -> None:
    version = promote(publish(tmp_path / "made", "first", blend, list(ITEM_IDS.values())))

    assert recommend("trending").model_version_id == version.pk


def test_a_bucket_that_does_not_answer_leaves_a_version_staged(
    bucket: BucketStorage, blend: Blend, db: None, tmp_path: Path
) -> None:
    version = publish(tmp_path / "made", "first", blend, list(ITEM_IDS.values()))
    bucket.refuses = True

    with pytest.raises(PromotionRefused, match="the bucket does not answer"):
        promote(version)
    version.refresh_from_db()
    assert (version.status, live_version()) == (ModelVersion.Status.STAGED, None)

    bucket.refuses = False
    assert promote(version) == live_version()


def test_a_stored_file_may_be_anything_but_is_only_copied(bucket: BucketStorage, folder: Path) -> None:
    store_artifact(folder, "one")
    bucket.save("one/extra.npy", ContentFile(b"\x80\x04."))

    assert _content(local_folder("one"))["extra.npy"] == b"\x80\x04."
