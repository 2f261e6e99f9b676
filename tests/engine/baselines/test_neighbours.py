"""Item neighbours: a pattern with a known answer, and a pure Python twin."""

import math
from collections import defaultdict

import numpy as np
import pytest

from django_recs.engine.baselines.neighbours import HISTORY_DAMPING, ItemKNN, fit_item_knn
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions
from tests.engine.by_hand import EQUAL, random_shop, shop, visitors


def fitted(interactions: Interactions, *, neighbour_count: int = 50, shrinkage: float = 0.0) -> ItemKNN:
    return fit_item_knn(
        interactions,
        event_weights=EQUAL,
        fit_half_life_days=7.0,
        history_half_life_days=10.0,
        neighbour_count=neighbour_count,
        shrinkage=shrinkage,
    )


def test_on_a_checkerboard_only_items_of_the_same_colour_are_neighbours() -> None:
    rows = [(unit, item, 1.0, unit) for unit in range(6) for item in range(1, 9) if (unit + item) % 2]
    recommender = fitted(shop(*rows, item_count=8))

    scores = recommender.score(visitors([(1, 1)], [(2, 1)], now_day=1))

    assert [np.flatnonzero(row).tolist() for row in scores] == [[3, 5, 7], [4, 6, 8]]
    np.testing.assert_allclose(scores[scores > 0], 1.0, rtol=1e-6)


def twin(interactions: Interactions, shrinkage: float) -> dict[tuple[int, int], float]:
    """Cosine of every pair, by dictionaries."""
    now = int(interactions.time.max())
    taken: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for unit, item, time in zip(interactions.unit, interactions.item, interactions.time, strict=True):
        taken[int(unit)][int(item)] += 0.5 ** ((now - int(time)) / SECONDS_PER_DAY / 7)
    dots: dict[tuple[int, int], float] = defaultdict(float)
    for items in taken.values():
        damped = {item: min(weight, 1) / len(items) ** HISTORY_DAMPING for item, weight in items.items()}
        for first, weight in damped.items():
            for second, other in damped.items():
                dots[first, second] += weight * other
    return {
        (first, second): dot / (math.sqrt(dots[first, first] * dots[second, second]) + shrinkage)
        for (first, second), dot in dots.items()
        if first != second
    }


@pytest.mark.parametrize("shrinkage", [0.0, 1.5])
def test_similarities_equal_a_twin_in_pure_python(shrinkage: float) -> None:
    interactions = random_shop(3)

    recommender = fitted(interactions, shrinkage=shrinkage)

    found = {
        (item, int(other)): float(weight)
        for item in range(1, interactions.item_count + 1)
        for other, weight in zip(*recommender.similar(item, 99), strict=True)
    }
    assert found == pytest.approx(twin(interactions, shrinkage), rel=1e-5)


def test_only_the_nearest_are_kept_best_first() -> None:
    interactions = random_shop(4)
    every = twin(interactions, 0.0)
    expected = sorted((other for first, other in every if first == 2), key=lambda other: -every[2, other])[:3]

    items, similarities = fitted(interactions, neighbour_count=3).similar(2, 99)

    assert items.tolist() == expected
    assert sorted(similarities, reverse=True) == similarities.tolist()


def test_an_item_without_events_has_no_neighbours() -> None:
    recommender = fitted(shop((0, 1, 1, 0), (0, 2, 1, 0), item_count=3))

    assert recommender.similar(3, 9)[0].tolist() == []
    assert recommender.score(visitors([(3, 1)], now_day=1)).tolist() == [[0, 0, 0, 0]]


def test_an_empty_shop_scores_nothing() -> None:
    assert fitted(shop(item_count=2)).score(visitors([(1, 0)], now_day=1)).tolist() == [[0, 0, 0]]


def test_arrays_restore_the_scores_to_the_last_bit() -> None:
    recommender = fitted(random_shop(5))
    histories = visitors([(1, 0), (4, 3)], [(2, 1)], now_day=8)

    again = ItemKNN.from_arrays(recommender.arrays())

    assert again.score(histories).tobytes() == recommender.score(histories).tobytes()
