"""What encoders say of the catalogue: read from the shop's storage, once per content."""

import io
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from PIL import Image
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.catalog import Catalog, item_content
from django_recs.engine.artifacts import write_artifact
from django_recs.engine.content.encoders import EncoderUnusable, OnnxImageEncoder, OnnxTextEncoder
from django_recs.engine.content.pictures import PICTURE_SIZE
from django_recs.engine.interactions import ItemContent
from django_recs.models import ModelVersion, TrainingRun
from django_recs.pipeline.encoding import encoded
from django_recs.serving import promote
from django_recs.serving.storage import store_artifact
from tests.engine.artifact_by_hand import tiny_blend
from tests.engine.content.encoders.graphs import write_image_encoder, write_text_encoder
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

COLOURS = {"blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a picture for each colour, and files that are none."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name, colour in COLOURS.items():
        target = io.BytesIO()
        Image.new("RGB", (4, 4), colour).save(target, "PNG")
        (folder / f"{name}.png").write_bytes(target.getvalue())
    (folder / "torn.png").write_bytes(target.getvalue()[:20])
    return folder


@pytest.fixture
def catalog(pictures: Path) -> Catalog[Product]:
    """A product for each file, one whose file is gone and one whose picture is elsewhere."""
    storage = FileSystemStorage(location=pictures)
    field: Any = FileField(storage=storage)

    class Coloured(Catalog[Product]):
        model = Product
        item_id_field = "title"
        text = "title"
        image = "picture_of"

        def picture_of(self, product: Product) -> object:
            if product.title == "far":
                return "https://pictures.example/far.png"
            return FieldFile(product, field, f"{product.title}.png")

    for title in (*COLOURS, "torn", "gone", "far"):
        Product.objects.create(title=title)
    return Coloured()


def places(item_ids: tuple[str, ...], *titles: str) -> list[int]:
    return [item_ids.index(title) for title in titles]


def keep(content: ItemContent, item_ids: tuple[str, ...], tmp_path: Path, settings: DjangoSettings) -> None:
    """Make a version live that remembers the vectors of ``content``."""
    folder = tmp_path / "artifact"
    sha256 = write_artifact(
        folder,
        blend=tiny_blend(),
        item_ids=["", *"abcde"],
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        code_version="tests",
        metrics={},
        dataset={},
        content=content,
    )
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "ARTIFACT_ROOT": str(tmp_path / "artifacts")}
    store_artifact(folder, "first")
    promote(ModelVersion.objects.create(run=TrainingRun.objects.create(), artifact="first", manifest_sha256=sha256))


