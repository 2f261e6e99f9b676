"""What is bought in one order: persons counted by hand and by a twin of sets."""

from collections import defaultdict

import numpy as np
import pytest

from django_recs.engine.baselines import pairs as module
from django_recs.engine.baselines.copurchase import CoPurchase, fit_co_purchase
from django_recs.engine.events import VIEW_CODE
from django_recs.engine.interactions import Interactions
from tests.engine.by_hand import EQUAL, random_shop, shop, visitors


def fitted(interactions: Interactions, link_count: int = 50) -> CoPurchase:
    return fit_co_purchase(interactions, event_weights=EQUAL, history_half_life_days=10.0, link_count=link_count)


ORDERS = shop(
    (0, 1, 1, 0),  # three persons have phone 1 and case 2 in one order ...
    (0, 2, 1, 0),
    (0, 1, 2, 1),  # ... one of them twice, which counts once
    (0, 2, 2, 1),
    (1, 1, 1, 2),
    (1, 2, 1, 2),
    (2, 1, 1, 3),
    (2, 2, 1, 3),
    (3, 2, 1, 4),  # one has the case and cable 3 in different orders, a view does not count either
    (3, 3, 2, 5),
    (3, 1, 1, -1, VIEW_CODE),
    (4, 2, 1, 6),  # one has the case and the cable in one
    (4, 3, 1, 6),
    item_count=4,
)


def test_persons_are_counted_and_the_relation_has_a_direction() -> None:
    recommender = fitted(ORDERS)

    # p(j | i) / p(j) ** 0.5; of 5 persons 3 had item 1, 5 item 2, 2 item 3
    assert recommender.similar(1, 9)[0].tolist() == [2]
    np.testing.assert_allclose(recommender.similar(1, 9)[1], [3 / 3 / 1.0], rtol=1e-6)
    assert recommender.similar(2, 9)[0].tolist() == [1, 3]
    np.testing.assert_allclose(recommender.similar(2, 9)[1], [3 / 5 / 0.6**0.5, 1 / 5 / 0.4**0.5], rtol=1e-6)
    assert recommender.persons.tolist() == [3, 3, 1, 1]


def test_too_few_persons_are_left_out() -> None:
    recommender = fitted(ORDERS)

    assert recommender.bought_together(2, min_persons=2, limit=9)[0].tolist() == [1]
    assert recommender.bought_together(2, min_persons=1, limit=1)[0].tolist() == [1]
    assert recommender.bought_together(2, min_persons=4, limit=9)[0].tolist() == []
    assert recommender.bought_together(4, min_persons=1, limit=9)[0].tolist() == []


def twin(interactions: Interactions) -> dict[tuple[int, int], int]:
    """Persons per pair, by sets."""
    baskets: dict[tuple[int, int], set[int]] = defaultdict(set)
    for unit, basket, item in zip(interactions.unit, interactions.basket, interactions.item, strict=True):
        if basket >= 0:
            baskets[int(unit), int(basket)].add(int(item))
    persons: dict[tuple[int, int], set[int]] = defaultdict(set)
    for (unit, _), items in baskets.items():
        for first in items:
            for second in items - {first}:
                persons[first, second].add(unit)
    return {pair: len(units) for pair, units in persons.items()}


@pytest.mark.parametrize("pairs_at_once", [1, 20, 10**6])
def test_counts_equal_a_twin_of_sets_whatever_the_runs(monkeypatch: pytest.MonkeyPatch, pairs_at_once: int) -> None:
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", pairs_at_once)
    interactions = random_shop(6, unit_count=8, event_count=400)
    recommender = fitted(interactions)
    links = recommender.walk.links
    origins = np.repeat(np.arange(links.item_count + 1), np.diff(links.offsets))

    counted = dict(zip(zip(origins.tolist(), links.items.tolist(), strict=True), recommender.persons, strict=True))

    assert counted == twin(interactions)


def test_a_wholesale_order_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BASKET_LIMIT", 2)

    recommender = fitted(shop((0, 1, 1, 0), (0, 2, 1, 0), (0, 3, 1, 0), item_count=3))

    assert recommender.similar(1, 9)[0].tolist() == [2]
    assert recommender.similar(3, 9)[0].tolist() == []


def test_a_shop_without_orders_knows_no_companions() -> None:
    recommender = fitted(shop((0, 1, 1, -1, VIEW_CODE), (0, 2, 1, -1, VIEW_CODE), item_count=2))

    assert recommender.score(visitors([(1, 1)], now_day=1)).tolist() == [[0, 0, 0]]
    assert recommender.persons.dtype == np.int32


def test_arrays_restore_it() -> None:
    recommender = fitted(random_shop(7))
    histories = visitors([(1, 0), (4, 3)], now_day=8)

    again = CoPurchase.from_arrays(recommender.arrays())

    assert again.score(histories).tobytes() == recommender.score(histories).tobytes()
    assert again.bought_together(1, min_persons=2, limit=9)[0].tolist() == (
        recommender.bought_together(1, min_persons=2, limit=9)[0].tolist()
    )
