"""What a visitor's events say besides their items, as numbers fitted on the events of training."""

import numpy as np

from django_recs.engine.interactions import IntArray, Interactions


def fit_gap_edges(interactions: Interactions, *, bucket_count: int = 16) -> IntArray:
    """Edges (G,) in seconds that spread the pauses between a unit's events evenly over the buckets.

    The first bucket is "at the same moment", such as the lines of one order.
    """
    gaps = np.diff(interactions.time)[np.diff(interactions.unit) == 0]
    pauses = gaps[gaps > 0]
    if not len(pauses):
        return np.array([1], dtype=np.int64)
    edges = np.quantile(pauses, np.linspace(0, 1, bucket_count)[1:-1]).astype(np.int64)
    return np.unique(np.concatenate([[1], edges])).astype(np.int64)
