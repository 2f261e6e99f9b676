"""A fitted blend as a folder of data: ``manifest.json``, ``.npy`` and ``.onnx`` files. No code, no pickle.

Every file is listed in the manifest with its size and SHA-256 and verified before use; arrays are memory-mapped, so the
processes of a machine share them. An array named ``..._onnx`` holds the bytes of a graph and is stored as they are.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.copurchase import CoPurchase
from django_recs.engine.baselines.neighbours import ItemKNN
from django_recs.engine.baselines.popularity import Trend
from django_recs.engine.baselines.text import TextKNN
from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import VIEW_CODE
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, ItemContent
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.recommender import Arrays, Recommender
from django_recs.engine.shelves.facts import ShelfFacts
from django_recs.engine.situations import Situation
from django_recs.engine.voices import VOICE_KINDS, kind_of

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ITEM_IDS = "item_ids.npy"
MANIFEST_LIMIT_BYTES = 16_000_000
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(npy|onnx)")
_PLAIN_KINDS = "biufU"
"""numpy kinds that hold plain values: booleans, integers, floats, text."""


class ArtifactRefused(Exception):
    """The folder is not an artifact that may be used; the message names the file and says why."""


@dataclass(frozen=True, kw_only=True)
class EncodedVectors:
    """Vectors of items and what each was made from."""

    keys: npt.NDArray[np.str_]
    """(I + 1,), "" where there is no vector."""
    vectors: FloatArray
    """(I + 1, D)"""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An opened and verified artifact. Safe to share between threads."""

    manifest: Mapping[str, Any]
    item_ids: npt.NDArray[np.str_]
    """(I + 1,) the shop's item ids; [0] is padding."""
    blend: Blend
    shelf_facts: ShelfFacts | None = None
    """What shelves need beside the blend; None in artifacts that were written without."""
    encoded: Mapping[str, EncodedVectors] = field(default_factory=dict)
    """What pretrained encoders said of the catalogue, by name, for the next training to take over."""

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {str(item_id): index for index, item_id in enumerate(self.item_ids) if index}

    def index_of(self, item_id: str) -> int | None:
        """The engine's index of a shop's item, None for one that is not in the artifact."""
        return self._indices.get(item_id)

    @cached_property
    def counts_blend(self) -> Blend:
        """The blend without its network, for when ONNX Runtime or the graph fails."""
        voices = [voice for voice in self.blend.voices if not isinstance(voice, SequenceVoice)]
        return self.blend.with_voices(voices)

    def similar(
        self, item: int, *, limit: int, counts_only: bool = False, min_persons: int = 1
    ) -> tuple[Int32Array, FloatArray]:
        """Items like ``item``: items int32 (n,) and scores float32 (n,), best first.

        People who took both, words and the network have one vote each, scaled to its own best. The people's vote counts
        only for what at least ``min_persons`` of them took.
        """
        scores = np.zeros(len(self.item_ids), dtype=np.float32)
        for voice in self.blend.voices:
            if isinstance(voice, ItemKNN):
                items, strengths = voice.similar(item, 4 * limit, min_persons=min_persons)
            elif isinstance(voice, TextKNN) or (isinstance(voice, SequenceVoice) and not counts_only):
                items, strengths = voice.similar(item, 4 * limit)
            else:
                continue
            if len(items):
                positive = strengths > 0
                scores[items[positive]] += strengths[positive] / max(strengths.max(), 1e-12)
        return _best(scores, item, limit)

    def bought_together(self, item: int, *, min_persons: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """What at least ``min_persons`` persons bought in one order with ``item``: items and strengths, best first."""
        if self.shelf_facts is not None:
            return self.shelf_facts.bought_together.of(item, min_persons=min_persons, limit=limit)
        for voice in self.blend.voices:
            if isinstance(voice, CoPurchase):
                return voice.bought_together(item, min_persons=min_persons, limit=limit)
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)

    def rehearse(self) -> None:
        """Answer once for a visitor of one event in every situation. Raises whatever a voice that cannot work raises.

        Opening proves that the files are intact; this proves that this machine can run them, the graph above all.
        """
        visitor = Histories.of_one(item=[1], event_type=[VIEW_CODE], time=[0], now=60)
        allowed = np.arange(len(self.item_ids)) > 0
        for situation in self.blend.weights:
            self.blend.rank(visitor, situation, allowed, count=1)

    def trending(self, *, limit: int) -> tuple[Int32Array, FloatArray]:
        """What is wanted lately: items and scores, best first; by the trend whose half-life is nearest to a week."""
        trends = [voice for voice in self.blend.voices if isinstance(voice, Trend)]
        if not trends:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        return _best(min(trends, key=lambda trend: abs(trend.half_life_days - 7)).popularity, 0, limit)


