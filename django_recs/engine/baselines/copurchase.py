"""What else is in the baskets that hold an item: a directed relation, from the item that is there to the one to add."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, Interactions
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LIFT_POWER = 0.5
"""0 ranks by confidence p(j | i), which favours bestsellers; 1 by lift p(j | i) / p(j), which favours the rare."""
BASKET_LIMIT = 100
"""Lines of a basket that are paired; wholesale orders beyond it would make most of the pairs and say little."""
PAIRS_AT_ONCE = 4_000_000
"""Pairs counted at once, which bounds memory."""


@dataclass(frozen=True, kw_only=True)
class CoPurchase:
    """p(j | i) / p(j) ** `LIFT_POWER` over persons who bought both in one order."""

    name: ClassVar[str] = "co_purchase"
    supports_cold_items: ClassVar[bool] = False
    walk: Walk
    persons: Int32Array
    """(L,) distinct persons behind each link, so that a shelf can leave out what few have bought together."""

    def score(self, histories: Histories) -> FloatArray:
        return self.walk.score(histories)

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` strongest companions of ``item`` and their scores."""
        return self.walk.similar(item, limit)

    def bought_together(self, item: int, *, min_persons: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """Companions that at least ``min_persons`` persons bought with ``item``: items and scores, strongest first."""
        links = slice(int(self.walk.links.offsets[item]), int(self.walk.links.offsets[item + 1]))
        enough = np.flatnonzero(self.persons[links] >= min_persons)[:limit]
        return self.walk.links.items[links][enough], self.walk.links.weights[links][enough]

    def arrays(self) -> Arrays:
        return {**self.walk.arrays(), "persons": self.persons}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(walk=Walk.from_arrays(arrays), persons=np.asarray(arrays["persons"], dtype=np.int32))


def fit_co_purchase(
    interactions: Interactions, *, event_weights: WeightArray, history_half_life_days: float, link_count: int
) -> CoPurchase:
    """Counts the persons behind every pair of items of one order and keeps the strongest links of each item."""
    bought = interactions.where((interactions.event_type == PURCHASE_CODE) & (interactions.basket >= 0))
    pairs = _persons_of_pairs(bought)
    alone = np.maximum(_persons_of_items(bought), 1)
    share = alone / max(bought.unit_count, 1)
    rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    strength = pairs.copy()
    strength.data = pairs.data / alone[rows] / share[pairs.indices] ** LIFT_POWER
    links = Links.from_blocks([strength], link_count=link_count)
    origins = np.repeat(np.arange(links.item_count + 1), np.diff(links.offsets))
    persons = np.asarray(pairs[origins, links.items], dtype=np.int32).ravel() if len(origins) else links.items[:0]
    walk = Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights)
    return CoPurchase(walk=walk, persons=persons)


def _persons_of_items(bought: Interactions) -> npt.NDArray[np.int64]:
    size = bought.item_count + 1
    owned = np.unique(bought.unit.astype(np.int64) * size + bought.item)
    return np.bincount(owned % size, minlength=size)


def _persons_of_pairs(bought: Interactions) -> "csr_array":
    """(I + 1, I + 1) symmetric counts of distinct persons who had both items in one order."""
    from scipy.sparse import csr_array

    size = bought.item_count + 1
    total = csr_array((size, size), dtype=np.int64)
    for unit, first, second in _pairs_by_person(bought):
        pair = _distinct((unit * size + first) * size + second) % (size * size)
        total = total + csr_array((np.ones(len(pair), dtype=np.int64), (pair // size, pair % size)), shape=(size, size))
    return (total + total.T).tocsr()


def _distinct(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sorted keys, each once. `np.unique` hashes first, which is many times slower on millions of different keys."""
    keys = np.sort(keys)
    first = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    return np.asarray(keys[first], dtype=np.int64)


def _pairs_by_person(
    bought: Interactions,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Pairs (unit, item, larger item) of baskets, in runs that never split a unit."""
    if not len(bought):
        return
    lines = np.unique(np.stack([bought.unit, bought.basket, bought.item]).astype(np.int64), axis=1)
    changed = np.any(np.diff(lines[:2], axis=1) != 0, axis=0)
    starts = np.concatenate([[0], np.flatnonzero(changed) + 1, [lines.shape[1]]])
    units = lines[0, starts[:-1]]
    sizes = np.minimum(np.diff(starts), BASKET_LIMIT)
    last_of_unit = np.append(np.flatnonzero(np.diff(units)) + 1, len(units))
    done = 0
    pair_count = np.concatenate([[0], np.cumsum(sizes**2)])
    for stop in last_of_unit:
        if stop == len(units) or pair_count[stop] - pair_count[done] >= PAIRS_AT_ONCE:
            size, start = sizes[done:stop], starts[done:stop]
            basket = np.repeat(np.arange(stop - done), size**2)
            place = np.arange(len(basket)) - np.repeat(pair_count[done:stop] - pair_count[done], size**2)
            first, second = place // size[basket], place % size[basket]
            upper = first < second
            basket, first, second = basket[upper], first[upper], second[upper]
            yield units[done + basket], lines[2, start[basket] + first], lines[2, start[basket] + second]
            done = int(stop)
