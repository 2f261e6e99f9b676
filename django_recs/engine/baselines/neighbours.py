"""Items that the same people take (`ItemKNN`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.matrices import product_blocks, unit_item_matrix
from django_recs.engine.baselines.pairs import persons_of_links
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, Interactions
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HISTORY_DAMPING = 0.25
"""Each person's events are divided by (number of items) ** this: a long history says less about each of its pairs."""


@dataclass(frozen=True, kw_only=True)
class ItemKNN:
    """Cosine between items over the people who took them (Sarwar et al., 2001, section 3.1.1), the nearest only."""

    name: ClassVar[str] = "item_knn"
    supports_cold_items: ClassVar[bool] = False
    walk: Walk
    persons: Int32Array | None = None
    """(L,) distinct persons who took both ends of each link; None in artifacts that were written without."""

    def score(self, histories: Histories) -> FloatArray:
        return self.walk.score(histories)

    def similar(self, item: int, limit: int, *, min_persons: int = 1) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` nearest items and their similarities, 0 to 1.

        Only neighbours that at least ``min_persons`` persons share: with an artifact that did not count them, none
        where more than one is asked for.
        """
        if min_persons <= 1:
            return self.walk.similar(item, limit)
        links = slice(int(self.walk.links.offsets[item]), int(self.walk.links.offsets[item + 1]))
        persons = np.zeros(0, dtype=np.int32) if self.persons is None else self.persons[links]
        enough = np.flatnonzero(persons >= min_persons)[:limit]
        return self.walk.links.items[links][enough], self.walk.links.weights[links][enough]

    def arrays(self) -> Arrays:
        counted = {} if self.persons is None else {"persons": self.persons}
        return {**self.walk.arrays(), **counted}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        persons = np.asarray(arrays["persons"], dtype=np.int32) if "persons" in arrays else None
        walk = Walk.from_arrays(arrays)
        if persons is not None and persons.shape != walk.links.items.shape:
            raise ValueError("There is not one number of persons for each link.")
        return cls(walk=walk, persons=persons)


def fit_item_knn(
    interactions: Interactions,
    *,
    event_weights: WeightArray,
    fit_half_life_days: float,
    history_half_life_days: float,
    neighbour_count: int,
    shrinkage: float,
) -> ItemKNN:
    """Measures all pairs of items and keeps the nearest ``neighbour_count`` of each.

    Args:
        fit_half_life_days: age at which an event counts half for the similarity of two items.
        history_half_life_days: age at which an event of a visitor counts half when scoring.
        shrinkage: added to the denominator of the cosine, so that pairs with little support stay small.
    """
    matrix = unit_item_matrix(interactions, event_weights=event_weights, half_life_days=fit_half_life_days)
    lengths = np.diff(matrix.indptr)
    matrix.data /= np.repeat(np.maximum(lengths, 1) ** HISTORY_DAMPING, lengths)
    norms = np.sqrt(np.bincount(matrix.indices, weights=matrix.data**2, minlength=matrix.shape[1]))
    links = Links.from_blocks(_cosines(matrix, norms, shrinkage), link_count=neighbour_count)
    walk = Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights)
    return ItemKNN(walk=walk, persons=_persons_of(links, matrix))


def _persons_of(links: Links, matrix: "csr_array") -> Int32Array:
    """(L,) persons who took both ends of each link."""
    taken = matrix.copy()
    taken.data = np.ones(len(taken.data), dtype=np.int32)
    counts = [links.items[:0]]
    row = 0
    for block in product_blocks(taken.T.tocsr(), taken):
        offsets = links.offsets[row : row + block.shape[0] + 1]
        counts.append(persons_of_links(offsets - offsets[0], links.items[offsets[0] : offsets[-1]], block))
        row += block.shape[0]
    return np.concatenate(counts)


def _cosines(matrix: "csr_array", norms: npt.NDArray[np.float64], shrinkage: float) -> Iterator["csr_array"]:
    first_row = 0
    for block in product_blocks(matrix.T.tocsr(), matrix):
        rows = np.repeat(np.arange(first_row, first_row + block.shape[0]), np.diff(block.indptr))
        block.data /= norms[rows] * norms[block.indices] + shrinkage
        first_row += block.shape[0]
        yield block
