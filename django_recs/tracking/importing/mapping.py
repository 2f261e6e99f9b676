"""Which column holds what, and how a row becomes a `NewEvent`."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from django_recs.exceptions import EventRefused
from django_recs.tracking.events import (
    NewEvent,
    as_integer,
    as_number,
    as_price,
    derived_event_id,
    server_event_id,
)
from django_recs.tracking.importing.files import FileProblem, Row
from django_recs.tracking.importing.values import is_missing, text, time_reader
from django_recs.tracking.items import canonical_item_id

FIELDS = (
    "event_id",
    "type",
    "item_id",
    "customer_id",
    "visitor_id",
    "occurred_at",
    "quantity",
    "price",
    "currency",
    "order_id",
    "rating",
    "device",
    "country",
)
"""What a file can say of an event; a column of the same name is found without a mapping."""

_REMEMBERED_ROWS = 25_000
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Cells = dict[str, Any]
"""Field -> cell of one row; fields without a value are left out."""


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """How to read a file."""

    purposes: int
    """What the people in the file allowed, stored with each of their events."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> column, for columns that are not named like the field."""
    default_type: str = "purchase"
    """Event type of rows without one."""
    zone: tzinfo = UTC
    """Of times that name none."""
    time_format: str = ""
    adjust: Callable[[Cells], None] | None = None
    """Changes a row's cells before they are read, for the ways of a known data set."""
    keep_identical: bool = True
    """Whether rows that say exactly the same are events of their own."""
    keep_anonymous: bool = True
    """Whether purchases and refunds of nobody are stored."""


class RowReader:
    """Makes events of one file's rows.

    Rows that say exactly the same are told apart by counting them, so that reading the file again gives the same ids.
    The count looks back over at least the last 25,000 different rows and no further, so that memory stays flat.

    Raises:
        FileProblem: a column that the plan or an event needs is not in the file.
    """

    def __init__(self, plan: ImportPlan, columns: Sequence[str], *, received_at: datetime) -> None:
        self.plan = plan
        self._received_at = received_at
        self._places = _find_columns(plan, columns)
        self._keys = tuple((name, plan.columns.get(name, name)) for name in FIELDS)
        self._read_time = time_reader(plan.zone, plan.time_format)
        self._counts: dict[uuid.UUID, int] = {}
        self._older_counts: dict[uuid.UUID, int] = {}

    def event(self, row: Row) -> NewEvent:
        """The event of a row. Raises `EventRefused`."""
        if row.problem:
            raise EventRefused("bad_row", row.problem)
        cells = self._cells(row.cells)
        if self.plan.adjust:
            self.plan.adjust(cells)
        return self._event(cells)

    def _cells(self, given: Sequence[Any] | Mapping[str, Any]) -> Cells:
        if isinstance(given, Mapping):
            return {name: given[key] for name, key in self._keys if not is_missing(given.get(key))}
        return {name: given[place] for name, place in self._places if not is_missing(given[place])}

    def _event(self, cells: Cells) -> NewEvent:
        event_type = cells.get("type", self.plan.default_type)
        customer_id = text(cells.get("customer_id", ""))
        visitor_id = text(cells.get("visitor_id", ""))
        is_known = bool(customer_id or visitor_id)
        if not is_known and (not self.plan.keep_anonymous or event_type not in ("purchase", "refund")):
            raise EventRefused("missing_person", "neither customer_id nor visitor_id is given.")
        values: dict[str, Any] = {
            "type": event_type,
            "item_id": canonical_item_id(text(cells.get("item_id", ""))),
            "customer_id": customer_id,
            "visitor_id": visitor_id,
            "occurred_at": self._time(cells),
            "quantity": as_integer("quantity", cells.get("quantity", 1)),
            "price": as_price(cells["price"]) if "price" in cells else None,
            "rating": as_number("rating", cells["rating"]) if "rating" in cells else None,
            "order_id": text(cells.get("order_id", "")),
        }
        return NewEvent(
            **values,
            event_id=server_event_id(text(cells["event_id"])) if "event_id" in cells else self._derived_id(values),
            currency=text(cells.get("currency", "")).upper(),
            device=text(cells.get("device", "")),
            country=text(cells.get("country", "")).upper(),
            received_at=self._received_at,
            purposes=self.plan.purposes if is_known else 0,
            source="import",
        )

    def _time(self, cells: Cells) -> datetime:
        if "occurred_at" not in cells:
            raise EventRefused("missing_time", "the row says no time.")
        occurred_at = self._read_time(cells["occurred_at"])
        if not _EARLIEST <= occurred_at <= self._received_at:
            raise EventRefused("bad_time", f"{occurred_at:%Y-%m-%d %H:%M} is before 1970 or in the future.")
        return occurred_at

    def _derived_id(self, values: Mapping[str, Any]) -> uuid.UUID:
        event_id = derived_event_id(("row", *map(str, values.values())))
        if not self.plan.keep_identical:
            return event_id
        count = self._counts.get(event_id) or self._older_counts.get(event_id, 0)
        self._counts[event_id] = count + 1
        if len(self._counts) >= _REMEMBERED_ROWS:
            self._counts, self._older_counts = {}, self._counts
        return derived_event_id((event_id.hex, str(count))) if count else event_id


def _find_columns(plan: ImportPlan, columns: Sequence[str]) -> tuple[tuple[str, int], ...]:
    wanted = {name: plan.columns.get(name, name) for name in FIELDS}
    missing = [column for column in plan.columns.values() if column not in columns]
    missing += [name for name in ("item_id", "occurred_at") if wanted[name] not in columns and name not in plan.columns]
    if not {wanted["customer_id"], wanted["visitor_id"]} & set(columns):
        missing.append("customer_id or visitor_id")
    if missing:
        raise FileProblem(
            f"Missing columns: {', '.join(missing)}. Found: {', '.join(columns)}. "
            f"Say which column holds what, such as --map item_id={columns[0] if columns else 'COLUMN'}."
        )
    return tuple((name, columns.index(column)) for name, column in wanted.items() if column in columns)
