"""Sparse matrices of units and items that the neighbour models are fitted on. For workers only: imports scipy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from django_recs.engine.baselines.decay import WeightArray, decayed
from django_recs.engine.interactions import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK_ROWS = 512
"""Rows of an item-to-item product that are made at once, which bounds memory."""


def unit_item_matrix(
    interactions: Interactions, *, event_weights: WeightArray, half_life_days: float, cap: float = 1.0
) -> "csr_array":
    """(U, I + 1) decayed sums of event weights as seen at the last event, each sum capped at ``cap``."""
    from scipy.sparse import csr_array

    now = interactions.time.max(initial=0)
    weights = decayed(event_weights[interactions.event_type], now - interactions.time, half_life_days)
    told = weights > 0
    shape = (interactions.unit_count, interactions.item_count + 1)
    matrix = csr_array((weights[told], (interactions.unit[told], interactions.item[told])), shape=shape)
    matrix.sum_duplicates()
    matrix.data = np.minimum(matrix.data, cap)
    return matrix


def product_blocks(left: "csr_array", right: "csr_array") -> Iterator["csr_array"]:
    """Runs of rows of ``left @ right`` from top to bottom, never the whole of it."""
    for start in range(0, left.shape[0], BLOCK_ROWS):
        yield left[start : start + BLOCK_ROWS] @ right
