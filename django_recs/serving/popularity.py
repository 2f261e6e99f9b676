"""What sold lately, counted in the event table: the last rung, for a shop without a model."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import router
from django.db.models import Case, F, FloatField, Sum, Value, When

from django_recs.conf import get_settings
from django_recs.models import Event, Purpose
from django_recs.serving.transactions import contained

logger = logging.getLogger(__name__)

CACHE_KEY = "django_recs:popular:1"
CACHE_SECONDS = 600
MEMORY_SECONDS = 60
WINDOW = timedelta(days=30)
"""Counted back from the newest event, so that an imported past is popular too."""
ITEM_COUNT = 200
COUNTED_EVENT_LIMIT = 500_000
"""The newest rows that are looked at, whatever the window holds."""

Counted = tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class _Memory:
    counted: Counted
    until: float
    """`time.monotonic` after which one thread counts again, while the others go on with this."""


_memory: _Memory | None = None
_lock = threading.Lock()


def popular_items() -> Counted:
    """Item ids and how much they were wanted, most wanted first.

    From this process for a minute, then from Django's cache for ten, then from the event table.

    Raises:
        DatabaseError: when nothing is remembered and the event table cannot be read.
    """
    global _memory
    memory = _memory
    if memory is not None and time.monotonic() < memory.until:
        return memory.counted
    if not _lock.acquire(blocking=memory is None):
        return memory.counted if memory else ()
    try:
        if _memory is memory:
            _memory = _Memory(counted=_cached(), until=time.monotonic() + MEMORY_SECONDS)
        return _memory.counted if _memory else ()
    finally:
        _lock.release()


def forget() -> None:
    """Forget what this process remembers; Django's cache keeps its copy."""
    global _memory
    _memory = None


def _cached() -> Counted:
    try:
        found = cache.get(CACHE_KEY)
        if found is not None:
            return _sane(found)
    except Exception:
        logger.warning("The cache gave no popular items", exc_info=True)
    counted = count_wanted()
    try:
        cache.set(CACHE_KEY, [list(pair) for pair in counted], CACHE_SECONDS)
    except Exception:
        logger.warning("The cache did not take the popular items", exc_info=True)
    return counted


def _sane(found: Sequence[Any]) -> Counted:
    pairs = tuple((item_id, float(score)) for item_id, score in found)
    if not all(isinstance(item_id, str) for item_id, _ in pairs):
        raise TypeError("item ids in the cache are not text")
    return pairs


def count_wanted() -> Counted:
    """Weighted counts by item over the newest `WINDOW` of events and at most `COUNTED_EVENT_LIMIT` rows."""
    weights = {kind: weight for kind, weight in get_settings().event_weights.items() if weight > 0}
    with contained(router.db_for_read(Event)):
        newest = Event.objects.order_by("-pk").values_list("pk", "occurred_at").first()
        if newest is None:
            return ()
        weight = Case(
            *[When(type=kind, then=Value(float(weight))) for kind, weight in weights.items()],
            output_field=FloatField(),
        )
        wanted = (
            Event.objects.human()
            .annotate(_counted=F("purposes").bitand(int(Purpose.PERSONALISATION | Purpose.ANALYTICS)))
            .filter(
                pk__gt=newest[0] - COUNTED_EVENT_LIMIT,
                occurred_at__gt=newest[1] - WINDOW,
                type__in=list(weights),
                _counted__gt=0,
            )
            .exclude(item_id="")
            .values("item_id")
            .annotate(wanted=Sum(weight))
            .order_by("-wanted", "item_id")
            .values_list("item_id", "wanted")[:ITEM_COUNT]
        )
        return tuple((item_id, float(score)) for item_id, score in wanted)
