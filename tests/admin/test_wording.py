"""Numbers and durations as people say them."""

from datetime import timedelta

import pytest

from django_recs.admin.wording import TYPE_LABELS, plain_count, plain_duration, plain_percent, plain_score, short_id
from django_recs.engine.events import EVENT_TYPES


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert plain_duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 0, "–"), (0, 5, "0 %"), (5, 5, "100 %"), (1, 100_000, "0.1 %"), (99_999, 100_000, "99.9 %"), (2, 3, "67 %")],
)
def test_a_share_is_rounded_but_never_to_all_or_nothing(part: int, whole: int, words: str) -> None:
    assert plain_percent(part, whole) == words


def test_counts_are_grouped_and_scores_rounded() -> None:
    assert (plain_count(1_234_567), plain_count(None), plain_score(0.3148)) == ("1,234,567", "–", "0.315")


def test_short_ids_stay_whole() -> None:
    assert (short_id("84029E"), short_id("5af145d5-f887-4b99")) == ("84029E", "5af145d5…")


def test_every_event_type_has_a_name() -> None:
    assert set(TYPE_LABELS) == set(EVENT_TYPES)
