"""What a visitor did lately, in one query."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from django_recs.engine.events import EventType
from django_recs.models import Event, Purpose, Visitor
from django_recs.tracking.visitors import VisitorIdentity

_NOT_HISTORY = (EventType.VIEW_ITEM_LIST, EventType.SEARCH, EventType.BEGIN_CHECKOUT)


class HistoryRow(NamedTuple):
    """One event of a visitor's history."""

    item_id: str
    type: str
    occurred_at: datetime


def recent_events(identity: VisitorIdentity, limit: int) -> list[HistoryRow]:
    """The newest ``limit`` events about an item, newest first; impressions are not among them.

    Empty without consent to personalisation, and without the events that were recorded before that consent. One query,
    kept in ``identity`` and so for one request.
    """
    if not identity.purposes & Purpose.PERSONALISATION or not identity.is_known:
        return []
    if limit not in identity.recent:
        identity.recent[limit] = [HistoryRow(*row[1:]) for row in _newest(identity)[:limit]]
    rows: list[HistoryRow] = identity.recent[limit]
    return rows


def _newest(identity: VisitorIdentity) -> QuerySet[Event, tuple[Any, ...]]:
    """Events by customer and by merged visitors as a UNION: an OR over both would not use either index."""
    if not identity.customer_id:
        return _rows(visitor_id=identity.visitor_id, customer_id="").order_by("-occurred_at", "-pk")
    merged = Visitor.objects.filter(customer_id=identity.customer_id).values("visitor_id")
    own = _rows(customer_id=identity.customer_id)
    return own.union(_rows(visitor_id__in=merged, customer_id=""), all=True).order_by("-occurred_at", "-pk")


def _rows(**person: Any) -> QuerySet[Event, tuple[Any, ...]]:
    events = Event.objects.filter(**person).exclude(type__in=_NOT_HISTORY).consented(Purpose.PERSONALISATION)
    return events.values_list("pk", "item_id", "type", "occurred_at")
