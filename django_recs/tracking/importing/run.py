"""One import: rows become events, events go in by batches, what is refused goes to a file."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.utils import timezone

from django_recs.exceptions import EventRefused
from django_recs.tracking.bulk import store_many
from django_recs.tracking.events import NewEvent
from django_recs.tracking.importing.files import Row, SourceFile
from django_recs.tracking.importing.mapping import ImportPlan, RowReader

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(kw_only=True)
class ImportSummary:
    """What became of the rows of a file, so far."""

    read: int = 0
    stored: int = 0
    """New events; with ``dry_run`` those that could be stored."""
    known: int = 0
    """Rows whose event is in the table already."""
    refused: Counter[str] = field(default_factory=Counter)
    """Refused rows by code."""
    seconds: float = 0.0


def import_events(
    source: SourceFile,
    plan: ImportPlan,
    *,
    refused_path: Path,
    batch_size: int = 5_000,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda position: None,
) -> ImportSummary:
    """Store the events of ``source``; each batch is durable when the next one starts.

    Args:
        refused_path: CSV file for refused rows, written only when there are any.
        batch_size: rows written together; memory grows with it and with nothing else.
        on_progress: called with ``source.position()`` after each batch.

    Raises:
        FileProblem: columns are missing, or the file cannot be read on; earlier batches are stored.
        django.db.Error: the database is unavailable; earlier batches are stored, and running again is safe.
    """
    summary = ImportSummary()
    started = time.monotonic()
    reader = RowReader(plan, source.columns, received_at=timezone.now())
    with _RefusedRows(refused_path) as refused_rows:
        batch: list[NewEvent] = []
        for row in source.rows:
            summary.read += 1
            try:
                batch.append(reader.event(row))
            except EventRefused as refused:
                summary.refused[refused.code] += 1
                refused_rows.add(row, refused)
            if len(batch) >= batch_size:
                _write(batch, summary, dry_run)
                batch = []
                on_progress(source.position())
        _write(batch, summary, dry_run)
    on_progress(source.total)
    summary.seconds = time.monotonic() - started
    return summary


def _write(batch: Sequence[NewEvent], summary: ImportSummary, dry_run: bool) -> None:
    if dry_run:
        summary.stored += len(batch)
        return
    result = store_many(batch)
    summary.stored += result.stored
    summary.known += result.duplicate
    if result.refused:
        summary.refused["database_refused"] += result.refused


class _RefusedRows:
    """A CSV file of line, code, detail and the row's cells, made when the first row is refused."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._opened = ExitStack()

    def __enter__(self) -> "_RefusedRows":
        return self

    def __exit__(self, *exc: object) -> None:
        self._opened.close()

    def add(self, row: Row, refused: EventRefused) -> None:
        if self._writer is None:
            file: IO[str] = self._opened.enter_context(
                self._path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            )
            self._writer = csv.writer(file)
            self._writer.writerow(("line", "code", "detail", "row"))
        given = row.cells.values() if isinstance(row.cells, Mapping) else row.cells
        cells = " | ".join(_short(cell) for cell in given)
        self._writer.writerow((row.number, refused.code, refused.detail, _harmless(cells)))


def _short(cell: Any) -> str:
    return "" if cell is None else str(cell)[:200]


def _harmless(cells: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{cells}" if cells.startswith(_FORMULA_STARTS) else cells
