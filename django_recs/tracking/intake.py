"""One request of events: each is judged alone, the good ones are stored together, the bad ones are kept apart."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from django_recs.exceptions import EventRefused
from django_recs.tracking.bodies import Sender, event_from_body, sent_id
from django_recs.tracking.bots import device_of, is_bot
from django_recs.tracking.circumstances import country_of
from django_recs.tracking.clock import parse_time
from django_recs.tracking.events import NewEvent
from django_recs.tracking.store import Refusal, keep_refused, refusal_body, store_events
from django_recs.tracking.visitors import with_visitor_id


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The answer to one request of events."""

    accepted: int = 0
    duplicate: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """``index`` in the batch, ``id`` as sent or None, ``code`` and ``detail`` of each event that was refused."""


def raw_events(payload: Any) -> list[Any]:
    """The events of a request body: ``{"events": [...]}`` or one event. Raises `ValueError`."""
    if not isinstance(payload, dict):
        raise ValueError("the body must be a JSON object")
    events = payload.get("events", [payload])
    if not isinstance(events, list):
        raise ValueError('"events" must be a list')
    return events


def take_in(request: HttpRequest, payload: Any) -> Receipt:
    """Store the events of a parsed body, as far as the visitor's consent allows.

    Raises:
        ValueError: the body has not the right form.
        django.db.Error: the database is unavailable; the same body can be sent again.
    """
    events = raw_events(payload)
    identity = with_visitor_id(request)
    if not identity.purposes or not events:
        return Receipt()
    agent = request.headers.get("User-Agent", "")
    sender = Sender(
        customer_id=identity.customer_id,
        visitor_id=identity.visitor_id,
        purposes=int(identity.purposes),
        is_bot=is_bot(request),
        device=device_of(agent),
        country=country_of(request),
        source="beacon" if request.content_type == "text/plain" else "rest",
        received_at=timezone.now(),
    )
    return _store(events, sender, payload.get("sent_at") if "events" in payload else None)


def _store(events: list[Any], sender: Sender, sent: object) -> Receipt:
    sent_at = _time_or_none(sent)
    good: list[NewEvent] = []
    rejected: list[dict[str, Any]] = []
    refusals: list[Refusal] = []
    for index, raw in enumerate(events):
        try:
            good.append(event_from_body(raw, sender=sender, sent_at=sent_at))
        except EventRefused as refused:
            rejected.append({"index": index, "id": sent_id(raw), "code": refused.code, "detail": refused.detail})
            refusals.append(_refusal(refused, raw, sender))
    result = store_events(good)
    keep_refused(refusals)
    return Receipt(accepted=result.stored, duplicate=result.duplicate, rejected=rejected)


def _refusal(refused: EventRefused, raw: object, sender: Sender) -> Refusal:
    return Refusal(
        code=refused.code,
        detail=refused.detail,
        body=refusal_body(raw),
        source=sender.source,
        received_at=sender.received_at,
    )


def _time_or_none(sent: object) -> Any:
    try:
        return parse_time("sent_at", sent)
    except EventRefused:
        return None
