"""Relations between items: who stands behind each arrow, and what makes an arrow strong."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from django_recs.engine.baselines import pairs as module
from django_recs.engine.events import PURCHASE_CODE, VIEW_CODE
from django_recs.engine.interactions import Interactions
from django_recs.engine.shelves.relations import (
    Relation,
    fit_also_viewed,
    fit_bought_next,
    fit_bought_together,
)
from tests.engine.by_hand import Row, random_shop, shop

HOUR = 1 / 24


def arrows(relation: Relation) -> dict[tuple[int, int], int]:
    """Persons behind each arrow."""
    origins = np.repeat(np.arange(relation.links.item_count + 1), np.diff(relation.links.offsets))
    ends = zip(origins.tolist(), relation.links.items.tolist(), strict=True)
    return dict(zip(ends, relation.persons.tolist(), strict=True))


def views(unit: int, item: int, day: float) -> Row:
    return (unit, item, day, -1, VIEW_CODE)


def test_a_visit_ends_after_half_an_hour_without_a_view() -> None:
    interactions = shop(
        views(0, 1, 1.0),
        views(0, 2, 1.0 + 0.4 * HOUR),
        views(0, 3, 1.0 + HOUR),
        views(1, 1, 1.0),
        views(1, 2, 1.0),
        item_count=3,
        unit_count=9,
    )

    assert arrows(fit_also_viewed(interactions)) == {(1, 2): 2, (2, 1): 2}


def test_a_person_counts_once_however_often_they_looked() -> None:
    interactions = shop(*(views(0, item, day) for day in (1, 2, 3) for item in (1, 2)), item_count=2, unit_count=9)

    assert arrows(fit_also_viewed(interactions)) == {(1, 2): 1, (2, 1): 1}


def test_only_arrows_with_enough_persons_are_told() -> None:
    rows = [(unit, item, 1.0, unit) for unit in range(5) for item in (1, 2)]
    relation = fit_bought_together(shop(*rows, (9, 1, 1.0, 9), (9, 3, 1.0, 9), item_count=3))

    assert relation.of(1, min_persons=5, limit=9)[0].tolist() == [2]
    assert sorted(relation.of(1, min_persons=1, limit=9)[0].tolist()) == [2, 3]
    assert relation.of(1, min_persons=6, limit=9)[0].tolist() == []


def test_what_is_compared_and_not_taken_together_is_an_alternative() -> None:
    """Four of 40 buy mug (1) and saucer (2), four mug and another mug (3); twelve more only look at both mugs."""
    bought = [(unit, item, 1.0, unit) for unit in range(4) for item in (1, 2)]
    bought += [(unit, item, 1.0, unit) for unit in range(4, 8) for item in (1, 3)]
    compared = [views(unit, item, 1.0) for unit in range(8, 20) for item in (1, 3)]

    relation = fit_bought_together(shop(*bought, *compared, item_count=3, unit_count=40))
    items, weights = relation.of(1, min_persons=1, limit=9)

    # p(2 | 1) / sqrt(p(2)) = (4 / 8) / sqrt(4 / 40); the other mug's weight times 4 / 12
    assert items.tolist() == [2, 3]
    assert weights.tolist() == pytest.approx([0.5 / 0.1**0.5, 0.5 / 0.1**0.5 / 3])


def test_what_was_bought_next_is_directed_and_leaves_out_what_was_there() -> None:
    interactions = shop(
        (0, 1, 1.0, 10),
        (0, 2, 1.0, 10),
        (0, 2, 5.0, 11),
        (0, 3, 5.0, 11),
        (1, 1, 2.0, 12),
        (1, 3, 9.0, 13),
        (1, 1, 20.0, 14),
        item_count=3,
        unit_count=9,
    )

    assert arrows(fit_bought_next(interactions)) == {(1, 3): 2, (2, 3): 1, (3, 1): 1}


def test_baskets_follow_each_other_by_time_and_not_by_number() -> None:
    interactions = shop((0, 1, 1.0, 99), (0, 2, 5.0, 3), item_count=2, unit_count=9)

    assert arrows(fit_bought_next(interactions)) == {(1, 2): 1}


def twin_of_sequences(interactions: Interactions) -> dict[tuple[int, int], int]:
    """Sets of persons, basket by basket."""
    baskets: dict[int, dict[int, set[int]]] = defaultdict(dict)
    names = ("unit", "item", "event_type", "time", "basket")
    for unit, item, type_, time, basket in zip(*(getattr(interactions, name) for name in names), strict=True):
        if type_ == PURCHASE_CODE and basket >= 0:
            baskets[int(unit)].setdefault(int(time), set()).add(int(item))
    persons: dict[tuple[int, int], set[int]] = defaultdict(set)
    for unit, by_time in baskets.items():
        for earlier, later in pairwise(sorted(by_time)):
            for first in by_time[earlier]:
                for second in by_time[later] - by_time[earlier]:
                    persons[first, second].add(unit)
    return {pair: len(units) for pair, units in persons.items()}


@pytest.mark.parametrize("pairs_at_once", [1, 30, 10**6])
def test_sequences_equal_a_twin_of_sets_whatever_the_runs(monkeypatch: pytest.MonkeyPatch, pairs_at_once: int) -> None:
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", pairs_at_once)
    interactions = random_shop(4, unit_count=8, event_count=300)

    bought = interactions.where(interactions.event_type == PURCHASE_CODE)
    counts = module.persons_of_sequences(bought).tocoo()

    pairs = zip(counts.row.tolist(), counts.col.tolist(), strict=True)
    assert dict(zip(pairs, counts.data.tolist(), strict=True)) == twin_of_sequences(interactions)


def test_what_goes_together_by_chance_alone_is_no_relation() -> None:
    """Everybody has a bag (2), so that it says nothing about the mug (1)."""
    rows = [(unit, 2, 1.0, unit) for unit in range(10)] + [(unit, 1, 1.0, unit) for unit in range(5)]

    assert arrows(fit_bought_together(shop(*rows, item_count=2))) == {}


def test_a_shop_without_events_has_no_arrows() -> None:
    nothing = shop(item_count=2)

    assert [arrows(fit(nothing)) for fit in (fit_also_viewed, fit_bought_together, fit_bought_next)] == [{}, {}, {}]


def test_arrays_restore_it_and_must_fit() -> None:
    rows = [(unit, item, 1.0, unit) for unit in range(4) for item in (1, 2)]
    relation = fit_bought_together(shop(*rows, item_count=2, unit_count=9))

    assert arrows(Relation.from_arrays(relation.arrays())) == arrows(relation)
    with pytest.raises(ValueError, match="one number of persons"):
        Relation.from_arrays({**relation.arrays(), "persons": relation.persons[:-1]})
