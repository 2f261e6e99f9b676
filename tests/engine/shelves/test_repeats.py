"""When somebody needs a product again."""

import math

import numpy as np
import pytest

from django_recs.engine.shelves.repeats import RepeatTimes, fit_repeat_times
from tests.engine.by_hand import Row, shop

DAY = 86_400
COFFEE, LAMP, TEA = 1, 2, 3
GROUPS = np.array([-1, 0, 1, 0])
"""Coffee and tea are of one category."""


def buys(unit: int, item: int, *days: float) -> list[Row]:
    return [(unit, item, day, int(1_000 * unit + day)) for day in days]


@pytest.fixture
def times() -> RepeatTimes:
    """Forty persons buy coffee every ten days, forty a lamp once, two tea once; all begin early in 100 days."""
    rows = [row for unit in range(40) for row in buys(unit, COFFEE, *range(1, 100, 10))]
    rows += [row for unit in range(40, 80) for row in buys(unit, LAMP, 2)]
    rows += [row for unit in range(80, 82) for row in buys(unit, TEA, 3)]
    return fit_repeat_times(shop(*rows, item_count=3), GROUPS)


def test_intervals_of_thin_products_lean_on_their_category(times: RepeatTimes) -> None:
    assert times.expected_days(COFFEE, [0]) == pytest.approx(10, abs=0.01)
    assert times.expected_days(TEA, [0]) == pytest.approx(10, abs=0.01)


def test_shares_by_hand(times: RepeatTimes) -> None:
    """40 of 82 buyers came back. Group 0: (40 + 20 s) / (42 + 20), coffee: (40 + 10 g) / (40 + 10)."""
    shop_share = 40 / 82
    drinks = (40 + 20 * shop_share) / 62
    lamps = (0 + 20 * shop_share) / 60

    assert times.shares[[COFFEE, TEA, LAMP]].tolist() == pytest.approx(
        [(40 + 10 * drinks) / 50, 10 * drinks / 12, 10 * lamps / 50], rel=1e-5
    )


def test_who_only_just_bought_had_no_time_to_come_back() -> None:
    rows = [row for unit in range(10) for row in buys(unit, COFFEE, 1, 11)] + buys(10, COFFEE, 11)

    alone = fit_repeat_times(shop(*rows, item_count=1), np.array([-1, 0]))

    assert alone.shares[COFFEE] == pytest.approx(1.0)


def test_a_persons_own_rhythm_counts_with_two_of_the_products(times: RepeatTimes) -> None:
    bought_at = [0, 40 * DAY, 80 * DAY]

    own = math.exp((2 * math.log(40) + 2 * math.log(10)) / 4)
    assert times.expected_days(COFFEE, bought_at) == pytest.approx(own, rel=1e-4)


def test_the_chance_rises_until_it_is_due_and_falls_once_they_have_stopped(times: RepeatTimes) -> None:
    spread = RepeatTimes(log_days=times.log_days, shares=times.shares, spread=0.5)
    chances = [spread.chance(COFFEE, [0], now=day * DAY) for day in (1, 4, 7, 10, 60)]

    assert chances[:2] == [0.0, 0.0]
    assert 0 < chances[2] < chances[3]
    assert chances[4] < 0.1 * chances[3]


def test_a_lamp_is_not_due_again(times: RepeatTimes) -> None:
    now = round(times.expected_days(LAMP, [0]) * DAY)

    assert times.chance(LAMP, [0], now=now) < 0.2 * times.chance(COFFEE, [0], now=10 * DAY)


def test_chance_by_the_formula() -> None:
    times = RepeatTimes(
        log_days=np.array([0, math.log(10)], dtype=np.float32), shares=np.array([0, 0.6], dtype=np.float32), spread=1.0
    )

    def passed(days: float) -> float:
        return 0.5 * math.erfc(-math.log(days / 10) / math.sqrt(2))

    coming = passed(12 + 2.5) - passed(12)
    expected = 0.6 * coming / (0.6 * (1 - passed(12)) + 0.4)
    assert times.chance(1, [0], now=12 * DAY) == pytest.approx(expected, rel=1e-5)


def test_a_shop_where_nobody_came_back_has_an_answer() -> None:
    times = fit_repeat_times(shop((0, 1, 1.0, 1), item_count=2), np.array([-1, -1, -1]))
    empty = fit_repeat_times(shop(item_count=1), np.array([-1, -1]))

    assert times.chance(1, [0], now=30 * DAY) == 0.0
    assert np.isfinite(empty.log_days).all()


def test_arrays_restore_it(times: RepeatTimes) -> None:
    again = RepeatTimes.from_arrays(times.arrays())

    assert again.chance(COFFEE, [0], now=9 * DAY) == times.chance(COFFEE, [0], now=9 * DAY)
    with pytest.raises(ValueError, match="do not fit"):
        RepeatTimes.from_arrays({**times.arrays(), "shares": times.shares[:-1]})
