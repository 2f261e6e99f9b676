"""Novelty, diversity and popularity of lists, against fractions written by hand and twins in pure Python."""

import math
from itertools import combinations

import numpy as np
import pytest

from django_recs.engine.evaluation.variety import (
    ItemTraits,
    diversity,
    exposures,
    gini,
    history_popularity,
    item_traits,
    novelty,
    popularity,
    popularity_lift,
    popularity_parts,
    shares_by_part,
)
from django_recs.engine.events import VIEW_CODE
from tests.engine.by_hand import EQUAL, content, shop, visitors

WORDS = content("red cup", "red cup", "blue plate", "red plate", "")


def traits(counts: list[int], person_count: int = 7) -> ItemTraits:
    """Items 1 to 5, taken by so many of seven persons."""
    bought = shop(
        *((unit, item, 1, unit) for item, count in enumerate(counts, start=1) for unit in range(count)),
        *((person_count - 1, 1, 2, 99) for _ in range(1 if max(counts) < person_count else 0)),
        item_count=5,
        unit_count=person_count,
    )
    return item_traits(bought, WORDS, event_weights=EQUAL)


def test_traits_count_persons_and_not_purchases() -> None:
    past = shop(
        (0, 1, 1, 0), (0, 1, 2, 1), (1, 1, 1, 2), (1, 2, 1, 2), (2, 3, 1, -1, VIEW_CODE), item_count=5, unit_count=4
    )

    found = item_traits(past, WORDS, event_weights=EQUAL)

    assert found.taker_counts.tolist() == [0, 2, 1, 0, 0, 0]
    assert found.person_count == 2  # whoever only looked took nothing
    assert found.popularity.tolist() == [0, 1, 0.5, 0, 0, 0]


def test_without_purchases_every_event_takes() -> None:
    past = shop((0, 1, 1, -1, VIEW_CODE), (1, 2, 1, -1, VIEW_CODE), item_count=5)

    assert item_traits(past, WORDS, event_weights=EQUAL).taker_counts.tolist() == [0, 1, 1, 0, 0, 0]


def test_novelty_is_the_mean_self_information() -> None:
    known = traits([7, 3, 1, 0, 0])
    top = np.array([[1, 2, 3], [4, -1, -1], [-1, -1, -1]])

    found = novelty(top, known, 2)

    assert found[:2].tolist() == [(math.log2(8 / 8) + math.log2(8 / 4)) / 2, math.log2(8 / 1)]
    assert math.isnan(found[2])


def test_popularity_of_lists_and_of_histories_whose_double_items_count_once() -> None:
    known = traits([7, 3, 1, 0, 0])

    assert popularity(np.array([[2, 3, 1]]), known, 2).tolist() == pytest.approx([(3 / 7 + 1 / 7) / 2])
    had = history_popularity(visitors([(1, 0.0), (2, 0.0), (1, 0.5)], [], [(5, 0.0)], now_day=1), known)
    assert had[[0, 2]].tolist() == pytest.approx([(7 / 7 + 3 / 7) / 2, 0])
    assert math.isnan(had[1])


def test_popularity_lift_is_a_ratio_of_means_with_its_error() -> None:
    listed, had = np.array([0.4, 0.8, 0.9, np.nan]), np.array([0.2, 0.2, np.nan, 0.5])

    lift = popularity_lift(listed, had)

    # of the two queries that have both: ratio 0.6 / 0.2 = 3; deviations 0.4 - 0.6 and 0.8 - 0.6
    assert lift is not None
    assert (lift.mean, lift.se) == pytest.approx((2.0, math.sqrt(2 * 0.2**2) / (0.2 * math.sqrt(2))))


@pytest.mark.parametrize(("listed", "had"), [([], []), ([0.3], [math.nan]), ([0.3, 0.3], [0.0, 0.0])])
def test_popularity_lift_of_nothing_is_unknown(listed: list[float], had: list[float]) -> None:
    assert popularity_lift(np.array(listed), np.array(had)) is None


def test_diversity_is_one_minus_the_mean_cosine_of_all_pairs() -> None:
    known = traits([1, 1, 1, 1, 1])
    top = np.array([[1, 2, 3], [1, 3, 4], [1, 5, -1], [1, 2, 5]])

    found = diversity(top, known, 3)

    rows = known.words.toarray()

    def twin(items: list[int]) -> float:
        pairs = list(combinations(items, 2))
        return sum(1 - float(rows[one] @ rows[other]) for one, other in pairs) / len(pairs)

    assert rows[1] @ rows[3] == 0  # "red cup" and "blue plate" share no word
    assert found[[0, 1]].tolist() == pytest.approx([twin([1, 2, 3]), twin([1, 3, 4])])
    assert found[0] == pytest.approx(2 / 3)  # of three pairs one is alike
    assert math.isnan(found[2])  # the second item has no words
    assert found[3] == pytest.approx(0)


def test_gini_of_exposures() -> None:
    assert gini(np.array([5, 5, 5])) == 0
    assert gini(np.array([0, 0, 9, 0])) == 1
    # shares 1/6, 2/6, 3/6: (-2 * 1 + 0 * 2 + 2 * 3) / 6 / 2
    assert gini(np.array([3, 1, 2])) == pytest.approx(1 / 3)
    assert (gini(np.array([4])), gini(np.zeros(3, dtype=np.int64)), gini(np.zeros(0, dtype=np.int64))) == (0, 0, 0)


def test_exposures_count_the_first_places() -> None:
    assert exposures(np.array([[3, 1, 2], [3, -1, -1]]), 5, 2).tolist() == [0, 1, 0, 2, 0]


def test_parts_run_from_the_most_popular_and_ties_fall_to_the_lower_number() -> None:
    past = shop(*((unit, item, 1, unit) for item in range(1, 21) for unit in range(item // 2)), item_count=21)
    known = item_traits(past, content(*["x"] * 21), event_weights=EQUAL)
    candidates = np.array([False] + [True] * 20 + [False])

    parts = popularity_parts(known, candidates)

    # takers of items 1 to 20: 0 1 1 2 2 3 3 ... 9 9 10; two items per part: 20 and 18, 19 and 16, 17 and 14, ...
    assert parts.tolist() == [-1, 9, 8, 9, 7, 8, 6, 7, 5, 6, 4, 5, 3, 4, 2, 3, 1, 2, 0, 1, 0, -1]
    counts = np.zeros(22, dtype=np.int64)
    counts[[20, 16, 1, 21]] = [3, 1, 4, 100]
    assert shares_by_part(counts, parts) == [3 / 8, 1 / 8, 0, 0, 0, 0, 0, 0, 0, 4 / 8]
    assert shares_by_part(np.zeros(22, dtype=np.int64), parts) == [0.0] * 10
