"""From what a browser sent to a `NewEvent`. Reads a closed list of keys; whatever else is sent is ignored.

The browser quotes a token; which list, placement, model and rung it stands for is read from the token alone.
"""

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_recs.exceptions import EventRefused
from django_recs.tracking.attribution import read_token
from django_recs.tracking.clock import corrected_time, parse_time
from django_recs.tracking.events import (
    MAX_EVENT_ID_LENGTH,
    SERVER_ONLY_TYPES,
    NewEvent,
    as_integer,
    as_number,
    as_price,
    as_text,
    browser_event_id,
    check_text,
)
from django_recs.tracking.items import canonical_item_id


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What the server knows about a request, beside what its body says."""

    customer_id: str
    visitor_id: str
    purposes: int
    is_bot: bool
    device: str
    country: str
    source: str
    received_at: datetime


def parse_json(body: bytes) -> Any:
    """JSON in which broken characters and numbers stay visible, so that they are refused event by event.

    Bytes outside UTF-8 become lone surrogates, and numbers of absurd length become infinite. Raises `ValueError`.
    """
    text = body.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 25 else math.inf)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def event_from_body(raw: object, *, sender: Sender, sent_at: datetime | None) -> NewEvent:
    """One event of a request.

    Args:
        raw: what JSON held at the event's place.
        sender: who sent the request.
        sent_at: when the batch left, by the sender's clock; an event's own ``sent_at`` comes first.

    Raises:
        EventRefused: with one of the codes of `docs/reference/events.md`.
    """
    if not isinstance(raw, Mapping):
        raise EventRefused("not_an_object", f"an event is an object, not {type(raw).__name__}.")
    name = as_text("name", raw.get("name"))
    if name in SERVER_ONLY_TYPES:
        raise EventRefused("server_only", f"{name} is recorded by the shop's own code.")
    created = parse_time("created_at", raw.get("created_at"))
    sent = parse_time("sent_at", raw.get("sent_at")) or sent_at
    return NewEvent(
        event_id=_event_id(raw.get("event_id")),
        type=name,
        item_id=canonical_item_id(as_text("item_id", raw.get("item_id"))),
        occurred_at=corrected_time(created=created, sent=sent, received=sender.received_at),
        quantity=1 if raw.get("quantity") is None else as_integer("quantity", raw["quantity"]),
        price=None if raw.get("price") is None else as_price(raw["price"]),
        currency=_currency(raw.get("currency")),
        order_id=as_text("transaction_id", raw.get("transaction_id")),
        rating=None if raw.get("rating") is None else as_number("rating", raw["rating"]),
        slot=None if raw.get("slot") is None else as_integer("slot", raw["slot"]),
        **attribution_fields(as_text("token", raw.get("token"))),
        **vars(sender),
    )


def attribution_fields(token: str) -> dict[str, Any]:
    """The columns that a token fills; none when it is empty, forged or too old."""
    if not token or not (attribution := read_token(token)):
        return {}
    return vars(attribution)


def sent_id(raw: object) -> str | None:
    """The event id as it was sent, for the answer; None when there was none worth repeating."""
    value = raw.get("event_id") if isinstance(raw, Mapping) else None
    return value[:MAX_EVENT_ID_LENGTH] if isinstance(value, str) else None


def _event_id(value: object) -> uuid.UUID:
    text = as_text("event_id", value)
    if not text:
        raise EventRefused("missing_event_id", "an event_id is needed, so that sending again stores nothing twice.")
    check_text("event_id", text, MAX_EVENT_ID_LENGTH)
    return browser_event_id(text)


def _currency(value: object) -> str:
    text = as_text("currency", value).upper()
    if text and not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise EventRefused("bad_currency", f"currency is {text[:20]!r}, not three letters such as EUR.")
    return text
