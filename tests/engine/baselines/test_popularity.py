"""Trend: decayed counts of persons, by hand."""

import numpy as np

from django_recs.engine.baselines.popularity import Trend, fit_trend
from django_recs.engine.events import EVENT_TYPES, VIEW_CODE
from tests.engine.by_hand import EQUAL, shop, visitors


def test_a_person_counts_once_per_item_day_and_type() -> None:
    weights = np.ones(len(EVENT_TYPES))
    weights[VIEW_CODE] = 0.25
    interactions = shop(
        (0, 1, 20.0, 0),  # today
        (0, 1, 20.0, 1),  # the same again, in another order
        (1, 1, 13.0, 2),  # a half-life ago
        (0, 2, 20.0, -1, VIEW_CODE),
        (0, 2, 20.0, -1, VIEW_CODE),
        (1, 2, 20.0, -1, VIEW_CODE),
        (1, 2, 6.0, 3),  # two half-lives ago
        item_count=3,
    )

    trend = fit_trend(interactions, event_weights=weights, half_life_days=7.0)

    assert trend.popularity.tolist() == [0, 1.5, 0.75, 0]
    assert trend.name == "trend_7d"


def test_everybody_gets_the_same_list_and_may_keep_it() -> None:
    trend = fit_trend(shop((0, 2, 1, 0), item_count=2), event_weights=EQUAL, half_life_days=2.5)

    scores = trend.score(visitors([(1, 1)], [], now_day=2))
    scores[0] = 9

    assert trend.score(visitors([(1, 1)], [], now_day=2)).tolist() == [[0, 0, 1], [0, 0, 1]]
    assert trend.name == "trend_2.5d"


def test_without_events_nothing_is_popular() -> None:
    assert fit_trend(shop(item_count=2), event_weights=EQUAL, half_life_days=7.0).popularity.tolist() == [0, 0, 0]


def test_arrays_restore_it() -> None:
    trend = fit_trend(shop((0, 2, 1, 0), (0, 1, 0.3, 0), item_count=2), event_weights=EQUAL, half_life_days=7.0)

    again = Trend.from_arrays(trend.arrays())

    assert again.popularity.tobytes() == trend.popularity.tobytes()
    assert again.half_life_days == 7.0
