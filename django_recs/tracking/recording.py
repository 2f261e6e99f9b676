"""Events that the shop's own code records: `track` and `track_order`.

Both write at once, inside whatever transaction is open: an order that is rolled back leaves no event. Neither raises
into the shop: what cannot be stored is logged, and kept as a `RefusedEvent` where the event itself is to blame.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db import Error as DatabaseTrouble
from django.db import router, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from django_recs.conf import get_settings
from django_recs.engine.events import EventType
from django_recs.exceptions import EventRefused
from django_recs.models import Event, Purpose
from django_recs.tracking.bodies import attribution_fields
from django_recs.tracking.bots import device_of, is_bot
from django_recs.tracking.circumstances import country_of
from django_recs.tracking.consent import IDENTIFYING
from django_recs.tracking.events import (
    NewEvent,
    as_integer,
    as_number,
    as_price,
    as_text,
    derived_event_id,
    server_event_id,
)
from django_recs.tracking.history import events_of
from django_recs.tracking.items import item_id_of
from django_recs.tracking.store import Refusal, keep_refused, refusal_body, store_events
from django_recs.tracking.visitors import VisitorIdentity, visitor_of

logger = logging.getLogger(__name__)

ReadT = TypeVar("ReadT")

_KEPT_WITHOUT_CONSENT = (EventType.PURCHASE, EventType.REFUND)
_ATTRIBUTED_BY = (EventType.SELECT_ITEM, EventType.ADD_TO_CART)
_ATTRIBUTION_COLUMNS = ("list_id", "placement", "slot", "model_version_id", "rung")


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One line of an order, for `track_order`."""

    item: Any
    """A product of the catalogue, or its item id."""
    quantity: int = 1
    price: Decimal | float | str | None = None
    """For one piece."""
    token: str = ""
    """The attribution token of the list it was chosen from, where the shop kept it with the basket."""


@dataclass(frozen=True, kw_only=True)
class _Actor:
    identity: VisitorIdentity
    is_bot: bool = False
    device: str = ""
    country: str = ""


def track(
    event_type: str,
    *,
    request: HttpRequest | None = None,
    customer: Any = None,
    visitor_id: str = "",
    item: Any = None,
    order_id: object = "",
    quantity: int = 1,
    price: Decimal | float | str | None = None,
    currency: str = "",
    rating: float | None = None,
    event_id: object = None,
    occurred_at: datetime | None = None,
    token: str = "",
    slot: int | None = None,
    purposes: Purpose | None = None,
) -> Event | None:
    """Record what somebody did, now, in the open transaction.

    Args:
        event_type: one of `EventType`.
        request: the visitor's request; says who they are and what they allow.
        customer: a user or their primary key, where there is no request of theirs.
        visitor_id: a guest's id, where there is no request of theirs.
        item: a product of the catalogue, or its item id.
        price: for one piece.
        event_id: text or UUID; a second event of the same id is not stored. Random when left out.
        token: attribution token of the list that the item was chosen from.
        purposes: what the person allows, where no request says it. A refund without either takes the person and the
            purposes of the purchase it belongs to; any other event without either counts as not consented.

    Returns:
        The new row. None when consent forbids it, when it was stored before or when it cannot be stored. Without any
        consent only purchases and refunds are stored, without customer and visitor.
    """
    columns = {
        "type": event_type,
        "item": _item_id_or_nothing(item),
        "order_id": order_id,
        "quantity": quantity,
        "price": price,
    }
    columns |= {"currency": currency, "rating": rating, "event_id": event_id, "token": token, "slot": slot}
    actor = _actor(request, customer, visitor_id, purposes)
    if event_type == EventType.REFUND and request is None and purposes is None:
        actor = _contained(lambda: _buyer(columns), None, "The buyer of what is refunded") or actor
    rows = _record([columns], actor, occurred_at)
    return rows[0] if rows else None


