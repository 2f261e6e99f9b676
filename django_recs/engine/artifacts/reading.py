"""From a folder to an artifact: every file is verified before it is used."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from django_recs.engine.artifacts.artifact import Artifact, EncodedVectors
from django_recs.engine.artifacts.layout import (
    FILE_NAME,
    FORMAT_VERSION,
    ITEM_IDS,
    MANIFEST,
    MANIFEST_LIMIT_BYTES,
    PLAIN_KINDS,
    ArtifactRefused,
    sha256_of,
)
from django_recs.engine.blend import Blend
from django_recs.engine.interactions import Histories
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.recommender import Arrays, Recommender
from django_recs.engine.shelves.facts import ShelfFacts
from django_recs.engine.situations import Situation
from django_recs.engine.voices import VOICE_KINDS


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
    if not FILE_NAME.fullmatch(name) or path.is_symlink():
        raise ArtifactRefused(f"{folder / MANIFEST} lists {name!r}, which is not a file name of an artifact.")
    try:
        size, sha256 = path.stat().st_size, sha256_of(path)
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
    if values.dtype.kind not in PLAIN_KINDS:
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
