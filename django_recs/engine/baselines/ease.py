"""The linear autoencoder with a closed form: every item predicted from all others at once."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.matrices import unit_item_matrix
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, Interactions
from django_recs.engine.recommender import Arrays

ITEM_LIMIT = 8_000
"""Items with events beyond which `fit_ease` refuses: the dense inverse needs 12 bytes per pair of items."""


class TooManyItems(Exception):
    """The catalogue is too large for a dense inverse; the other recommenders do without this one."""


@dataclass(frozen=True, kw_only=True)
class Ease:
    """Item weights of EASE (Steck, 2019, arXiv 1905.03375, equation 8), the largest of each row only."""

    name: ClassVar[str] = "ease"
    supports_cold_items: ClassVar[bool] = False
    walk: Walk

    def score(self, histories: Histories) -> FloatArray:
        return self.walk.score(histories)

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` items that ``item`` speaks most strongly for or against, and the weights."""
        return self.walk.similar(item, limit)

    def arrays(self) -> Arrays:
        return self.walk.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(walk=Walk.from_arrays(arrays))


def fit_ease(
    interactions: Interactions,
    *,
    event_weights: WeightArray,
    fit_half_life_days: float,
    history_half_life_days: float,
    penalty: float,
    link_count: int,
) -> Ease:
    """Inverts the regularised Gram matrix of the items that have events.

    Args:
        penalty: the lambda of the paper.
        link_count: weights kept per item, the largest by absolute value.

    Raises:
        TooManyItems: more than `ITEM_LIMIT` items have events.
    """
    from scipy.sparse import csr_array

    matrix = unit_item_matrix(interactions, event_weights=event_weights, half_life_days=fit_half_life_days)
    known = np.unique(matrix.indices)
    if len(known) > ITEM_LIMIT:
        raise TooManyItems(f"{len(known):,} items have events; EASE is fitted up to {ITEM_LIMIT:,}.")
    size = interactions.item_count + 1
    gram = (matrix.T @ matrix).tocsr()[known][:, known].toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    kept = min(link_count, len(known))
    columns = (
        np.argpartition(-np.abs(weights), kept - 1, axis=1)[:, :kept] if kept else np.zeros((0, 0), dtype=np.int64)
    )
    values = np.take_along_axis(weights, columns, axis=1)
    rows = np.repeat(known, kept)
    sparse = csr_array((values.ravel(), (rows, known[columns.ravel()])), shape=(size, size))
    links = Links.from_blocks([sparse], link_count=link_count)
    return Ease(walk=Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights))
