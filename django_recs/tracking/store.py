"""Events into the table: once per event id, and a bad one never takes its neighbours with it."""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import cache, partial
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from django_recs.models import Event, RefusedEvent
from django_recs.signals import events_recorded
from django_recs.tracking.events import NewEvent

logger = logging.getLogger(__name__)

FIELD_NAMES = tuple(item.name for item in fields(NewEvent))
ROWS_PER_STATEMENT = 500
REFUSED_DAYS = 14
"""How long a refused event is kept for inspection."""
_PURGED_BATCHES = 20
_values = attrgetter(*FIELD_NAMES)

UNAVAILABLE = (OperationalError, InterfaceError)
"""The database's trouble, not an event's: the whole batch should be sent again."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An event that cannot be stored, and why."""

    code: str
    detail: str
    body: str
    """What was sent, as ASCII text; `refusal_body` makes it."""
    source: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoreResult:
    """What became of a batch."""

    stored: int
    """Events that are new in the table."""
    duplicate: int
    """Events whose id was in the table, or twice in the batch."""
    refused: int
    """Events that the database would not take; they are kept as `RefusedEvent`."""
    events: tuple[Event, ...] = ()
    """The new rows."""


def store_events(events: Sequence[NewEvent]) -> StoreResult:
    """Store a batch; an event id that is known already is left as it was.

    Raises:
        OperationalError, InterfaceError: the database is unavailable and nothing of the failing statement was stored.
            Sending the same batch again is safe.
    """
    rows: list[Event] = []
    refusals: list[Refusal] = []
    ordered = sorted(events, key=lambda event: event.event_id.int)  # two writers lock rows in the same order
    for start in range(0, len(ordered), ROWS_PER_STATEMENT):
        _insert_or_bisect(ordered[start : start + ROWS_PER_STATEMENT], rows, refusals)
    keep_refused(refusals)
    if rows and events_recorded.has_listeners(Event):
        transaction.on_commit(partial(_announce, rows), using=_database(), robust=True)
    return StoreResult(
        stored=len(rows),
        duplicate=len(events) - len(rows) - len(refusals),
        refused=len(refusals),
        events=tuple(rows),
    )


def keep_refused(refusals: Sequence[Refusal]) -> None:
    """Keep events that could not be stored, for inspection."""
    RefusedEvent.objects.bulk_create(
        [
            RefusedEvent(
                received_at=refusal.received_at,
                source=refusal.source,
                code=refusal.code,
                detail=refusal.detail.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")[:300],
                body=refusal.body[:2_000],
            )
            for refusal in refusals
        ]
    )


def purge_refused() -> int:
    """Delete refused events older than `REFUSED_DAYS`, the oldest first, and return how many.

    A call deletes at most 20 batches of 500 rows, so that it ends soon; the next call goes on.
    """
    refused = RefusedEvent.objects.using(router.db_for_write(RefusedEvent))
    old = refused.filter(received_at__lt=timezone.now() - timedelta(days=REFUSED_DAYS)).order_by("received_at")
    deleted = 0
    for _ in range(_PURGED_BATCHES):
        pks = list(old.values_list("pk", flat=True)[:ROWS_PER_STATEMENT])
        deleted += refused.filter(pk__in=pks).delete()[0]
        if len(pks) < ROWS_PER_STATEMENT:
            break
    return deleted


def refusal_body(raw: object) -> str:
    """What was sent as ASCII JSON that every database can hold, at most 2,000 characters."""
    try:
        return json.dumps(raw, default=str)[:2_000]
    except (RecursionError, ValueError, TypeError):
        return "(nested too deeply to be written down)"


def _database() -> str:
    return router.db_for_write(Event)


def _announce(rows: list[Event]) -> None:
    for receiver, error in events_recorded.send_robust(sender=Event, events=rows):
        if isinstance(error, Exception):
            logger.error("A receiver of events_recorded failed: %r", receiver, exc_info=error)


