"""What a visitor did lately, in one query."""

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connections, router
from django.db.models import Q, QuerySet

from django_recs.engine.events import EventType
from django_recs.models import Event, Purpose, Visitor
from django_recs.models.event import EventQuerySet
from django_recs.tracking.visitors import VisitorIdentity

_NOT_HISTORY = (EventType.VIEW_ITEM_LIST, EventType.SEARCH, EventType.BEGIN_CHECKOUT)
_CUSTOMER, _VISITOR = "<customer>", "<visitor>"
"""Stand in the prepared statement for the person who asks."""


class HistoryRow(NamedTuple):
    """One event of a visitor's history."""

    item_id: str
    type: str
    occurred_at: datetime
    device: str = ""
    country: str = ""


def recent_events(identity: VisitorIdentity, limit: int) -> list[HistoryRow]:
    """The newest ``limit`` events about an item, newest first; impressions are not among them.

    Empty without consent to personalisation, and without the events that were recorded before that consent. One query,
    kept in ``identity`` and so for one request.
    """
    if not identity.purposes & Purpose.PERSONALISATION or not identity.is_known:
        return []
    if limit not in identity.recent:
        identity.recent[limit] = _read(identity, limit)
    rows: list[HistoryRow] = identity.recent[limit]
    return rows


def _read(identity: VisitorIdentity, limit: int) -> list[HistoryRow]:
    alias = router.db_for_read(Event)
    person = {_CUSTOMER: identity.customer_id, _VISITOR: identity.visitor_id}
    sql, params = _statement(alias, limit, is_customer=bool(identity.customer_id))
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, [person.get(param, param) for param in params])
        rows = cursor.fetchall()
    zone = connections[alias].timezone
    return [
        HistoryRow(item_id, type_, _moment(occurred_at, zone), device, country)
        for item_id, type_, occurred_at, device, country, _ in rows
    ]


@lru_cache(maxsize=32)
def _statement(alias: str, limit: int, *, is_customer: bool) -> tuple[str, tuple[Any, ...]]:
    """The query as Django compiles it, once per process: compiling takes several times as long as running it."""
    identity = VisitorIdentity(customer_id=_CUSTOMER if is_customer else "", visitor_id=_VISITOR)
    sql, params = _newest(identity, limit).using(alias).query.get_compiler(alias).as_sql()
    return sql, tuple(params)


def _moment(stored: datetime | str, zone: tzinfo | None) -> datetime:
    """What the ORM would make of it: SQLite has text, MySQL naive times, both in the connection's time zone."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _newest(identity: VisitorIdentity, limit: int) -> QuerySet[Event, tuple[Any, ...]]:
    wanted = ~Q(type__in=_NOT_HISTORY)
    return events_of(identity, Purpose.PERSONALISATION, wanted, *HistoryRow._fields, limit=limit)


def events_of(
    identity: VisitorIdentity, purpose: Purpose, wanted: Q, *columns: str, limit: int | None = None
) -> QuerySet[Event, tuple[Any, ...]]:
    """``columns`` of the events of one known person, newest first, as far as they allowed all of ``purpose``.

    A customer's own events and those of the visitors merged into them come as a UNION: an OR over both would use
    neither index. ``columns`` must hold ``occurred_at``; the primary key follows them. With a ``limit`` each arm reads
    its newest rows and no more, so that the cost does not grow with the customer.
    """

    def rows(**person: Any) -> EventQuerySet:
        return Event.objects.filter(wanted, **person).consented(purpose)

    if not identity.customer_id:
        return _newest_first(rows(visitor_id=identity.visitor_id, customer_id=""), limit).values_list(*columns, "pk")
    merged = Visitor.objects.filter(customer_id=identity.customer_id).values("visitor_id")
    arms = (rows(customer_id=identity.customer_id), rows(visitor_id__in=merged, customer_id=""))
    own, guests = ((_arm(arm, limit) if limit else arm).values_list(*columns, "pk") for arm in arms)
    return own.union(guests, all=True).order_by("-occurred_at", "-pk")[:limit]


def _newest_first(events: EventQuerySet, limit: int | None) -> EventQuerySet:
    return events.order_by("-occurred_at", "-pk")[:limit]


def _arm(events: EventQuerySet, limit: int) -> EventQuerySet:
    """The newest rows as one arm of a UNION; SQLite orders and limits an arm in a subquery only."""
    newest = _newest_first(events, limit)
    if connections[router.db_for_read(Event)].features.supports_slicing_ordering_in_compound:
        return newest
    return Event.objects.filter(pk__in=newest.values("pk"))