def track_order(
    *,
    order_id: object,
    lines: Iterable[OrderLine],
    request: HttpRequest | None = None,
    customer: Any = None,
    visitor_id: str = "",
    currency: str = "",
    occurred_at: datetime | None = None,
    purposes: Purpose | None = None,
) -> list[Event]:
    """Record one purchase for each line, in the order's own transaction; recording an order again stores nothing.

    A line without a token is attributed to the recommended list from which this person last clicked the item or put it
    into the basket, within ``DJANGO_RECS["TOKEN_DAYS"]``. The other arguments are those of `track`.
    """
    actor = _actor(request, customer, visitor_id, purposes)
    places: Counter[str] = Counter()
    columns = []
    for line in lines:
        item_id = _item_id_or_nothing(line.item)
        row: dict[str, Any] = {"type": EventType.PURCHASE.value, "item": item_id, "order_id": order_id}
        row |= {"quantity": line.quantity, "price": line.price, "currency": currency, "token": line.token}
        row["event_id"] = order_event_id(order_id, item_id, places[item_id])
        places[item_id] += 1
        columns.append(row)
    return _record(columns, actor, occurred_at)


def order_event_id(order_id: object, item_id: str, place: int = 0) -> Any:
    """The event id of an order's line; ``place`` counts lines of the same item within the order."""
    return derived_event_id(("purchase", str(order_id), item_id, str(place)))


def _item_id_or_nothing(item: Any) -> str:
    """Like `item_id_of`; "" where the catalogue cannot tell, which makes the event one without an item."""
    try:
        return item_id_of(item)
    except Exception:  # the shop's catalogue may raise anything, and an order must not fail
        logger.exception("The item of an event has no id.")
        return ""


def _actor(request: HttpRequest | None, customer: Any, visitor_id: str, purposes: Purpose | None) -> _Actor:
    """Who did it, without the ids that consent does not allow."""
    seen = visitor_of(request) if request is not None else VisitorIdentity()
    allowed = seen.purposes if purposes is None else purposes
    customer_id = str(getattr(customer, "pk", customer) or "") or seen.customer_id
    identity = VisitorIdentity(
        customer_id=customer_id if allowed else "",
        visitor_id=(visitor_id or seen.visitor_id) if allowed & IDENTIFYING else "",
        purposes=allowed,
    )
    if request is None:
        return _Actor(identity=identity)
    device = device_of(request.headers.get("User-Agent", "")) if allowed else ""
    country = country_of(request) if allowed else ""
    return _Actor(identity=identity, is_bot=is_bot(request), device=device, country=country)


def _buyer(columns: Mapping[str, Any]) -> _Actor | None:
    """Who bought what is refunded: by the id that `track_order` gave the purchase, else by any line of the order."""
    order_id = str(columns["order_id"] or "")
    if not order_id:
        return None
    purchases = Event.objects.using(router.db_for_write(Event)).filter(type=EventType.PURCHASE)
    purchase = purchases.filter(event_id=order_event_id(order_id, columns["item"])).first()
    purchase = purchase or purchases.filter(order_id=order_id).order_by("pk").first()
    if purchase is None:
        return None
    identity = VisitorIdentity(
        customer_id=purchase.customer_id, visitor_id=purchase.visitor_id, purposes=Purpose(purchase.purposes)
    )
    return _Actor(identity=identity, is_bot=purchase.is_bot, device=purchase.device, country=purchase.country)


def _contained(read: Callable[[], ReadT], otherwise: ReadT, what: str) -> ReadT:
    """What ``read`` returns. ``otherwise`` where the database refuses, without harm to the shop's open transaction."""
    try:
        with transaction.atomic(using=router.db_for_write(Event)):
            return read()
    except (DatabaseTrouble, ValueError):  # ValueError: a text that no driver can encode
        logger.exception("%s could not be read.", what)
        return otherwise