def _best(scores: FloatArray, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
    found = np.flatnonzero(scores > 0)
    found = found[(found != item) & (found != 0)]
    if len(found) > limit:  # sorting all would take longer than everything else
        least = np.partition(scores[found], len(found) - limit)[len(found) - limit]
        found = found[scores[found] >= least]
    order = found[np.argsort(-scores[found], kind="stable")[:limit]]
    return order.astype(np.int32), scores[order]


def write_artifact(
    folder: Path,
    *,
    blend: Blend,
    item_ids: Sequence[str],
    created_at: datetime,
    code_version: str,
    metrics: Mapping[str, Any],
    dataset: Mapping[str, Any],
    shelf_facts: ShelfFacts | None = None,
    content: ItemContent | None = None,
) -> str:
    """Write ``blend`` to the new or empty ``folder`` and return the SHA-256 of its manifest.

    Each file is written under another name, flushed to disk and renamed, the manifest last: a folder with a manifest is
    complete.

    Args:
        metrics: the evaluation table; ``dataset``: what the blend was fitted on. Both JSON-able without NaN.
        content: the catalogue, whose vectors with keys are stored for the next training.

    Raises:
        FileExistsError: the folder holds an artifact; artifacts never change.
        ValueError: something that is not plain data.
    """
    if (folder / MANIFEST).exists():
        raise FileExistsError(f"{folder} holds an artifact already.")
    folder.mkdir(parents=True, exist_ok=True)
    files = {ITEM_IDS: _write_array(folder / ITEM_IDS, np.array(item_ids, dtype=np.str_))}

    def write(name: str, arrays: Arrays) -> dict[str, str]:
        """Files of the part called ``name``, by the keys of its arrays."""
        names = {key: _file_name(name, key) for key in arrays}
        files.update({names[key]: _write_array(folder / names[key], values) for key, values in arrays.items()})
        return names

    recipe: dict[str, Any] = {
        "voices": [
            {"name": voice.name, "kind": kind_of(voice), "arrays": write(voice.name, voice.arrays())}
            for voice in blend.voices
        ],
        "weights": {situation.value: weights.tolist() for situation, weights in blend.weights.items()},
    }
    if blend.facts is not None:
        recipe["facts"] = write("facts", blend.facts.arrays())
        recipe["rankers"] = {
            situation.value: write(f"ranker_{situation.value}", ranker.arrays())
            for situation, ranker in blend.rankers.items()
        }
    parts = {
        part: write(f"shelf_{part}", arrays) for part, arrays in (shelf_facts.parts() if shelf_facts else {}).items()
    }
    encoded = {
        name: write(f"encoded.{name}", {"keys": each.keys, "vectors": each.vectors})
        for name, each in (encoded_vectors(content) if content else {}).items()
    }
    manifest = {
        "format_version": FORMAT_VERSION,
        "code_version": code_version,
        "created_at": created_at.isoformat(),
        "item_count": len(item_ids) - 1,
        "dataset": dict(dataset),
        "metrics": dict(metrics),
        "blend": recipe,
        "encoded": encoded,
        "files": files,
        **({"shelf_facts": parts} if parts else {}),
    }
    written = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False).encode()
    _write_bytes(folder / MANIFEST, written)
    _flush_folder(folder)
    return hashlib.sha256(written).hexdigest()


