"""Texts and pictures of the catalogue as vectors, or pictures made ready for the encoder that is fitted inside.

A pretrained encoder is run once per content: its vectors are kept in the artifact with a key of what they were made
from, and the next training takes from the live version what has not changed.
"""

import importlib.util
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
import numpy.typing as npt
from django.db.models.fields.files import FieldFile

from django_recs.catalog import Catalog
from django_recs.conf import IMAGES_OFF, get_settings
from django_recs.engine.artifacts import ArtifactRefused
from django_recs.engine.content.encoders import OnnxImageEncoder, OnnxTextEncoder
from django_recs.engine.content.pictures import IMAGE, PICTURE_SIZE
from django_recs.engine.content.scale import TEXT
from django_recs.engine.content.tokens import StrArray
from django_recs.engine.interactions import FloatArray, ItemContent
from django_recs.pipeline.pictures import PictureRefused, picture_bytes, square
from django_recs.serving.live import open_version
from django_recs.serving.registry import live_version

logger = logging.getLogger(__name__)

KEY_LENGTH = 32
ITEMS_AT_ONCE = 256
CHUNK_SIZE = 2_000


class TextEncoder(Protocol):
    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> FloatArray: ...


def encoded(catalog: Catalog[Any], item_ids: Sequence[str], content: ItemContent) -> ItemContent:
    """``content`` of ``item_ids`` (I + 1,) with what the encoders of the settings say of it.

    Raises:
        EncoderUnusable: the settings name an encoder that cannot be run.
    """
    return _with_images(catalog, item_ids, _with_texts(content))


def open_text_encoder(folder: Path) -> TextEncoder:
    """By the package sentence-transformers where it is installed, else the ONNX export that the folder holds.

    Raises:
        EncoderUnusable: neither can run it.
    """
    if importlib.util.find_spec("sentence_transformers") is not None:
        return SentenceTransformersEncoder(folder)
    return OnnxTextEncoder(folder, thread_count=max(1, get_settings().training_threads))


class SentenceTransformersEncoder:
    """Any folder that the package can load; it is told to look nowhere but on this machine."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._model: Any = SentenceTransformer(str(folder), local_files_only=True)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        self.fingerprint = sha256(
            "\n".join(
                f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files
            ).encode()
        ).hexdigest()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        vectors: FloatArray = np.asarray(self._model.encode(list(texts), normalize_embeddings=True), dtype=np.float32)
        return vectors


def _with_texts(content: ItemContent) -> ItemContent:
    folder = get_settings().text_encoder
    if not folder or TEXT in content.vectors:
        return content
    encoder = open_text_encoder(Path(folder))
    texts = [_spoken(content, item) for item in range(len(content.texts))]
    keys = np.array([_key(encoder.fingerprint, text.encode()) if text else "" for text in texts])
    collected = _Collected(name=TEXT, encode=encoder.encode)
    for key, text in zip(keys.tolist(), texts, strict=True):
        collected.add(key, text)
    return collected.into(content, keys)


def _spoken(content: ItemContent, item: int) -> str:
    """Text, then categories and the values of attributes: what a person would read on the product's page."""
    labels = [*content.categories[item], *(content.attributes[item].values() if len(content.attributes) else ())]
    return "\n".join(filter(None, [content.texts[item], ", ".join(labels)]))


def _key(fingerprint: str, content: bytes) -> str:
    return sha256(fingerprint.encode() + b"\0" + content).hexdigest()[:KEY_LENGTH]


@dataclass(kw_only=True)
class _Collected:
    """Vectors by key: those that the live version remembers, and new ones, encoded `ITEMS_AT_ONCE`."""

    name: str
    encode: Callable[[list[Any]], FloatArray]
    vectors: dict[str, FloatArray] = field(default_factory=dict)
    waiting: dict[str, Any] = field(default_factory=dict)
    new_count: int = 0

    def __post_init__(self) -> None:
        self.vectors |= _remembered(self.name)

    def knows(self, key: str) -> bool:
        return not key or key in self.vectors or key in self.waiting

    def add(self, key: str, value: Any) -> None:
        if not self.knows(key):
            self.waiting[key] = value
            if len(self.waiting) >= ITEMS_AT_ONCE:
                self._encode_waiting()

    def into(self, content: ItemContent, keys: StrArray) -> ItemContent:
        """``content`` with a vector for each of its items (I + 1,) that has a key."""
        self._encode_waiting()
        found = [self.vectors.get(key) for key in keys.tolist()]
        width = next((len(vector) for vector in found if vector is not None), 0)
        if not width:
            return content
        missing = np.full(width, np.nan, dtype=np.float32)
        matrix = np.stack([missing if vector is None else vector for vector in found])
        logger.info("%s vectors: %s encoded, %s items in all.", self.name, self.new_count, int((keys != "").sum()))
        return replace(
            content,
            vectors={**content.vectors, self.name: matrix},
            vector_keys={**content.vector_keys, self.name: keys},
        )

    def _encode_waiting(self) -> None:
        if self.waiting:
            self.vectors |= zip(self.waiting, self.encode(list(self.waiting.values())), strict=True)
            self.new_count += len(self.waiting)
            self.waiting.clear()


