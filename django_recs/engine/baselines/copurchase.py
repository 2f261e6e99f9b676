"""What else is in the baskets that hold an item: a directed relation, from the item that is there to the one to add."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.pairs import persons_of_items, persons_of_links, persons_of_pairs
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, Interactions
from django_recs.engine.recommender import Arrays

LIFT_POWER = 0.5
"""0 ranks by confidence p(j | i), which favours bestsellers; 1 by lift p(j | i) / p(j), which favours the rare."""


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
    pairs = persons_of_pairs(bought)
    alone = np.maximum(persons_of_items(bought), 1)
    share = alone / max(bought.unit_count, 1)
    rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    strength = pairs.copy()
    strength.data = pairs.data / alone[rows] / share[pairs.indices] ** LIFT_POWER
    links = Links.from_blocks([strength], link_count=link_count)
    persons = persons_of_links(links.offsets, links.items, pairs)
    walk = Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights)
    return CoPurchase(walk=walk, persons=persons)