def encoded_vectors(content: ItemContent) -> dict[str, EncodedVectors]:
    """The vectors of ``content`` that an encoder made, by name."""
    keyed = content.vector_keys.items()
    return {name: EncodedVectors(keys=keys, vectors=content.vectors[name]) for name, keys in keyed}


def open_artifact(folder: Path) -> Artifact:
    """Verify every file of ``folder`` and map it.

    Raises:
        ArtifactRefused: a file is missing, altered, of another format or of another shape than the manifest says.
    """
    manifest = _read_manifest(folder)
    try:
        arrays = {name: _read_array(folder, name, facts) for name, facts in manifest["files"].items()}
        item_ids = arrays[ITEM_IDS]
        if item_ids.dtype.kind != "U" or item_ids.shape != (manifest["item_count"] + 1,):
            raise ArtifactRefused(f"{folder / ITEM_IDS} does not hold the {manifest['item_count']:,} item ids.")
        blend = _read_blend(folder, manifest["blend"], arrays, len(item_ids))
        facts = _read_facts(manifest.get("shelf_facts"), arrays, len(item_ids))
        encoded = {
            name: EncodedVectors(keys=arrays[names["keys"]], vectors=arrays[names["vectors"]])
            for name, names in manifest.get("encoded", {}).items()
        }
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ArtifactRefused(f"{folder / MANIFEST} is not complete: {error!r}.") from error
    return Artifact(manifest=manifest, item_ids=item_ids, blend=blend, shelf_facts=facts, encoded=encoded)


def _file_name(voice: str, key: str) -> str:
    return f"{voice}.{key.removesuffix('_onnx')}.onnx" if key.endswith("_onnx") else f"{voice}.{key}.npy"


def _write_array(path: Path, values: npt.NDArray[np.generic]) -> dict[str, Any]:
    values = np.asarray(values)
    if values.dtype.kind not in _PLAIN_KINDS:
        raise ValueError(
            f"{path.name} would hold values of type {values.dtype}; only plain numbers and text are stored."
        )
    if path.suffix == ".onnx":
        _write_bytes(path, np.ascontiguousarray(values, dtype=np.uint8).tobytes())
    else:
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as target:
            np.lib.format.write_array(target, np.ascontiguousarray(values).reshape(values.shape), allow_pickle=False)
            _flush(target)
        part.replace(path)
    return {
        "sha256": _sha256(path),
        "size": path.stat().st_size,
        "dtype": values.dtype.str,
        "shape": list(values.shape),
    }