def _record(rows: Sequence[dict[str, Any]], actor: _Actor, occurred_at: datetime | None) -> list[Event]:
    """Store what consent allows and what can be stored. Never raises the database's errors or `EventRefused`."""
    if not actor.identity.purposes:
        rows = _nameless(rows)
    if not rows:
        return []
    try:
        with transaction.atomic(using=router.db_for_write(Event)):
            return _store(rows, actor, occurred_at)
    except DatabaseTrouble:
        logger.exception("Events of the shop could not be stored: %s.", ", ".join(str(row["type"]) for row in rows))
        return []


def _nameless(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is stored without consent: no order's number, and so no refund that says nothing else."""
    kept = [row for row in rows if row["type"] in _KEPT_WITHOUT_CONSENT]
    return [row | {"order_id": ""} for row in kept if row["item"] or row["type"] != EventType.REFUND]


def _store(rows: Sequence[Mapping[str, Any]], actor: _Actor, occurred_at: datetime | None) -> list[Event]:
    received_at = timezone.now()
    events, refusals = [], []
    for row in rows:
        try:
            events.append(_new_event(row, actor, _not_ahead(occurred_at, received_at), received_at))
        except EventRefused as refused:
            logger.error("An event of the shop was refused: %s", refused)
            refusals.append(_refusal(refused, row, received_at))
    attributed = _contained(lambda: _attributed(events, actor.identity), events, "The lists that an order came from")
    result = store_events(attributed)
    keep_refused(refusals)
    return list(result.events)


def _not_ahead(occurred_at: datetime | None, now: datetime) -> datetime:
    if occurred_at is None:
        return now
    return min(occurred_at if occurred_at.tzinfo else timezone.make_aware(occurred_at), now)


def _new_event(row: Mapping[str, Any], actor: _Actor, occurred_at: datetime, received_at: datetime) -> NewEvent:
    return NewEvent(
        event_id=server_event_id(row.get("event_id")),
        type=str(row["type"]),
        item_id=row["item"],
        customer_id=actor.identity.customer_id,
        visitor_id=actor.identity.visitor_id,
        purposes=int(actor.identity.purposes),
        is_bot=actor.is_bot,
        device=actor.device,
        country=actor.country,
        occurred_at=occurred_at,
        received_at=received_at,
        quantity=as_integer("quantity", row["quantity"]),
        price=None if row["price"] is None else as_price(row["price"]),
        currency=str(row["currency"] or "").upper(),
        order_id=as_text("order_id", str(row["order_id"])),
        rating=None if row.get("rating") is None else as_number("rating", row["rating"]),
        slot=None if row.get("slot") is None else as_integer("slot", row["slot"]),
        **attribution_fields(row["token"]),
    )


def _attributed(events: Sequence[NewEvent], identity: VisitorIdentity) -> list[NewEvent]:
    """Purchases with the list that their item was last chosen from, unless a token said it. One query at the most."""
    wanted = {event.item_id for event in events if event.type == EventType.PURCHASE and event.list_id is None}
    purpose = identity.purposes & IDENTIFYING
    if not wanted or not identity.is_known or not purpose:
        return list(events)
    since = timezone.now() - timedelta(days=get_settings().token_days)
    chosen = Q(type__in=_ATTRIBUTED_BY, item_id__in=wanted, list_id__isnull=False, occurred_at__gte=since)
    newest: dict[str, dict[str, Any]] = {}
    choices = events_of(identity, purpose, chosen, "item_id", "occurred_at", *_ATTRIBUTION_COLUMNS)
    for item_id, _, *values in choices.using(router.db_for_write(Event)):
        newest.setdefault(item_id, dict(zip(_ATTRIBUTION_COLUMNS, values, strict=False)))  # the key follows them
    return [
        replace(event, **newest[event.item_id]) if event.list_id is None and event.item_id in newest else event
        for event in events
    ]


def _refusal(refused: EventRefused, row: Mapping[str, Any], received_at: datetime) -> Refusal:
    body = refusal_body({name: value for name, value in row.items() if value not in ("", None)})
    return Refusal(code=refused.code, detail=refused.detail, body=body, source="server", received_at=received_at)