@pytest.fixture
def encoded_values(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts or pictures each call of an encoder got."""
    counts: list[int] = []

    def counting(encode: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def counted(encoder: Any, values: Any) -> Any:
            counts.append(len(values))
            return encode(encoder, values)

        return counted

    for encoder in (OnnxTextEncoder, OnnxImageEncoder):
        monkeypatch.setattr(encoder, "encode", counting(encoder.encode))
    return counts


def test_pictures_are_read_from_the_storage_and_bad_ones_are_counted(
    catalog: Catalog[Product], caplog: pytest.LogCaptureFixture
) -> None:
    item_ids, content = item_content(catalog)

    with caplog.at_level(logging.WARNING, logger="django_recs"):
        found = encoded(catalog, item_ids, content)

    assert found.pictures.shape == (3, PICTURE_SIZE, PICTURE_SIZE, 3)
    shown = {
        title: found.pictures[found.picture_of[place], 30, 30].tolist()
        for title, place in zip(COLOURS, places(item_ids, *COLOURS), strict=True)
    }
    assert shown == {name: list(colour) for name, colour in COLOURS.items()}
    assert found.picture_of[[0, *places(item_ids, "torn", "gone", "far")]].tolist() == [-1] * 4
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "2 of 5 pictures were left out; the first"
    ]


def test_pictures_are_left_alone_where_the_shop_says_so(
    catalog: Catalog[Product], settings: DjangoSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJANGO_RECS = {"IMAGE_ENCODER": "off"}
    monkeypatch.setattr(FieldFile, "open", lambda *args: pytest.fail("read"))
    item_ids, content = item_content(catalog)

    assert encoded(catalog, item_ids, content) is content


def test_a_vision_encoder_of_the_shop_gives_vectors_once_per_picture(
    catalog: Catalog[Product], settings: DjangoSettings, tmp_path: Path, encoded_values: list[int], pictures: Path
) -> None:
    settings.DJANGO_RECS = {"IMAGE_ENCODER": str(write_image_encoder(tmp_path / "encoder" / "model.onnx"))}
    item_ids, content = item_content(catalog)

    first = encoded(catalog, item_ids, content)

    assert not len(first.pictures)
    assert encoded_values == [3]
    red, green = first.vectors["image"][places(item_ids, "red", "green")]
    np.testing.assert_allclose(red, [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-5)
    np.testing.assert_allclose(green, [-0.485 / 0.229, (1 - 0.456) / 0.224, -0.406 / 0.225], rtol=1e-5)
    assert np.isnan(first.vectors["image"][places(item_ids, "torn", "gone", "far")]).all()

    keep(first, item_ids, tmp_path, settings)
    (pictures / "green.png").write_bytes((pictures / "red.png").read_bytes())
    again = encoded(catalog, item_ids, content)

    assert encoded_values == [3]  # blue and red as before, and green looks like red now
    assert again.vectors["image"][places(item_ids, "red", "green")].tolist() == [red.tolist()] * 2


def test_a_text_encoder_of_the_shop_gives_vectors_once_per_text(
    catalog: Catalog[Product], settings: DjangoSettings, tmp_path: Path, encoded_values: list[int]
) -> None:
    settings.DJANGO_RECS = {"TEXT_ENCODER": str(write_text_encoder(tmp_path / "text")), "IMAGE_ENCODER": "off"}
    item_ids, content = item_content(catalog)

    first = encoded(catalog, item_ids, content)
    keep(first, item_ids, tmp_path, settings)
    changed = replace(content, texts=["red, mug" if text == "red" else text for text in content.texts])
    again = encoded(catalog, item_ids, changed)

    assert encoded_values == [6, 1]
    assert np.isnan(first.vectors["text"][0]).all()
    kept = [place for place in range(1, 7) if place != item_ids.index("red")]
    assert again.vectors["text"][kept].tobytes() == first.vectors["text"][kept].tobytes()
    assert (
        again.vectors["text"][item_ids.index("red")].tolist() != first.vectors["text"][item_ids.index("red")].tolist()
    )


def test_an_encoder_that_cannot_be_run_ends_the_training_with_a_reason(
    catalog: Catalog[Product], settings: DjangoSettings, tmp_path: Path
) -> None:
    settings.DJANGO_RECS = {"TEXT_ENCODER": str(tmp_path)}

    with pytest.raises(EncoderUnusable, match="no model.onnx"):
        encoded(catalog, *item_content(catalog))


def test_sentence_transformers_is_used_where_it_is_installed(
    catalog: Catalog[Product], settings: DjangoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package itself is no dependency, so a stand-in of the two calls that are made takes its place."""

    class SentenceTransformer:
        def __init__(self, folder: str, *, local_files_only: bool) -> None:
            assert local_files_only

        def encode(self, texts: list[str], *, normalize_embeddings: bool) -> list[list[float]]:
            return [[len(text), 1.0] for text in texts]

    module = ModuleType("sentence_transformers")
    module.__spec__ = ModuleSpec("sentence_transformers", loader=None)
    vars(module)["SentenceTransformer"] = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    settings.DJANGO_RECS = {"TEXT_ENCODER": str(tmp_path), "IMAGE_ENCODER": "off"}
    item_ids, content = item_content(catalog)

    vectors = encoded(catalog, item_ids, content).vectors["text"]

    assert vectors[places(item_ids, "green", "red")].tolist() == [[5, 1], [3, 1]]