def _write_bytes(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as target:
        target.write(content)
        _flush(target)
    part.replace(path)


def _flush(target: Any) -> None:
    target.flush()
    os.fsync(target.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, and renames are durable by themselves
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MANIFEST_LIMIT_BYTES:
            raise ArtifactRefused(f"{path} is larger than {MANIFEST_LIMIT_BYTES:,} bytes.")
        manifest = json.loads(path.read_bytes())
    except OSError as error:
        raise ArtifactRefused(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ArtifactRefused(f"{path} is not JSON: {error}.") from error
    found = manifest.get("format_version") if isinstance(manifest, dict) else None
    if found != FORMAT_VERSION:
        raise ArtifactRefused(f"{path} has format version {found!r}; this code reads version {FORMAT_VERSION}.")
    return dict(manifest)


def _read_array(folder: Path, name: str, facts: Mapping[str, Any]) -> npt.NDArray[Any]:
    path = folder / name
    if not _FILE_NAME.fullmatch(name) or path.is_symlink():
        raise ArtifactRefused(f"{folder / MANIFEST} lists {name!r}, which is not a file name of an artifact.")
    try:
        size, sha256 = path.stat().st_size, _sha256(path)
    except OSError as error:
        raise ArtifactRefused(f"{path} cannot be read: {error.strerror}.") from error
    if size != facts["size"]:
        raise ArtifactRefused(f"{path} has {size:,} bytes; the manifest says {facts['size']:,}.")
    if sha256 != facts["sha256"]:
        raise ArtifactRefused(f"{path} was altered: its SHA-256 is not the one in the manifest.")
    if path.suffix == ".onnx":
        return np.frombuffer(path.read_bytes(), dtype=np.uint8)
    return _map_array(path, facts)


def _map_array(path: Path, facts: Mapping[str, Any]) -> npt.NDArray[Any]:
    try:
        values: npt.NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise ArtifactRefused(f"{path} is not a plain array: {error}.") from error
    if values.dtype.kind not in _PLAIN_KINDS:
        raise ArtifactRefused(f"{path} is not a plain array.")
    if list(values.shape) != facts["shape"] or values.dtype.str != facts["dtype"]:
        raise ArtifactRefused(
            f"{path} holds {values.dtype.str} {list(values.shape)}; "
            f"the manifest says {facts['dtype']} {facts['shape']}."
        )
    return values


def _read_blend(folder: Path, recipe: Mapping[str, Any], arrays: Arrays, size: int) -> Blend:
    """A recipe without facts and rankers is one from before there were any."""
    voices = tuple(_read_voice(folder, facts, arrays, size) for facts in recipe["voices"])
    weights = _read_weights(folder, recipe["weights"], len(voices))

    def part(names: Mapping[str, str]) -> Arrays:
        return {key: arrays[name] for key, name in names.items()}

    if "facts" not in recipe:
        return Blend(voices=voices, weights=weights)
    facts = ItemFacts.from_arrays(part(recipe["facts"]))
    if any(values.shape != (size,) for values in facts.arrays().values()):
        raise ArtifactRefused(f"{folder / MANIFEST}: the facts do not fit the item ids.")
    names = {voice.name for voice in voices}
    rankers = {Situation(situation): Ranker.from_arrays(part(files)) for situation, files in recipe["rankers"].items()}
    for situation, ranker in rankers.items():
        if ranker.calibration.shape != (2,) or not names.issuperset(ranker.voices.tolist()):
            raise ArtifactRefused(f"{folder / MANIFEST}: the ranker of {situation} does not fit the voices.")
    return Blend(voices=voices, weights=weights, rankers=rankers, facts=facts)


def _read_voice(folder: Path, facts: Mapping[str, Any], arrays: Arrays, size: int) -> Recommender:
    kind = VOICE_KINDS.get(facts["kind"])
    if kind is None:
        raise ArtifactRefused(f"{folder / MANIFEST} names a voice of the unknown kind {facts['kind']!r}.")
    voice = kind.from_arrays({key: arrays[name] for key, name in facts["arrays"].items()})
    nobody = Histories.of_one(item=[], event_type=[], time=[], now=0)
    if voice.name != facts["name"] or voice.score(nobody).shape != (1, size):
        raise ArtifactRefused(f"{folder / MANIFEST}: the files of voice {facts['name']!r} do not fit the item ids.")
    return voice


def _read_facts(parts: Mapping[str, Mapping[str, str]] | None, arrays: Arrays, size: int) -> ShelfFacts | None:
    if not parts:
        return None
    named = {part: {key: arrays[name] for key, name in files.items()} for part, files in parts.items()}
    return ShelfFacts.from_parts(named, size=size)


def _read_weights(
    folder: Path, weights: Mapping[str, Any], voice_count: int
) -> dict[Situation, npt.NDArray[np.float64]]:
    read = {situation: np.array(weights[situation.value], dtype=np.float64) for situation in Situation}
    for situation, values in read.items():
        if values.shape != (voice_count,) or not np.isfinite(values).all() or (values < 0).any():
            raise ArtifactRefused(f"{folder / MANIFEST}: the blend weights of {situation} do not fit its voices.")
    return read
