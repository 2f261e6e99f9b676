"""Where time is cut."""

import numpy as np
import pytest

from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.splits import TimeSplit
from tests.engine.by_hand import shop


def days(split: TimeSplit) -> tuple[float, float, float]:
    return split.valid_start / SECONDS_PER_DAY, split.test_start / SECONDS_PER_DAY, split.end / SECONDS_PER_DAY


def test_the_last_days_are_counted_back_from_the_midnight_after_the_last_event() -> None:
    interactions = shop((0, 1, 0.5, 0), (0, 1, 373.53, 1), item_count=1)

    assert days(TimeSplit.of(interactions, valid_days=30, test_days=30)) == (314, 344, 374)


def test_short_data_keeps_three_fifths_to_learn_from() -> None:
    interactions = shop((0, 1, 10, 0), (0, 1, 29.9, 1), item_count=1)

    # 20 days: 8 of them are shared 30 to 10
    assert days(TimeSplit.of(interactions, valid_days=10, test_days=30)) == (22, 24, 30)


@pytest.mark.parametrize("last_day", [0, 1, 3.9])
def test_data_of_fewer_than_five_days_is_refused(last_day: float) -> None:
    with pytest.raises(ValueError, match="five days"):
        TimeSplit.of(shop((0, 1, 0, 0), (0, 1, last_day, 1), item_count=1))


def test_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="five days"):
        TimeSplit.of(shop(item_count=1))


def test_five_days_leave_one_for_each_question() -> None:
    interactions = shop(*((0, 1, day, day) for day in range(5)), item_count=1)

    assert days(TimeSplit.of(interactions)) == (3, 4, 5)


def test_moments_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="valid_start < test_start < end"):
        TimeSplit(valid_start=2, test_start=2, end=3)


def test_first_day_is_found_even_when_the_first_unit_came_late() -> None:
    interactions = shop((0, 1, 99.5, 0), (1, 1, 0, 1), item_count=1)

    assert np.diff(days(TimeSplit.of(interactions, valid_days=7, test_days=7))).tolist() == [7, 7]
