"""Dataclasses as files: arrays in numpy's own format, everything else as JSON. No pickle, and no class but known ones.

A file is written under another name, flushed to disk and renamed, so whatever has its name is complete.
"""

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, TypeVar, cast
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from django_recs.engine.circumstances import Circumstances
from django_recs.engine.context import ContextScale
from django_recs.engine.local_time import LocalTime

Record = TypeVar("Record")

NESTED: tuple[type, ...] = (Circumstances, LocalTime, ContextScale)
"""Records that a field of a record may hold; a file names them by their number here."""
_FIELD = re.compile(r"(\w+)(?:([./])(.*))?")


def write_record(target: Path | IO[bytes], record: object) -> None:
    """Store a dataclass of arrays, bytes, mappings of arrays and plain values."""
    if not isinstance(target, Path):
        np.savez(target, allow_pickle=False, **dict(packed(record)))
        return
    part = target.with_name(f"{target.name}.part")
    with part.open("wb") as file:
        write_record(file, record)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    sync_folder(target.parent)


def read_record(file: Path | IO[bytes], kind: type[Record]) -> Record:
    """The dataclass that `write_record` stored; lists come back as tuples.

    Raises:
        ValueError: the file is not such a record.
        OSError: it cannot be read.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            return kind(**_unpacked({name: stored[name] for name in stored.files}))
    except (ValueError, TypeError, AttributeError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{file} does not hold a {kind.__name__}: {error}.") from error


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder`` to disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def packed(record: object, *, without: Collection[str] = ()) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Arrays by name: ``field``, ``field/key`` for one of a mapping, ``field.name`` for one of a record in the record.

    Args:
        without: fields that are left out.
    """
    for field in fields(cast(Any, record)):
        name, value = field.name, getattr(record, field.name)
        if name in without:
            continue
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, bytes):
            yield name, np.array(np.void(value))
        elif isinstance(value, NESTED):
            yield f"{name}.", np.array(json.dumps(NESTED.index(type(value))))
            yield from ((f"{name}.{inner}", each) for inner, each in packed(value))
        elif isinstance(value, Mapping) and value and all(isinstance(each, np.ndarray) for each in value.values()):
            yield from ((f"{name}/{key}", each) for key, each in value.items())
        else:
            yield name, np.array(json.dumps(value))


def _unpacked(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Values by field."""
    values: dict[str, Any] = {}
    nested: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for name, array in arrays.items():
        field, mark, rest = _FIELD.fullmatch(name).groups()  # type: ignore[union-attr]
        if mark == ".":
            nested.setdefault(field, {})[rest] = array
        elif mark == "/":
            values.setdefault(field, {})[rest] = array
        else:
            values[field] = _value(array)
    for field, parts in nested.items():
        kind = NESTED[_value(parts.pop(""))]
        values[field] = kind(**_unpacked(parts))
    return values


def _value(array: npt.NDArray[Any]) -> Any:
    if array.ndim == 0 and array.dtype.kind == "U":
        return _with_tuples(json.loads(str(array)))
    if array.ndim == 0 and array.dtype.kind == "V":
        return array.tobytes()
    return array


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(each) for key, each in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