def _remembered(name: str) -> Mapping[str, FloatArray]:
    """Vectors by key in the live version; none where there is no version that can be read."""
    version = live_version()
    try:
        stored = open_version(version).encoded.get(name) if version else None
    except (ArtifactRefused, OSError, KeyError, ValueError):
        logger.warning("The live version %s cannot be read; everything is encoded anew.", version, exc_info=True)
        return {}
    if stored is None:
        return {}
    return {str(key): np.array(vector) for key, vector in zip(stored.keys, stored.vectors, strict=True) if key}


def _with_images(catalog: Catalog[Any], item_ids: Sequence[str], content: ItemContent) -> ItemContent:
    setting = get_settings().image_encoder
    if catalog.image is None or setting == IMAGES_OFF or IMAGE in content.vectors:
        return content
    if importlib.util.find_spec("PIL") is None:
        logger.warning('Pillow is not installed, so no picture is read: pip install "django-recs[train]".')
        return content
    files = _PictureFiles(catalog)
    if not setting:
        return _with_squares(files, item_ids, content)
    encoder = OnnxImageEncoder(Path(setting), thread_count=max(1, get_settings().training_threads))
    return _with_encoded_images(files, item_ids, content, encoder)


def _with_encoded_images(
    files: "_PictureFiles", item_ids: Sequence[str], content: ItemContent, encoder: OnnxImageEncoder
) -> ItemContent:
    place = {item_id: number for number, item_id in enumerate(item_ids)}
    keys = np.full(len(item_ids), "", dtype=f"U{KEY_LENGTH}")
    collected = _Collected(name=IMAGE, encode=lambda squares: encoder.encode(np.stack(squares)))
    for item_id, picture in files:
        key = _key(encoder.fingerprint, picture)
        if item_id in place and (collected.knows(key) or _add_square(collected, files, key, picture, encoder.size)):
            keys[place[item_id]] = key
    files.report()
    return collected.into(content, keys)


def _add_square(collected: _Collected, files: "_PictureFiles", key: str, picture: bytes, size: int) -> bool:
    pixels = files.square(picture, size)
    if pixels is not None:
        collected.add(key, pixels)
    return pixels is not None


def _with_squares(files: "_PictureFiles", item_ids: Sequence[str], content: ItemContent) -> ItemContent:
    """All pictures in one file without a name, mapped, so that memory holds only what is looked at."""
    number = {item_id: place for place, item_id in enumerate(item_ids)}
    place = np.full(len(item_ids), -1, dtype=np.int64)
    count = 0
    with tempfile.TemporaryFile() as target:
        for item_id, picture in files:
            pixels = files.square(picture, PICTURE_SIZE) if item_id in number else None
            if pixels is not None and place[number[item_id]] < 0:
                target.write(pixels.tobytes())
                place[number[item_id]] = count
                count += 1
        target.flush()
        files.report()
        if not count:
            return content
        shape = (count, PICTURE_SIZE, PICTURE_SIZE, 3)
        return replace(content, pictures=np.memmap(target, dtype=np.uint8, mode="r", shape=shape), picture_of=place)


class _PictureFiles:
    """The pictures of a catalogue by item id, as bytes; those that cannot be read are counted and left out."""

    def __init__(self, catalog: Catalog[Any]) -> None:
        self._catalog = catalog
        self._refused: list[str] = []
        self._read_count = 0

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        products = self._catalog.get_queryset().order_by("pk").iterator(chunk_size=CHUNK_SIZE)
        for product in products:
            file = self._catalog.get_image_file(product)
            content = None if file is None else self._content(file)
            if content:
                yield self._catalog.item_id(product), content

    def square(self, picture: bytes, size: int) -> npt.NDArray[np.uint8] | None:
        try:
            return square(picture, size)
        except PictureRefused as reason:
            self._refused.append(str(reason))
            return None

    def report(self) -> None:
        if self._refused:
            logger.warning(
                "%s of %s pictures were left out; the first: %s.",
                len(self._refused),
                self._read_count,
                self._refused[0],
            )

    def _content(self, file: FieldFile | Path) -> bytes | None:
        self._read_count += 1
        try:
            with file.open("rb") as opened:
                return picture_bytes(cast("BinaryIO", opened))
        except (OSError, ValueError, PictureRefused) as reason:
            self._refused.append(f"{getattr(file, 'name', file)}: {reason}")
            return None
