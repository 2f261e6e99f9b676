"""The data-health panel above the event browser: figures in words, and a chart."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from django_recs.admin.catalogue import known_items
from django_recs.admin.charts import EventChart, event_chart
from django_recs.admin.wording import plain_code, plain_count, plain_duration, plain_percent
from django_recs.exceptions import CatalogNotFound
from django_recs.tracking.health import (
    DayCounts,
    EventCounts,
    ItemCoverage,
    count_day,
    count_events,
    item_coverage,
    last_received_at,
    refused_by_code,
)

RECENT_CACHE_SECONDS = 60
"""Counts of today and yesterday are kept so long."""
PAST_CACHE_SECONDS = 3_600
"""Counts of the days before, to which only late events and imports add."""
SILENT_AFTER = dt.timedelta(days=1)
REFUSALS_SHOWN = dt.timedelta(days=14)
FEW_KNOWN_ITEMS = 0.9
"""Below this share of events with a known item, something is wrong with the ids that the shop sends."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with its name, and what it means or what to do about it."""

    label: str
    value: str
    note: str
    is_alarming: bool = False


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason for which events were refused."""

    code: str
    label: str
    count: str


@dataclass(frozen=True, kw_only=True)
class HealthPanel:
    """What the panel shows; without any event only the refusals, and what to do next."""

    has_events: bool
    figures: tuple[Figure, ...] = ()
    chart: EventChart | None = None
    is_partial: bool = False
    refusals: tuple[Refusal, ...] = ()


def health_panel() -> HealthPanel:
    """Read the panel's figures: bounded queries, one of them for each day that is not in the cache."""
    refused = refused_by_code(since=timezone.now() - REFUSALS_SHOWN)
    refusals = tuple(Refusal(code=code, label=plain_code(code), count=plain_count(count)) for code, count in refused)
    last = last_received_at()
    if last is None:
        return HealthPanel(has_events=False, refusals=refusals)
    counts, coverage = _counts(), _coverage()
    return HealthPanel(
        has_events=True,
        figures=(
            _last_event_figure(last),
            _count_figure(counts),
            _consent_figure(counts),
            _bot_figure(counts),
            _coverage_figure(coverage),
            _refusal_figure(sum(count for _code, count in refused)),
        ),
        chart=event_chart(counts) if counts.event_count else None,
        is_partial=counts.is_partial,
        refusals=refusals,
    )


def _counts() -> EventCounts:
    today = timezone.localdate()
    return count_events(today=today, count=partial(_cached_day, today))


def _cached_day(today: dt.date, day: dt.date) -> DayCounts:
    """A day's counts, kept longer once nothing much can be added. An empty day is not kept: the first event shows."""
    key = f"django_recs.event_counts.{timezone.get_current_timezone_name()}.{day}"
    counts: DayCounts | None = cache.get(key)
    if counts is None:
        counts = count_day(day)
        if counts.total:
            cache.set(key, counts, PAST_CACHE_SECONDS if day < today - dt.timedelta(days=1) else RECENT_CACHE_SECONDS)
    return counts


def _coverage() -> ItemCoverage | None:
    """None in a shop that has not registered a catalogue."""
    try:
        return item_coverage(known_items)
    except CatalogNotFound:
        return None


def _last_event_figure(last: dt.datetime) -> Figure:
    age = timezone.now() - last
    is_silent = age > SILENT_AFTER
    note = _("Nothing came in for over a day. Is the script still on the pages?") if is_silent else _("It is arriving.")
    return Figure(label=_("Last event"), value=_("%s ago") % plain_duration(age), note=note, is_alarming=is_silent)


def _count_figure(counts: EventCounts) -> Figure:
    days = len(counts.days)
    note = _("Sent twice counts once: repeated events are not stored.")
    return Figure(label=_("Events in %d days") % days, value=plain_count(counts.event_count), note=note)


def _consent_figure(counts: EventCounts) -> Figure:
    return Figure(
        label=_("May be learned from"),
        value=plain_percent(counts.consented_count, counts.event_count),
        note=_("Visitors who allowed personalisation. The rest is never used for training."),
        is_alarming=bool(counts.event_count) and not counts.consented_count,
    )


def _bot_figure(counts: EventCounts) -> Figure:
    return Figure(
        label=_("From bots"),
        value=plain_percent(counts.bot_count, counts.event_count),
        note=_("Kept to look at, left out of training."),
        is_alarming=counts.bot_count * 2 > counts.event_count,
    )


def _coverage_figure(coverage: ItemCoverage | None) -> Figure:
    label = _("Items in the catalogue")
    if coverage is None:
        note = _("No catalogue yet: register one in your shop's recs.py.")
        return Figure(label=label, value="–", note=note, is_alarming=True)
    note = _("Share of the newest events whose item the catalogue knows.")
    if coverage.unknown_items:
        note = _("Not in the catalogue, for example: %s") % ", ".join(coverage.unknown_items)
    return Figure(
        label=label,
        value=plain_percent(coverage.known_count, coverage.event_count),
        note=note,
        is_alarming=coverage.known_count < FEW_KNOWN_ITEMS * coverage.event_count,
    )


def _refusal_figure(refused_count: int) -> Figure:
    note = _("In the last two weeks, by reason below.") if refused_count else _("Everything that was sent made sense.")
    return Figure(label=_("Refused"), value=plain_count(refused_count), note=note)
