"""EASE: the constrained least-squares problem itself is the oracle."""

import numpy as np
import pytest

from django_recs.engine.baselines import ease as module
from django_recs.engine.baselines.ease import Ease, fit_ease
from django_recs.engine.interactions import Interactions
from tests.engine.by_hand import EQUAL, random_shop, shop, visitors


def fitted(interactions: Interactions, *, penalty: float = 2.0, link_count: int = 99) -> Ease:
    return fit_ease(
        interactions,
        event_weights=EQUAL,
        fit_half_life_days=float("inf"),
        history_half_life_days=float("inf"),
        penalty=penalty,
        link_count=link_count,
    )


def weights_of(recommender: Ease) -> np.ndarray:
    size = recommender.walk.links.item_count + 1
    matrix = np.zeros((size, size))
    for item in range(size):
        items, weights = recommender.similar(item, size)
        matrix[item, items] = weights
    return matrix


def test_two_items_by_hand() -> None:
    # 3 persons have both, 1 has item 1 alone: X'X = [[4, 3], [3, 3]]; with penalty 2, w(2 -> 1) = 3 / (3 + 2)
    rows = [(unit, item, 1.0, unit) for unit in range(3) for item in (1, 2)]

    weights = weights_of(fitted(shop(*rows, (3, 1, 1.0, 3), item_count=2)))

    np.testing.assert_allclose(weights, [[0, 0, 0], [0, 0, 3 / 6], [0, 3 / 5, 0]], rtol=1e-6)


@pytest.mark.parametrize("penalty", [0.5, 20.0])
def test_each_column_is_a_ridge_regression_on_the_other_items(penalty: float) -> None:
    interactions = random_shop(8, unit_count=20)
    seen = np.zeros((20, interactions.item_count + 1))
    seen[interactions.unit, interactions.item] = 1
    expected = np.zeros((interactions.item_count + 1, interactions.item_count + 1))
    for item in range(1, interactions.item_count + 1):
        others = [other for other in range(1, interactions.item_count + 1) if other != item]
        known = seen[:, others]
        expected[others, item] = np.linalg.solve(
            known.T @ known + penalty * np.eye(len(others)), known.T @ seen[:, item]
        )

    weights = weights_of(fitted(interactions, penalty=penalty))

    np.testing.assert_allclose(weights, expected, atol=2e-5)


def test_only_the_largest_weights_are_kept() -> None:
    interactions = random_shop(9)
    every = weights_of(fitted(interactions))
    expected = np.where(np.abs(every) >= np.sort(np.abs(every), axis=1)[:, [-2]], every, 0)

    np.testing.assert_allclose(weights_of(fitted(interactions, link_count=2)), expected)


def test_an_item_without_events_is_left_alone() -> None:
    recommender = fitted(shop((0, 1, 1, 0), (0, 3, 1, 0), item_count=3))

    assert recommender.similar(2, 9)[0].tolist() == []
    assert recommender.similar(1, 9)[0].tolist() == [3]


def test_beyond_the_memory_limit_the_items_that_people_took_most_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(unit, item, 1.0, unit) for unit in range(6) for item in (2, 5, 7) if unit < item]
    rows += [(unit, 3, 1.0, unit) for unit in range(2)]
    monkeypatch.setattr(module, "MEMORY_LIMIT_BYTES", 3 * 3 * 4)

    limited = weights_of(fitted(shop(*rows, item_count=9)))

    monkeypatch.undo()
    alone = weights_of(fitted(shop(*(row for row in rows if row[1] in (2, 5, 7)), item_count=9)))
    assert sorted({(row, column) for row, column in np.argwhere(limited).tolist()}) == [
        (row, column) for row in (2, 5, 7) for column in (2, 5, 7) if row != column
    ]
    np.testing.assert_allclose(limited, alone, rtol=1e-5)


def test_a_catalogue_of_several_blocks_is_inverted_as_one() -> None:
    interactions = random_shop(11, unit_count=300, item_count=1_200, event_count=4_000)
    seen = np.zeros((300, 1_201))
    seen[interactions.unit, interactions.item] = 1
    known = np.unique(interactions.item)
    inverse = np.linalg.inv(seen[:, known].T @ seen[:, known] + 2.0 * np.eye(len(known)))
    expected = np.zeros((1_201, 1_201))
    expected[np.ix_(known, known)] = inverse / -np.diag(inverse)
    np.fill_diagonal(expected, 0)

    weights = weights_of(fitted(interactions, link_count=1_200))

    np.testing.assert_allclose(weights, expected, atol=2e-5)


def test_an_empty_shop_scores_nothing() -> None:
    assert fitted(shop(item_count=2)).score(visitors([(1, 0)], now_day=1)).tolist() == [[0, 0, 0]]


def test_arrays_restore_it() -> None:
    recommender = fitted(random_shop(10))
    histories = visitors([(1, 0), (4, 3)], now_day=8)

    assert Ease.from_arrays(recommender.arrays()).score(histories).tobytes() == recommender.score(histories).tobytes()
