"""The linear autoencoder with a closed form: every item predicted from all others at once.

Beside `transitions`, which models fewer items, this is the only dense table of items x items in the package, so memory
would grow with the square of the catalogue. It is kept within `MEMORY_LIMIT_BYTES`: beyond, the items that people took
most are fitted and the rest is left to the item neighbours, which have no such table.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.matrices import BLOCK_ROWS as PRODUCT_ROWS
from django_recs.engine.baselines.matrices import product_blocks, unit_item_matrix
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, IntArray, Interactions
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MEMORY_LIMIT_BYTES = 2**30
"""Of the one float32 matrix that is inverted in place: 16,384 items."""
BLOCK_ROWS = 512
"""Rows that are worked on at once where a copy is needed."""


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
    """
    from scipy.sparse import csr_array

    matrix = unit_item_matrix(interactions, event_weights=event_weights, half_life_days=fit_half_life_days)
    known = _most_taken(matrix, int((MEMORY_LIMIT_BYTES / 4) ** 0.5))
    weights = _inverse(matrix[:, known], penalty)
    divisors = -np.diag(weights).copy()
    kept = min(link_count, len(known))
    columns = np.zeros((len(known), kept), dtype=np.int64)
    values = np.zeros((len(known), kept), dtype=np.float32)
    for start in range(0, len(known) if kept else 0, BLOCK_ROWS):
        block = weights[start : start + BLOCK_ROWS] / divisors
        block[np.arange(len(block)), np.arange(start, start + len(block))] = 0
        best = np.argpartition(-np.abs(block), kept - 1, axis=1)[:, :kept]
        columns[start : start + len(block)] = best
        values[start : start + len(block)] = np.take_along_axis(block, best, axis=1)
    size = interactions.item_count + 1
    rows = np.repeat(known, kept)
    sparse = csr_array((values.ravel(), (rows, known[columns.ravel()])), shape=(size, size))
    links = Links.from_blocks([sparse], link_count=link_count)
    return Ease(walk=Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights))


def _most_taken(matrix: "csr_array", limit: int) -> IntArray:
    """The ``limit`` items with the largest column sums above 0, ascending; ties go to the lower number."""
    taken = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
    best = np.argsort(-taken, kind="stable")[:limit]
    return np.sort(best[taken[best] > 0]).astype(np.int64)


def _inverse(matrix: "csr_array", penalty: float) -> FloatArray:
    """(X'X + penalty I)^-1 of X (U, K), by a Cholesky factorisation that overwrites the one table of (K, K)."""
    from scipy.linalg.lapack import spotrf, spotri

    size = matrix.shape[1]
    table = np.empty((size, size), dtype=np.float32, order="F")
    if not size:
        return table
    for start, block in zip(range(0, size, PRODUCT_ROWS), product_blocks(matrix.T.tocsr(), matrix), strict=True):
        table[:, start : start + block.shape[0]] = block.toarray().T  # X'X is symmetric, and columns lie together
    table[np.diag_indices(size)] += penalty
    factor, _ = spotrf(table, lower=1, overwrite_a=1)
    inverse: FloatArray
    inverse, _ = spotri(factor, lower=1, overwrite_c=1)
    for start in range(0, size, BLOCK_ROWS):  # LAPACK fills one triangle
        stop = min(start + BLOCK_ROWS, size)
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
        corner = inverse[start:stop, start:stop]
        inverse[start:stop, start:stop] = np.tril(corner) + np.tril(corner, -1).T
    return inverse
