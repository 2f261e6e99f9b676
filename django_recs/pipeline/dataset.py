"""What a version learned from, in numbers: for its manifest, its row and its model card."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from django_recs import __version__
from django_recs.conf import get_settings
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions
from django_recs.models import Event, Purpose
from django_recs.pipeline.export import ExportedData


def describe(data: ExportedData, *, trained_until: int) -> dict[str, Any]:
    """JSON-able. Counts of what was read, and of the events that were not, by why; times are ISO 8601 in UTC.

    Events of a type that teaches nothing (weight 0) are in neither count.
    """
    events = data.interactions
    return {
        "code_version": __version__,
        "fingerprint": data.fingerprint,
        "trained_until": trained_until,
        "first_event_at": _first_moment(events),
        "event_count": len(events),
        "events_by_type": _by_type(events),
        "refund_count": len(data.refunds),
        "unit_count": events.unit_count,
        "customer_count": sum(name.startswith("c:") for name in events.unit_ids),
        "item_count": events.item_count,
        "silent_item_count": int(events.item_count - len(np.unique(events.item))),
        "purpose": str(Purpose.PERSONALISATION.name).lower(),
        "unknown_item_count": data.unknown_item_count,
        **_left_out(),
    }


def _first_moment(events: Interactions) -> str | None:
    return datetime.fromtimestamp(int(events.time.min()), tz=UTC).isoformat() if len(events) else None


def _by_type(events: Interactions) -> dict[str, int]:
    counts = np.bincount(events.event_type, minlength=len(EVENT_TYPES))
    return {str(name): int(count) for name, count in zip(EVENT_TYPES, counts, strict=True) if count}


def _left_out() -> dict[str, int]:
    taught = Event.objects.filter(type__in=[name for name, weight in get_settings().event_weights.items() if weight])
    human = taught.human()
    return {
        "bot_event_count": taught.filter(is_bot=True).count(),
        "unconsented_event_count": human.count() - human.consented(Purpose.PERSONALISATION).count(),
    }