def _insert_or_bisect(events: Sequence[NewEvent], rows: list[Event], refusals: list[Refusal]) -> None:
    """Append to ``rows`` and ``refusals``. k bad events among n cost at most 2 k log2(n) + 1 statements."""
    try:
        with transaction.atomic(using=_database()):
            rows.extend(_insert(events))
    except UNAVAILABLE:
        raise
    except (DatabaseError, ValueError, OverflowError, ArithmeticError) as error:
        if len(events) > 1:
            middle = len(events) // 2
            _insert_or_bisect(events[:middle], rows, refusals)
            _insert_or_bisect(events[middle:], rows, refusals)
        else:
            refusals.append(_database_refusal(events[0], error))


def _database_refusal(event: NewEvent, error: Exception) -> Refusal:
    return Refusal(
        code="database_refused",
        detail=f"{type(error).__name__}: {error}",
        body=refusal_body({name: value for name, value in asdict(event).items() if value not in ("", None)}),
        source=event.source[:10],
        received_at=timezone.now(),
    )


def _insert(events: Sequence[NewEvent]) -> list[Event]:
    """The rows of ``events`` that were not in the table before."""
    connection = connections[_database()]
    if connection.vendor not in ("postgresql", "sqlite"):
        return _insert_portably(events)
    inserted: dict[uuid.UUID, int] = {}
    size = min(len(events), (connection.features.max_query_params or 60_000) // len(FIELD_NAMES))
    with connection.cursor() as cursor:
        for start in range(0, len(events), size):
            part = events[start : start + size]
            cursor.execute(
                insert_sql(connection, len(part)), [value for event in part for value in as_row(event, connection)]
            )
            inserted.update((uuid.UUID(str(event_id)), pk) for pk, event_id in cursor.fetchall())
    return [_as_model(event, inserted.pop(event.event_id)) for event in events if event.event_id in inserted]


def _insert_portably(events: Sequence[NewEvent]) -> list[Event]:
    """Without RETURNING beside ON CONFLICT: two writers of one event at the same moment may both count it as new."""
    first = {event.event_id: event for event in reversed(events)}
    known = set(Event.objects.using(_database()).filter(event_id__in=first).values_list("event_id", flat=True))
    rows = [_as_model(event, None) for event_id, event in first.items() if event_id not in known]
    return Event.objects.using(_database()).bulk_create(rows, ignore_conflicts=True)


def insert_sql(connection: BaseDatabaseWrapper, row_count: int, *, returning: bool = True) -> str:
    """INSERT of ``row_count`` rows that skips known event ids and returns ``(id, event_id)`` of the new ones.

    Unlike SQLite's INSERT OR IGNORE, which Django's ``ignore_conflicts`` uses, it skips nothing else: a row that breaks
    another rule is an error and not silently lost.
    """
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in FIELD_NAMES)
    row = f"({', '.join(['%s'] * len(FIELD_NAMES))})"
    return (
        f"INSERT INTO {quote(Event._meta.db_table)} ({names}) VALUES {', '.join([row] * row_count)} "  # noqa: S608 names are ours
        f"ON CONFLICT (event_id) DO NOTHING{' RETURNING id, event_id' if returning else ''}"
    )


def as_row(event: NewEvent, connection: BaseDatabaseWrapper) -> list[Any]:
    """The values of ``FIELD_NAMES`` as the database's driver wants them."""
    row = list(_values(event))
    for place, column in _converted_columns():
        if row[place] is not None:
            row[place] = column.get_db_prep_save(row[place], connection)
    return row


@cache
def _converted_columns() -> "tuple[tuple[int, models.Field[Any, Any]], ...]":
    """The columns whose values no driver takes as they are; asking Django for all 22 costs five times as much."""
    kinds = (models.UUIDField, models.DateTimeField, models.DecimalField)
    columns = ((place, Event._meta.get_field(name)) for place, name in enumerate(FIELD_NAMES))
    return tuple((place, column) for place, column in columns if isinstance(column, kinds))


def _as_model(event: NewEvent, pk: int | None) -> Event:
    return Event(pk=pk, **{name: getattr(event, name) for name in FIELD_NAMES})
