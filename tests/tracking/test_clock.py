"""The clock of a browser may be wrong by years; what it measured between two readings is right."""

from datetime import UTC, datetime, timedelta

import pytest

from django_recs.exceptions import EventRefused
from django_recs.tracking.clock import corrected_time, parse_time

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(days=3_650), timedelta(days=-3_650), timedelta(minutes=7)])
def test_an_event_is_as_old_as_it_was_when_it_left(skew: timedelta) -> None:
    created, sent = NOON + skew - timedelta(minutes=20), NOON + skew

    assert corrected_time(created=created, sent=sent, received=NOON) == NOON - timedelta(minutes=20)


@pytest.mark.parametrize(
    ("created", "sent"),
    [
        (None, None),
        (NOON, None),
        (None, NOON),
        (NOON + timedelta(seconds=1), NOON),
        (NOON - timedelta(days=7, seconds=1), NOON),
    ],
)
def test_an_impossible_age_counts_as_none(created: datetime | None, sent: datetime | None) -> None:
    assert corrected_time(created=created, sent=sent, received=NOON) == NOON


def test_a_week_is_the_longest_age() -> None:
    assert corrected_time(created=NOON - timedelta(days=7), sent=NOON, received=NOON) == NOON - timedelta(days=7)


def test_times_are_iso_text_or_milliseconds() -> None:
    noon_in_milliseconds = 1_772_366_400_000

    assert parse_time("sent_at", None) is None
    assert parse_time("sent_at", noon_in_milliseconds) == NOON
    assert parse_time("sent_at", "2026-03-01T13:00:00+01:00") == NOON
    assert parse_time("sent_at", "2026-03-01T12:00:00") == NOON


@pytest.mark.parametrize("value", ["noon", "", [], True, float("nan"), 1e400, 1e300, "2026-13-01T00:00:00"])
def test_other_times_are_refused(value: object) -> None:
    with pytest.raises(EventRefused) as refused:
        parse_time("sent_at", value)

    assert refused.value.code == "bad_time"
