"""Directed relations between items: looked at in one visit, bought in one order, bought in the order after.

Each is a set of arrows with the number of distinct persons behind it. An arrow's weight is p(j | i) / p(j) ** 0.5 over
persons: halfway between confidence, which favours bestsellers, and lift, which favours the rare. What goes together no
more often than chance would have it is no relation.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.pairs import (
    persons_of_items,
    persons_of_links,
    persons_of_pairs,
    persons_of_sequences,
)
from django_recs.engine.events import PURCHASE_CODE, VIEW_CODE
from django_recs.engine.interactions import FloatArray, Int32Array, Interactions
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LINK_COUNT = 60
"""Arrows kept per item: several times as many as a shelf has slots, since some products will be sold out."""
LIFT_POWER = 0.5
VISIT_GAP_SECONDS = 1_800
"""Views of one person that lie further apart belong to two visits."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Arrows from item to item, strongest first, each with the persons behind it."""

    links: Links
    persons: Int32Array
    """(L,) distinct persons behind each arrow."""

    def of(self, item: int, *, min_persons: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` strongest arrows of ``item`` with at least ``min_persons`` persons: items and weights (n,)."""
        rows = slice(int(self.links.offsets[item]), int(self.links.offsets[item + 1]))
        enough = np.flatnonzero(self.persons[rows] >= min_persons)[:limit]
        return self.links.items[rows][enough], self.links.weights[rows][enough]

    def arrays(self) -> Arrays:
        return {**self.links.arrays(), "persons": self.persons}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        links = Links.from_arrays(arrays)
        persons = np.asarray(arrays["persons"], dtype=np.int32)
        if persons.shape != links.items.shape:
            raise ValueError("There is not one number of persons for each link.")
        return cls(links=links, persons=persons)


def fit_also_viewed(interactions: Interactions) -> Relation:
    """Items that the same persons looked at within one visit."""
    viewed = _visits(interactions)
    return _relation(persons_of_pairs(viewed), viewed)


def fit_bought_together(interactions: Interactions) -> Relation:
    """Items of one order, less those that are alternatives to each other.

    Two mugs that many compare and few take home together are alternatives; a mug and its saucer are bought by those
    who look at both. So a pair counts by the share c / (c + v), where c persons bought both in one order and v more
    looked at both in one visit.
    """
    bought = interactions.where((interactions.event_type == PURCHASE_CODE) & (interactions.basket >= 0))
    together = persons_of_pairs(bought)
    compared = persons_of_pairs(_visits(interactions))
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    seen = np.asarray(compared[rows, together.indices]).ravel() if len(rows) else together.data
    return _relation(together, bought, together.data / np.maximum(seen, together.data))


def fit_bought_next(interactions: Interactions) -> Relation:
    """What the buyers of an item had in their next order, unless it was in the first one already."""
    bought = interactions.where((interactions.event_type == PURCHASE_CODE) & (interactions.basket >= 0))
    return _relation(persons_of_sequences(bought), bought)


def _visits(interactions: Interactions) -> Interactions:
    """The views, with the number of the visit as their basket."""
    viewed = interactions.where(interactions.event_type == VIEW_CODE)
    later = np.diff(viewed.time) > VISIT_GAP_SECONDS
    begins = (np.diff(viewed.unit) != 0) | later
    return replace(viewed, basket=np.concatenate([[0], np.cumsum(begins)])[: len(viewed)].astype(np.int32))


def _relation(pairs: "csr_array", interactions: Interactions, discount: np.ndarray | float = 1.0) -> Relation:
    alone = np.maximum(persons_of_items(interactions), 1)
    share = alone / max(interactions.unit_count, 1)
    rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    confidence = discount * pairs.data / alone[rows]
    strength = pairs.copy()
    strength.data = np.where(confidence > share[pairs.indices], confidence / share[pairs.indices] ** LIFT_POWER, 0)
    links = Links.from_blocks([strength], link_count=LINK_COUNT)
    return Relation(links=links, persons=persons_of_links(links.offsets, links.items, pairs))
