"""Transitions: the ridge regression itself, written with loops, is the oracle."""

import numpy as np
import pytest

from django_recs.engine.baselines import transitions as module
from django_recs.engine.baselines.transitions import Transitions, fit_transitions
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions
from tests.engine.by_hand import EQUAL, Row, random_shop, shop, visitors


def fitted(
    interactions: Interactions, *, penalty: float = 2.0, link_count: int = 99, fit_half_life_days: float = float("inf")
) -> Transitions:
    return fit_transitions(
        interactions,
        event_weights=EQUAL,
        half_life_places=1.0,
        fit_half_life_days=fit_half_life_days,
        penalty=penalty,
        link_count=link_count,
    )


def weights_of(recommender: Transitions) -> np.ndarray:
    size = recommender.links.item_count + 1
    matrix = np.zeros((size, size))
    for item in range(size):
        items, weights = recommender.similar(item, size)
        matrix[item, items] = weights
    return matrix


def test_one_step_by_hand() -> None:
    # 3 persons took 1 and then 2, and one 1 and then 3: w(1 -> 2) = 3 / (4 + 2), w(1 -> 3) = 1 / (4 + 2)
    rows: list[Row] = [row for unit in range(3) for row in ((unit, 1, 1.0, -1), (unit, 2, 2.0, -1))]

    weights = weights_of(fitted(shop(*rows, (3, 1, 1.0, -1), (3, 3, 5.0, -1), item_count=3)))

    np.testing.assert_allclose(weights, [[0] * 4, [0, 0, 3 / 6, 1 / 6], [0] * 4, [0] * 4], rtol=1e-6)


@pytest.mark.parametrize("fit_half_life_days", [10.0, float("inf")])
@pytest.mark.parametrize("entries_at_once", [10, 10_000])
def test_the_next_moment_is_regressed_on_all_before(
    fit_half_life_days: float, entries_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", entries_at_once)
    monkeypatch.setattr(module, "HALF_LIVES_READ", 60)
    interactions = random_shop(8, unit_count=20)
    size = interactions.item_count + 1
    newest = interactions.time.max()
    past, following = [], []
    for unit in range(20):
        mine = interactions.unit == unit
        moments = sorted(set(interactions.time[mine].tolist()))
        for number, moment in enumerate(moments[1:], start=1):
            lesson = 0.5 ** ((newest - moment) / SECONDS_PER_DAY / fit_half_life_days / 2)  # its root
            past.append(np.zeros(size))
            for back, earlier in enumerate(reversed(moments[:number])):
                np.add.at(past[-1], interactions.item[mine & (interactions.time == earlier)], lesson * 0.5**back)
            following.append(np.zeros(size))
            np.add.at(following[-1], interactions.item[mine & (interactions.time == moment)], lesson)
    x, y = np.array(past), np.array(following)
    expected = np.linalg.solve(x.T @ x + 2.0 * np.eye(size), x.T @ y)
    np.fill_diagonal(expected, 0)

    weights = weights_of(fitted(interactions, fit_half_life_days=fit_half_life_days))

    np.testing.assert_allclose(weights, expected, atol=2e-5)


def test_a_history_counts_half_a_moment_back_and_an_order_is_one_moment() -> None:
    recommender = fitted(shop((0, 1, 1, -1), (0, 2, 2, -1), (1, 3, 1, -1), (1, 2, 2, -1), item_count=3))
    one, three = (recommender.similar(item, 1)[1][0] for item in (1, 3))

    scores = recommender.score(visitors([(1, 0), (3, 50)], [], [(1, 50), (3, 50)], [(3, 0)], now_day=90))

    np.testing.assert_allclose(scores[:, 2], [one / 2 + three, 0, one + three, three], rtol=1e-6)


def test_only_the_most_frequent_items_of_a_large_catalogue_are_modelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ITEM_LIMIT", 2)
    rows: list[Row] = [(0, 1, 1, -1), (0, 3, 2, -1), (0, 2, 3, -1), (1, 1, 1, -1), (1, 2, 3, -1)]

    weights = weights_of(fitted(shop(*rows, item_count=3)))

    assert np.argwhere(weights).tolist() == [[1, 2]]


def test_only_the_largest_weights_are_kept() -> None:
    interactions = random_shop(9)
    every = weights_of(fitted(interactions))
    expected = np.where(np.abs(every) >= np.sort(np.abs(every), axis=1)[:, [-2]], every, 0)

    np.testing.assert_allclose(weights_of(fitted(interactions, link_count=2)), expected)


def test_an_empty_shop_scores_nothing() -> None:
    assert fitted(shop(item_count=2)).score(visitors([(1, 0)], now_day=1)).tolist() == [[0, 0, 0]]


def test_arrays_restore_it() -> None:
    recommender = fitted(random_shop(10))
    histories = visitors([(1, 0), (4, 3)], now_day=8)

    again = Transitions.from_arrays(recommender.arrays())

    assert again.score(histories).tobytes() == recommender.score(histories).tobytes()
