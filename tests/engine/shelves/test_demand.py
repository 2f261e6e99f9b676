"""Demand over the last months and by time of day and week."""

import numpy as np
import pytest

from django_recs.engine.events import VIEW_CODE
from django_recs.engine.shelves.demand import DAYPARTS, Demand, daypart, fit_demand
from tests.engine.by_hand import shop

MORNING, EVENING = 9 / 24, 20 / 24
MONDAY = 4
"""The first Monday of 1970 was 5 January, day 4."""


@pytest.mark.parametrize(
    ("hour", "weekday", "name"),
    [
        (0, 0, "weekday night"),
        (4, 4, "weekday night"),
        (5, 0, "weekday morning"),
        (11, 3, "weekday afternoon"),
        (17, 4, "weekday evening"),
        (22, 0, "weekday night"),
        (9, 5, "weekend morning"),
        (21, 6, "weekend evening"),
    ],
)
def test_dayparts(hour: int, weekday: int, name: str) -> None:
    assert DAYPARTS[daypart(hour, weekday)] == name


def test_sold_counts_buyers_of_the_last_ninety_days_once() -> None:
    rows = [(0, 1, 100.0, 1), (0, 1, 101.0, 2), (1, 1, 101.0, 3), (2, 1, 5.0, 4), (3, 2, 101.0, -1, VIEW_CODE)]
    interactions = shop(*rows, item_count=2)

    assert fit_demand(interactions, np.zeros(5, dtype=np.int64)).sold.tolist() == [0, 2, 0]


def test_lifts_by_hand() -> None:
    """Thirty persons want 1 on Monday mornings; 2 is wanted by thirty in the morning and ninety in the evening."""
    rows = [(unit, 1, MONDAY + MORNING, unit) for unit in range(30)]
    rows += [(unit, 2, MONDAY + MORNING, unit) for unit in range(30)]
    rows += [(unit, 2, MONDAY + EVENING, unit) for unit in range(30, 120)]
    interactions = shop(*rows, item_count=2)

    lifts = fit_demand(interactions, np.zeros(len(interactions), dtype=np.int64)).lifts

    morning = 60 / 150
    prior = 20 * morning
    assert lifts[1].tolist() == pytest.approx(
        [1, (30 + prior) / (30 * morning + prior), (30 + prior) / (120 * morning + prior)], rel=1e-5
    )
    assert lifts[4].tolist() == [1, 1, 1]


def test_hours_are_those_of_the_shop() -> None:
    interactions = shop((0, 1, MONDAY + 23 / 24, 1), (1, 1, MONDAY + 9 / 24, 2), item_count=1)

    ahead = fit_demand(interactions, np.full(2, 10 * 3_600)).lifts  # Tuesday 9:00 and Monday 19:00

    assert ahead[1, 1] == ahead[3, 1] == pytest.approx(1.0)
    assert fit_demand(interactions, np.zeros(2, dtype=np.int64)).lifts[3, 1] == 1


def test_arrays_restore_it_and_must_fit() -> None:
    demand = fit_demand(shop((0, 1, 1.0, 1), item_count=1), np.zeros(1, dtype=np.int64))

    assert Demand.from_arrays(demand.arrays()).lifts.tolist() == demand.lifts.tolist()
    with pytest.raises(ValueError, match="do not fit"):
        Demand.from_arrays({**demand.arrays(), "sold": demand.sold[:-1]})
