"""Cells of a file as the values of an event. A cell is text, or what JSON or Parquet made of it."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django_recs.exceptions import EventRefused

MISSING = frozenset({"", "nan", "NaN", "NULL", "null", "None", "<NA>", "NaT"})
"""What programs write where there is no value."""

_MILLISECONDS_FROM = 100_000_000_000
"""A larger number is read as milliseconds since 1970, a smaller one as seconds."""


def is_missing(cell: Any) -> bool:
    """Whether a cell stands for no value."""
    if cell is None:
        return True
    if isinstance(cell, str):
        return cell in MISSING
    return isinstance(cell, (float, Decimal)) and math.isnan(cell)


def text(cell: Any) -> str:
    """An id as text; 17850.0 in a number column is 17850."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def time_reader(zone: tzinfo, time_format: str = "") -> Callable[[Any], datetime]:
    """A function from a cell to a moment.

    Args:
        zone: of times that name none.
        time_format: as of `datetime.strptime`; ISO 8601 and seconds or milliseconds since 1970 when empty.
    """

    @lru_cache(maxsize=4_096)
    def from_text(cell: str) -> datetime:
        try:
            parsed = _parse(cell, time_format)
        except (ValueError, OverflowError, OSError):
            wanted = f"of the form {time_format}" if time_format else "ISO 8601 or seconds since 1970"
            raise EventRefused("bad_time", f"{cell[:40]!r} is not {wanted}.") from None
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=zone).astimezone(UTC)

    def read(cell: Any) -> datetime:
        if isinstance(cell, datetime):
            return cell.astimezone(UTC) if cell.tzinfo else cell.replace(tzinfo=zone).astimezone(UTC)
        if isinstance(cell, date):
            return datetime.combine(cell, time(), tzinfo=zone).astimezone(UTC)
        return from_text(text(cell))

    return read


def _parse(cell: str, time_format: str) -> datetime:
    """Naive where the cell names no zone."""
    if time_format:
        return datetime.strptime(cell, time_format)  # noqa: DTZ007 the caller adds the zone
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        seconds = float(cell)
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds, tz=UTC)
