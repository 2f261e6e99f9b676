"""Where item embeddings start: near each other for items that the same people take."""

import numpy as np
import torch
from torch import Tensor

from django_recs.engine.interactions import Interactions

ITERATIONS, SPARE_COUNT = 4, 8
"""Power iterations and spare directions of the randomised decomposition."""


def co_occurrence_vectors(interactions: Interactions, width: int) -> Tensor:
    """(I + 1, width) directions of length 1; zeros for items without events.

    The leading right singular vectors of the units-by-items matrix whose rows and columns are divided by the roots of
    their counts (Dhillon 2001, "Co-clustering documents and words using bipartite spectral graph partitioning", section
    4), by the randomised method of Halko et al. (2011). The first one says how popular an item is and is taken out.
    Time and memory are linear in events; no table of items by items is made.
    """
    size = interactions.item_count + 1
    pairs = np.unique(interactions.unit.astype(np.int64) * size + interactions.item)
    unit, item = np.divmod(pairs, size)
    vectors = torch.zeros(size, width)
    count = min(width, interactions.unit_count - 1, interactions.item_count)
    if count < 1 or not len(pairs):
        return vectors
    per_unit, per_item = np.bincount(unit, minlength=interactions.unit_count), np.bincount(item, minlength=size)
    matrix = torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([unit, item])),
        torch.from_numpy((1 / np.sqrt(per_unit[unit] * per_item[item])).astype(np.float32)),
        (interactions.unit_count, size),
        check_invariants=False,
    )
    rank = min(count + 1 + SPARE_COUNT, *matrix.shape)
    _, strengths, directions = torch.svd_lowrank(matrix.coalesce(), q=rank, niter=ITERATIONS)
    popularity = torch.from_numpy(np.sqrt(per_item / per_item.sum()).astype(np.float32))[:, None]  # the leading one
    found = directions * strengths
    found, strengths, _ = torch.linalg.svd(found - popularity @ (popularity.T @ found), full_matrices=False)
    found = found[:, :count] * strengths[:count].sqrt()
    vectors[:, :count] = found / found.norm(dim=1, keepdim=True).clamp(min=1e-9)
    vectors[torch.from_numpy(per_item == 0)] = 0
    return vectors
