"""CSV, JSONL and Parquet as one stream of numbered rows; memory does not grow with the file."""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from django_recs.exceptions import RecsError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".parquet")
PARQUET_BATCH_ROWS = 5_000
SAMPLED_OBJECTS = 1_000
"""So many lines of a JSONL file tell which keys its objects have."""


class FileProblem(RecsError):
    """The file cannot be read on; what was read before it is stored."""


class Row(NamedTuple):
    """One line of a file, with its cells in the order of `SourceFile.columns`, or by key in JSONL."""

    number: int
    """Line of the file, 1 being the first, also where that is the header; the row's number in Parquet."""
    cells: Sequence[Any] | Mapping[str, Any]
    problem: str = ""
    """Why the line is no row at all; its cells then hold what was found."""


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """An open file. Use it as a context manager and read `rows` once."""

    path: Path
    columns: tuple[str, ...]
    """In JSONL the keys of the first `SAMPLED_OBJECTS` lines; a later line may have others."""
    rows: Iterator[Row]
    total: int
    """Size in the units of `position`."""
    position: Callable[[], int]
    """How far the file is read."""
    unit: str
    """``B`` for bytes or ``row``."""
    opened: ExitStack = field(repr=False)

    def __enter__(self) -> "SourceFile":
        return self

    def __exit__(self, *exc: object) -> None:
        self.opened.close()


def open_source(path: Path, *, encoding: str = "utf-8", delimiter: str = "") -> SourceFile:
    """Open a file of one of `SUFFIXES` and read its columns.

    Args:
        delimiter: of the cells of a CSV file; a tab in ``.tsv`` files and a comma elsewhere when empty.

    Raises:
        FileProblem: the file is missing, empty, of an unknown kind, or not what its name says.
    """
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise FileProblem(f"{path} has an unknown suffix; known are {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise FileProblem(f"{path} is no file.")
    if name.endswith(".parquet"):
        return _open_parquet(path)
    with ExitStack() as opened:
        raw = opened.enter_context(path.open("rb"))
        binary: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if name.endswith(".gz") else raw
        lines = _decoded(binary, encoding, path)
        if ".jsonl" in name:
            columns, rows = _read_jsonl(lines, path)
        else:
            columns, rows = _read_csv(lines, path, delimiter or ("\t" if ".tsv" in name else ","))
        return SourceFile(
            path=path,
            columns=columns,
            rows=rows,
            total=path.stat().st_size,
            position=raw.tell,
            unit="B",
            opened=opened.pop_all(),
        )


def _decoded(binary: IO[bytes], encoding: str, path: Path) -> Iterator[str]:
    """Lines as text. Raises `FileProblem` when the file is damaged or not in that encoding."""
    try:
        newline = "\n".encode(encoding)
    except LookupError:
        raise FileProblem(f"{encoding!r} is no encoding that Python knows.") from None
    try:
        if newline == b"\n":
            yield from _decoded_lines(binary, encoding, path)
        else:
            yield from _decoded_text(binary, encoding)
    except UnicodeError as error:
        raise FileProblem(f"{path} is not {encoding}: {error}.") from None
    except (EOFError, OSError, zlib.error) as error:
        raise FileProblem(f"{path} is damaged: {error}.") from None


def _decoded_text(binary: IO[bytes], encoding: str) -> Iterator[str]:
    """Lines of an encoding of several bytes a character."""
    text = io.TextIOWrapper(binary, encoding=encoding, newline="")
    try:
        yield from text
    finally:
        with suppress(ValueError):  # the file is closed already
            text.detach()  # or it would close the file whenever it is collected


def _decoded_lines(binary: IO[bytes], encoding: str, path: Path) -> Iterator[str]:
    """Lines of an encoding that knows the byte of a line's end. Raises `FileProblem` with the line and the byte."""
    decode = codecs.lookup(encoding).decode
    for number, line in enumerate(binary, start=1):
        try:
            yield decode(line)[0]
        except UnicodeDecodeError as error:
            raise FileProblem(
                f"{path} is not {encoding}: byte 0x{line[error.start]:02x} at place {error.start + 1:,} of line "
                f"{number:,}. Name the file's encoding, such as --encoding latin-1."
            ) from None


def _read_csv(lines: Iterator[str], path: Path, delimiter: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    reader = csv.reader(lines, delimiter=delimiter)
    header = next(_csv_rows(reader, path), None)
    if header is None:
        raise FileProblem(f"{path} is empty.")
    columns = tuple(name.strip().lstrip("\ufeff") for name in header[1])
    return columns, _checked_csv_rows(reader, path, len(columns))


def _csv_rows(reader: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise FileProblem(f"{path} is no CSV file from line {reader.line_num:,} on: {error}.") from None


def _checked_csv_rows(reader: Any, path: Path, width: int) -> Iterator[Row]:
    for number, cells in _csv_rows(reader, path):
        if len(cells) == width:
            yield Row(number, cells)
        elif cells:
            yield Row(number, cells, f"{len(cells)} cells where the header has {width}.")


def _read_jsonl(lines: Iterator[str], path: Path) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The columns are the keys of the first lines, because an object leaves out what it has no value for."""
    rows = _json_rows(lines)
    sample = list(islice(rows, SAMPLED_OBJECTS))
    if not sample:
        raise FileProblem(f"{path} is empty.")
    if problem := sample[0].problem:
        raise FileProblem(f"{path} is no JSONL file: line {sample[0].number}: {problem}")
    columns = tuple(dict.fromkeys(key for row in sample if not row.problem for key in row.cells))
    return columns, chain(sample, rows)


def _json_rows(lines: Iterator[str]) -> Iterator[Row]:
    for number, values, problem in _json_objects(lines):
        yield Row(number, [values], problem) if problem else Row(number, values)


def _json_objects(lines: Iterator[str]) -> Iterator[tuple[int, Any, str]]:
    """``(line, object, "")``, or ``(line, text, problem)`` of a line that is no JSON object."""
    for number, line in enumerate(lines, start=1):
        text = line.strip().lstrip("\ufeff")
        if not text:
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield number, text[:500], f"no JSON: {error}"
            continue
        yield (number, values, "") if isinstance(values, dict) else (number, text[:500], "no JSON object.")


def _open_parquet(path: Path) -> SourceFile:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise FileProblem("Parquet files need pyarrow: pip install 'django-recs[parquet]'.") from None
    try:
        table = parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise FileProblem(f"{path} is no Parquet file: {error}.") from None
    opened = ExitStack()
    opened.callback(table.close)
    progress = [0]
    return SourceFile(
        path=path,
        columns=tuple(table.schema_arrow.names),
        rows=_parquet_rows(table, progress),
        total=table.metadata.num_rows,
        position=lambda: progress[0],
        unit="row",
        opened=opened,
    )


def _parquet_rows(table: Any, progress: list[int]) -> Iterator[Row]:
    for batch in table.iter_batches(batch_size=PARQUET_BATCH_ROWS):
        for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            progress[0] += 1
            yield Row(progress[0], cells)
