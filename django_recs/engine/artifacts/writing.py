"""From a fitted blend to a new folder, the manifest last."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from django_recs.engine.artifacts.artifact import encoded_vectors
from django_recs.engine.artifacts.layout import (
    FORMAT_VERSION,
    ITEM_IDS,
    MANIFEST,
    PLAIN_KINDS,
    file_name,
    sha256_of,
)
from django_recs.engine.blend import Blend
from django_recs.engine.interactions import ItemContent
from django_recs.engine.recommender import Arrays
from django_recs.engine.shelves.facts import ShelfFacts
from django_recs.engine.voices import kind_of


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
        names = {key: file_name(name, key) for key in arrays}
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


def _write_array(path: Path, values: npt.NDArray[np.generic]) -> dict[str, Any]:
    values = np.asarray(values)
    if values.dtype.kind not in PLAIN_KINDS:
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
        "sha256": sha256_of(path),
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
