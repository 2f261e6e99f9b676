"""Many events at once, by the fastest road each database has. Counts them, and does not say which were new."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_recs.models import Event
from django_recs.tracking.events import NewEvent
from django_recs.tracking.store import FIELD_NAMES, UNAVAILABLE, StoreResult, as_row, insert_sql, store_events

_STAGE = "django_recs_incoming"
_values = attrgetter(*FIELD_NAMES)


def store_many(events: Sequence[NewEvent]) -> StoreResult:
    """Like `store_events`, several times as fast: without the new rows, and without the signal.

    A batch that the database refuses is stored again by `store_events`, which isolates what is to blame.

    Raises:
        OperationalError, InterfaceError: the database is unavailable.
    """
    connection = connections[router.db_for_write(Event)]
    if not events or not (write := _writer(connection)):
        return store_events(events)
    try:
        with transaction.atomic(using=connection.alias):
            stored = write(connection, events)
    except UNAVAILABLE:
        raise
    except (DatabaseError, ValueError, OverflowError):
        return store_events(events)
    return StoreResult(stored=stored, duplicate=len(events) - stored, refused=0)


def _writer(connection: BaseDatabaseWrapper) -> Callable[[BaseDatabaseWrapper, Sequence[NewEvent]], int] | None:
    if connection.vendor == "sqlite":
        return _write_sqlite
    if connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        return _write_postgresql if is_psycopg3 else None
    return None


def _write_sqlite(connection: BaseDatabaseWrapper, events: Sequence[NewEvent]) -> int:
    """One prepared statement for all rows."""
    with connection.cursor() as cursor:
        cursor.executemany(insert_sql(connection, 1, returning=False), [as_row(event, connection) for event in events])
        return int(cursor.rowcount)


def _write_postgresql(connection: BaseDatabaseWrapper, events: Sequence[NewEvent]) -> int:
    """COPY into a temporary table, and from there what is new."""
    quote = connection.ops.quote_name
    table, names = quote(Event._meta.db_table), ", ".join(quote(name) for name in FIELD_NAMES)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {_STAGE} AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608 names are ours
        driver: Any = cursor  # psycopg's own cursor.copy, which Django's wrapper passes on
        with connection.wrap_database_errors, driver.copy(f"COPY {_STAGE} ({names}) FROM STDIN") as writer:
            for event in events:
                writer.write_row(_values(event))
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {_STAGE} ON CONFLICT (event_id) DO NOTHING"  # noqa: S608
        )
        stored = int(cursor.rowcount)
        cursor.execute(f"DROP TABLE {_STAGE}")
    return stored
