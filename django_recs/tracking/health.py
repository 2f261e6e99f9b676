"""Figures that tell whether tracking works: what arrives, from whom, and what had to be refused.

Every query here is bounded by a day or by a number of rows, so that the page with the figures stays fast in a large
table.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from django_recs.models import Event, Purpose, RefusedEvent

COUNTED_EVENT_LIMIT = 1_000_000
"""After so many events no further day is counted."""

SAMPLED_EVENT_COUNT = 5_000
"""The newest events whose items are looked up in the catalogue."""

REFUSED_EVENT_LIMIT = 10_000
"""The newest refused events that are counted by reason."""

UNKNOWN_ITEM_LIMIT = 5
"""Unknown items that are named."""

KnownItems = Callable[[Collection[str]], Collection[str]]
"""Which of these item ids the catalogue knows, sold out or not."""


@dataclass(frozen=True, kw_only=True)
class DayCounts:
    """Events of one calendar day in the current time zone."""

    day: dt.date
    counts: Mapping[str, int]
    """Event type -> number of events; types that did not occur are left out."""
    bot_count: int = 0
    consented_count: int = 0
    """Events whose visitor allowed personalisation, which is what training reads."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class EventCounts:
    """Events of the last days."""

    days: tuple[DayCounts, ...]
    """Oldest first, today last; days without events are present."""
    is_partial: bool
    """True when days further back were left out, because these hold `COUNTED_EVENT_LIMIT` events or more."""

    @property
    def event_count(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def bot_count(self) -> int:
        return sum(day.bot_count for day in self.days)

    @property
    def consented_count(self) -> int:
        return sum(day.consented_count for day in self.days)


@dataclass(frozen=True, kw_only=True)
class ItemCoverage:
    """Whether the newest events speak of items that the catalogue knows."""

    event_count: int
    """Events with an item among the newest `SAMPLED_EVENT_COUNT`."""
    known_count: int
    unknown_items: tuple[str, ...]
    """The unknown item ids with the most events, at most `UNKNOWN_ITEM_LIMIT`."""


def last_received_at() -> dt.datetime | None:
    """When the newest event was stored, or None without any event."""
    return Event.objects.order_by("-pk").values_list("received_at", flat=True).first()


def count_day(day: dt.date) -> DayCounts:
    """Count the events of one day. One query over a range of the time index."""
    rows = (
        Event.objects.filter(occurred_at__gte=_midnight(day), occurred_at__lt=_midnight(day, days_on=1))
        .values_list("type", "is_bot", "purposes")
        .annotate(event_count=Count("pk"))
        .order_by()
    )
    counts: Counter[str] = Counter()
    bot_count = consented_count = 0
    for event_type, is_bot, purposes, event_count in rows:
        counts[event_type] += event_count
        bot_count += event_count if is_bot else 0
        consented_count += event_count if purposes & Purpose.PERSONALISATION else 0
    return DayCounts(day=day, counts=dict(counts), bot_count=bot_count, consented_count=consented_count)


def count_events(
    *, today: dt.date, day_count: int = 30, count: Callable[[dt.date], DayCounts] = count_day
) -> EventCounts:
    """Count the last ``day_count`` days from ``today`` backwards, no further than `COUNTED_EVENT_LIMIT` events.

    Args:
        count: counts one day; by default with a query. Days that are over may come from a cache.
    """
    days: list[DayCounts] = []
    total = 0
    for age in range(day_count):
        if total >= COUNTED_EVENT_LIMIT:
            break
        days.append(count(today - dt.timedelta(days=age)))
        total += days[-1].total
    return EventCounts(days=tuple(reversed(days)), is_partial=len(days) < day_count)


def item_coverage(known_items: KnownItems) -> ItemCoverage:
    """Look the items of the newest events up in the catalogue, through ``known_items``."""
    newest = Event.objects.order_by("-pk").values_list("item_id", flat=True)[:SAMPLED_EVENT_COUNT]
    counts = Counter(item_id for item_id in newest if item_id)
    known = set(known_items(list(counts)))
    unknown = [item_id for item_id, _ in counts.most_common() if item_id not in known]
    return ItemCoverage(
        event_count=counts.total(),
        known_count=sum(count for item_id, count in counts.items() if item_id in known),
        unknown_items=tuple(unknown[:UNKNOWN_ITEM_LIMIT]),
    )


def refused_by_code(*, since: dt.datetime) -> tuple[tuple[str, int], ...]:
    """Reason code and number of events refused ``since`` then, most frequent first, among the newest
    `REFUSED_EVENT_LIMIT`."""
    newest = RefusedEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = (
        RefusedEvent.objects.filter(received_at__gte=since, pk__gt=newest - REFUSED_EVENT_LIMIT)
        .values_list("code")
        .annotate(refused_count=Count("pk"))
        .order_by("-refused_count", "code")
    )
    return tuple((code, refused_count) for code, refused_count in rows)


def _midnight(day: dt.date, *, days_on: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=days_on), dt.time.min))
