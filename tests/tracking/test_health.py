"""Figures of the event table, and that they stay bounded."""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.models import Event, RefusedEvent
from django_recs.tracking import health
from django_recs.tracking.health import count_events, item_coverage, last_received_at, refused_by_code

NOW = dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


def store(occurred_at: dt.datetime = NOW, **columns: Any) -> Event:
    values = {"type": "view_item", "item_id": "a", "purposes": 7, "received_at": occurred_at}
    return Event.objects.create(event_id=uuid.uuid4(), occurred_at=occurred_at, **{**values, **columns})


@pytest.mark.django_db
def test_events_are_counted_by_day_and_type_and_quiet_days_are_there() -> None:
    store(NOW)
    store(NOW, type="purchase")
    store(NOW - dt.timedelta(days=2), type="purchase")
    store(NOW - dt.timedelta(days=3))
    store(NOW + dt.timedelta(days=1))

    counts = count_events(today=TODAY, day_count=3)

    assert [(day.day.isoformat(), day.counts) for day in counts.days] == [
        ("2026-03-27", {"purchase": 1}),
        ("2026-03-28", {}),
        ("2026-03-29", {"view_item": 1, "purchase": 1}),
    ]
    assert (counts.event_count, counts.is_partial) == (3, False)


@pytest.mark.django_db
def test_bots_and_consent_are_counted_apart() -> None:
    store(is_bot=True)
    store(purposes=6)
    store(purposes=1)

    counts = count_events(today=TODAY)

    assert (counts.event_count, counts.bot_count, counts.consented_count) == (3, 1, 2)


@pytest.mark.django_db
def test_days_are_those_of_the_shop_and_one_of_them_has_23_hours(settings: DjangoSettings) -> None:
    """On 29 March 2026 Berlin's midnights are 23:00 and 22:00 UTC."""
    settings.TIME_ZONE = "Europe/Berlin"
    with timezone.override("Europe/Berlin"):
        for hour in ("2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T21:59:59", "2026-03-29T22:00:00"):
            store(dt.datetime.fromisoformat(f"{hour}+00:00"))

        counts = count_events(today=dt.date(2026, 3, 30), day_count=3)

    assert [(day.day.isoformat(), day.total) for day in counts.days] == [
        ("2026-03-28", 1),
        ("2026-03-29", 2),
        ("2026-03-30", 1),
    ]


@pytest.mark.django_db
def test_a_busy_shop_is_counted_no_further_back_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "COUNTED_EVENT_LIMIT", 3)
    for age in (0, 0, 1, 1, 2):
        store(NOW - dt.timedelta(days=age))

    counts = count_events(today=TODAY)

    assert [(day.day.isoformat(), day.total) for day in counts.days] == [("2026-03-28", 2), ("2026-03-29", 2)]
    assert (counts.event_count, counts.is_partial) == (4, True)


@pytest.mark.django_db
def test_without_events_everything_is_zero() -> None:
    counts = count_events(today=TODAY)
    coverage = item_coverage(set)

    assert (counts.event_count, len(counts.days), counts.is_partial) == (0, 30, False)
    assert (coverage.event_count, coverage.known_count, coverage.unknown_items) == (0, 0, ())
    assert (last_received_at(), refused_by_code(since=NOW)) == (None, ())


@pytest.mark.django_db
def test_coverage_asks_the_catalogue_once_and_names_the_most_frequent_strangers() -> None:
    for item_id in ("a", "a", "old", "old", "older", ""):
        store(item_id=item_id)
    asked: list[Collection[str]] = []

    def known(item_ids: Collection[str]) -> set[str]:
        asked.append(sorted(item_ids))
        return {"a"}

    coverage = item_coverage(known)

    assert asked == [["a", "old", "older"]]
    assert (coverage.event_count, coverage.known_count, coverage.unknown_items) == (5, 2, ("old", "older"))


@pytest.mark.django_db
def test_refusals_by_reason_the_most_frequent_first() -> None:
    for code in ("bad_time", "unknown_type", "unknown_type"):
        RefusedEvent.objects.create(received_at=NOW, source="rest", code=code, detail="", body="")

    RefusedEvent.objects.create(received_at=NOW - dt.timedelta(days=2), source="rest", code="old", detail="", body="")

    assert refused_by_code(since=NOW - dt.timedelta(days=1)) == (("unknown_type", 2), ("bad_time", 1))


@pytest.mark.django_db
def test_the_newest_arrival_counts_not_the_newest_event() -> None:
    store(NOW, received_at=NOW - dt.timedelta(days=1))
    store(NOW - dt.timedelta(days=9), received_at=NOW)

    assert last_received_at() == NOW


@pytest.mark.django_db
def test_a_day_costs_one_query_however_many_events(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for day in range(30):
        store(NOW - dt.timedelta(days=day))

    with django_assert_num_queries(30):
        count_events(today=TODAY)
