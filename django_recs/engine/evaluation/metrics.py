"""Ranking metrics, one value per query; `mean_and_error` turns them into a figure with its standard error.

All take ``hits`` (Q, K) bool, whether the item at each place of a ranked list is a true one, best place first, and
``true_counts`` (Q,), the number of true items of each query, at least 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def top_items(scores: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.int64]:
    """(B, count) columns of the highest scores of each row, best first; ties fall to the lower column.

    Columns of -inf are never returned; places left over hold -1. A score that is NaN raises `ValueError`.
    """
    if np.isnan(scores).any():
        raise ValueError("A score is not a number.")
    width = min(count, scores.shape[1])
    top = np.full((len(scores), count), -1, dtype=np.int64)
    if not scores.size:
        return top
    last_in = -np.partition(-scores, width - 1, axis=1)[:, width - 1]
    for row, values in enumerate(scores):
        columns = np.flatnonzero((values >= last_in[row]) & (values > -np.inf))
        best = columns[np.argsort(-values[columns], kind="stable")][:width]
        top[row, : len(best)] = best
    return top


def ndcg(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """Normalised discounted cumulative gain with binary gain (Järvelin and Kekäläinen, 2002, equations 2 to 5).

    sum over hit places p = 1..k of 1 / log2(p + 1), over the same sum when the first min(k, true) places are hits.
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])
    return np.asarray(hits[:, :k] @ discounts[: hits.shape[1]] / ideal[np.minimum(true_counts, k)], dtype=np.float64)


def precision(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """Hits in the first k places over k, also where the list is shorter."""
    del true_counts
    return np.asarray(hits[:, :k].sum(axis=1) / k, dtype=np.float64)


def recall(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """Hits in the first k places over all true items."""
    return np.asarray(hits[:, :k].sum(axis=1) / true_counts, dtype=np.float64)


def hit_rate(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """1 where the first k places hold a true item, else 0."""
    del true_counts
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def average_precision(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """Sum of precision at each hit place over min(true, k) (Manning, Raghavan and Schütze, 2008, section 8.4)."""
    first = hits[:, :k]
    precision = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    return np.asarray((precision * first).sum(axis=1) / np.minimum(true_counts, k), dtype=np.float64)


def reciprocal_rank(hits: BoolArray, true_counts: Counts, k: int) -> Values:
    """1 over the place of the first hit in the first k, 0 without one (Voorhees, 1999)."""
    del true_counts
    first = hits[:, :k]
    return np.where(first.any(axis=1), 1.0 / (1 + first.argmax(axis=1)), 0.0)


def coverage(top: npt.NDArray[np.int64], candidates: BoolArray, k: int) -> float:
    """Share of the candidates (I + 1,) that are in anybody's first k of ``top`` (Q, K); 0 without candidates."""
    shown = np.unique(top[:, :k])
    return float((shown > 0).sum() / max(candidates.sum(), 1))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean over queries and its standard error."""

    mean: float
    se: float | None
    """None where fewer than two queries leave it unknown."""


def clustered_error(values: Values, clusters: npt.NDArray[np.integer]) -> float:
    """Standard error of the mean of the differences ``values`` (Q,) if in truth there is none; clusters move together.

    sqrt(sum over clusters of (sum of values)^2) / Q (Liang and Zeger, 1986, the "sandwich", at a mean of 0). The mean
    is at most sqrt(number of clusters) such errors, so that fewer than four witnesses never make two errors.
    """
    if not len(values):
        return 0.0
    sums = np.bincount(clusters, weights=values)
    return float(np.sqrt((sums**2).sum()) / len(values))


def mean_and_error(values: Values) -> Figure:
    """Mean over Q queries, 0 without any, and sample standard deviation / sqrt(Q)."""
    if len(values) < 2:
        return Figure(mean=float(values.sum()), se=None)
    return Figure(mean=float(values.mean()), se=float(values.std(ddof=1) / math.sqrt(len(values))))
