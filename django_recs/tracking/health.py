"""Figures that tell whether tracking works: what arrives, from whom, and what had to be refused.

Every query here is bounded by a number of rows, so that the page that shows the figures stays fast in a large table.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Value, When
from django.utils import timezone

from django_recs.models import Event, Purpose, RefusedEvent

COUNTED_EVENT_LIMIT = 1_000_000
"""The newest rows of the event table that are counted at the most."""

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

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class EventCounts:
    """Events of the last days, from one aggregate query."""

    counted_at: dt.datetime
    days: tuple[DayCounts, ...]
    """One per day, oldest first, today last; days without events are present."""
    event_count: int
    bot_count: int
    consented_count: int
    """Events whose visitor allowed personalisation, which is what training reads."""
    is_partial: bool
    """True when the days hold more than `COUNTED_EVENT_LIMIT` rows, of which the newest were counted."""


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


def count_events(*, now: dt.datetime, day_count: int = 30) -> EventCounts:
    """Events of the last ``day_count`` calendar days, today included, from at most `COUNTED_EVENT_LIMIT` rows."""
    today = timezone.localdate(now)
    days = [today - dt.timedelta(days=age) for age in range(day_count - 1, -1, -1)]
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    floor = newest - COUNTED_EVENT_LIMIT
    in_window = Event.objects.filter(occurred_at__gte=_midnight(days[0]), occurred_at__lt=_midnight(today, days_on=1))
    rows = (
        in_window.filter(pk__gt=floor)
        .annotate(day=_place_of_day(days))
        .values_list("day", "type", "is_bot", "purposes")
        .annotate(event_count=Count("pk"))
        .order_by()
    )
    by_day: list[Counter[str]] = [Counter() for _ in days]
    totals: Counter[str] = Counter()
    for place, event_type, is_bot, purposes, event_count in rows:
        by_day[place][event_type] += event_count
        totals["all"] += event_count
        totals["bot"] += event_count if is_bot else 0
        totals["consented"] += event_count if purposes & Purpose.PERSONALISATION else 0
    return EventCounts(
        counted_at=now,
        days=tuple(DayCounts(day=day, counts=dict(counts)) for day, counts in zip(days, by_day, strict=True)),
        event_count=totals["all"],
        bot_count=totals["bot"],
        consented_count=totals["consented"],
        is_partial=floor > 0 and in_window.filter(pk__lte=floor).exists(),
    )


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


def refused_by_code() -> tuple[tuple[str, int], ...]:
    """Reason code and number of refused events, most frequent first, among the newest `REFUSED_EVENT_LIMIT`."""
    newest = RefusedEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = (
        RefusedEvent.objects.filter(pk__gt=newest - REFUSED_EVENT_LIMIT)
        .values_list("code")
        .annotate(refused_count=Count("pk"))
        .order_by("-refused_count", "code")
    )
    return tuple((code, refused_count) for code, refused_count in rows)


def _place_of_day(days: Sequence[dt.date]) -> Case:
    """Place of the event's calendar day in ``days``. Comparisons with local midnights are exact on the two days of the
    year that are not 24 hours long, and ten times faster on SQLite than its emulation of `TruncDate`."""
    ends = [When(occurred_at__lt=_midnight(day, days_on=1), then=Value(place)) for place, day in enumerate(days)]
    return Case(*ends, default=Value(len(days) - 1), output_field=IntegerField())


def _midnight(day: dt.date, *, days_on: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=days_on), dt.time.min))
