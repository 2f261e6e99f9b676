"""The live artifact of a process: followed, swapped whole, and kept when the next one is broken."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.engine.blend import Blend
from django_recs.models import ModelPointer, ModelVersion
from django_recs.serving import Rung, promote, recommend
from django_recs.serving.live import live_model, live_problem
from tests.serving.fitted import publish
from tests.serving.shop_fixtures import ITEM_IDS, statements
from tests.shop.models import Product

Products = dict[str, Product]


@pytest.fixture
def second(blend: Blend, live: ModelVersion, tmp_path: Path) -> ModelVersion:
    """Another version of the same shop, staged."""
    return publish(tmp_path, "second", blend, list(ITEM_IDS.values()))


def _point_at(version: ModelVersion) -> None:
    """Past the checks of `promote`, as if the files had broken afterwards."""
    ModelPointer.objects.update_or_create(name="live", defaults={"version": version})


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _newer(path: Path) -> None:
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"format_version": 999}))


def test_without_a_version_there_is_no_model(db: None) -> None:
    assert live_model() is None
    assert live_problem() == ""


def test_the_pointer_is_looked_at_only_now_and_then(live: ModelVersion, settings: DjangoSettings) -> None:
    settings.DJANGO_RECS |= {"RELOAD_SECONDS": 60}

    with statements() as executed:
        first = live_model()
        assert live_model() is first
    assert len(executed) == 1
    assert first is not None
    assert first.version_id == live.pk


def test_the_same_version_is_opened_once(live: ModelVersion) -> None:
    assert live_model() is live_model()


def test_a_promotion_is_followed(second: ModelVersion) -> None:
    before = live_model()
    promote(second)
    after = live_model()

    assert before is not None
    assert after is not None
    assert (before.version_id, after.version_id) == (second.replaced_id or before.version_id, second.pk)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
@pytest.mark.parametrize("kind", ["manifest.json", "item_ids.npy", "sequence.encoder.onnx", "item_knn.weights.npy"])
def test_a_damaged_artifact_leaves_the_old_one_serving(
    damage: Callable[[Path], None], kind: str, second: ModelVersion, artifact_root: Path, products: Products
) -> None:
    old = live_model()
    damage(artifact_root / "second" / kind)
    _point_at(second)

    assert live_model() is old
    assert live_problem().startswith(("ArtifactRefused", "FileNotFoundError"))
    assert recommend("trending").model_version_id != second.pk


def test_a_damaged_artifact_is_told_once_and_taken_up_when_it_is_mended(
    second: ModelVersion, artifact_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live_model()
    shutil.move(artifact_root / "second", artifact_root / "elsewhere")
    _point_at(second)

    for _ in range(5):
        live_model()
    assert [record.levelname for record in caplog.records] == ["ERROR"]

    shutil.move(artifact_root / "elsewhere", artifact_root / "second")
    model = live_model()
    assert model is not None
    assert (model.version_id, live_problem()) == (second.pk, "")


def test_an_artifact_of_a_newer_format_is_refused(second: ModelVersion, artifact_root: Path) -> None:
    old = live_model()
    _newer(artifact_root / "second" / "manifest.json")
    _point_at(second)

    assert live_model() is old


def test_with_a_broken_first_artifact_the_shop_still_has_shelves(
    staged: ModelVersion, artifact_root: Path, products: Products, happened: Callable[..., object]
) -> None:
    happened("purchase", products["lamp"])
    _flip(artifact_root / "first" / "item_ids.npy")
    _point_at(staged)

    shelf = recommend("for_you", visitor_id="guest")

    assert ([item.title for item in shelf], shelf.rung, shelf.model_version_id) == (["Lamp"], Rung.POPULARITY, None)


def test_a_database_that_fails_at_the_look_leaves_the_old_one_serving(
    live: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = live_model()

    def broken() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("django_recs.serving.live._pointed_version", broken)

    assert live_model() is old
    assert live_problem() == "DatabaseError: gone"


def test_many_threads_see_one_whole_model_while_it_is_swapped(
    second: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers run beside a thread that swaps two versions; each reference they get belongs to its own artifact."""
    first = live_model()
    promote(second)
    other = live_model()
    assert first is not None
    assert other is not None
    pairs = {first.version_id: first.artifact, other.version_id: other.artifact}
    turns = iter([first, other] * 300)
    monkeypatch.setattr("django_recs.serving.live._look", lambda slot: setattr(slot, "model", next(turns, other)))
    wrong: list[object] = []

    def read() -> None:
        for _ in range(20):
            model = live_model()
            if model is None or pairs[model.version_id] is not model.artifact:
                wrong.append(model)

    threads = [threading.Thread(target=read) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
