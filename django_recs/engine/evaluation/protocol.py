"""Puts the queries to the recommenders and makes the table of figures that people and the gate read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from django_recs.engine.blend import Blend
from django_recs.engine.evaluation.metrics import (
    BoolArray,
    Counts,
    Values,
    average_precision,
    clustered_error,
    coverage,
    hit_rate,
    mean_and_error,
    ndcg,
    recall,
    reciprocal_rank,
    top_items,
)
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.recommender import Recommender

EvaluationTable = dict[str, Any]
"""JSON-able: ``{"protocol": {...}, "slices": {slice: {"query_count": n, "candidate_count": n, "recommenders": {name:
{metric: {"mean": x, "se": y}}}}}}``. Metrics are those of `METRICS`, ``coverage@10`` (no error), and ``behind_blend``:
the paired difference NDCG@10 of "blend" minus that of the recommender, where "blend" was evaluated; its error takes
queries that want the same item as one witness."""

Metric = Callable[[BoolArray, Counts, int], Values]

METRICS: Mapping[str, tuple[Metric, int]] = {
    "ndcg@10": (ndcg, 10),
    "ndcg@20": (ndcg, 20),
    "recall@20": (recall, 20),
    "hit_rate@10": (hit_rate, 10),
    "map@10": (average_precision, 10),
    "mrr@10": (reciprocal_rank, 10),
}
DEPTH = 20
CHUNK_CELLS = 2_000_000
"""Scores of one recommender held at once, which bounds memory."""


def evaluate(
    recommenders: Sequence[Recommender],
    queries: Mapping[str, Queries],
    *,
    blends: Mapping[str, Blend] | None = None,
    protocol: Mapping[str, Any] | None = None,
) -> EvaluationTable:
    """Figures of each recommender alone, and of ``blends`` of them by name, on every slice.

    Args:
        blends: their voices must be among ``recommenders``, whose scores are made once and shared.
        protocol: noted in the table as it is.
    """
    slices = {name: _slice_figures(recommenders, blends or {}, batch) for name, batch in queries.items()}
    return {"protocol": dict(protocol or {}), "slices": slices}


def ranked_lists(
    recommenders: Sequence[Recommender], blends: Mapping[str, Blend], queries: Queries
) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    """(Q, 20) item indices per recommender and blend, best first, -1 where the allowed items ran out."""
    lists: dict[str, list[np.ndarray[Any, np.dtype[np.int64]]]] = {}
    for planes, histories, allowed in _chunks(recommenders, queries):
        for name, scores in planes.items():
            lists.setdefault(name, []).append(top_items(np.where(allowed, scores, -np.inf), DEPTH))
        for name, blend in blends.items():
            items, _ = blend.rank_planes(planes, histories, queries.situation, allowed, count=DEPTH)
            lists.setdefault(name, []).append(items)
    return {name: np.concatenate(parts) for name, parts in lists.items()}


def _chunks(
    recommenders: Sequence[Recommender], queries: Queries
) -> Iterator[tuple[dict[str, FloatArray], Histories, BoolArray]]:
    step = max(1, CHUNK_CELLS // len(queries.candidates))
    for start in range(0, len(queries), step):
        stop = min(start + step, len(queries))
        histories = queries.histories.rows(start, stop)
        planes = {voice.name: voice.score(histories) for voice in recommenders}
        yield planes, histories, queries.allowed(start, stop)


def _slice_figures(
    recommenders: Sequence[Recommender], blends: Mapping[str, Blend], queries: Queries
) -> dict[str, Any]:
    lists = ranked_lists(recommenders, blends, queries)
    hits = {name: hits_of(top, queries) for name, top in lists.items()}
    counts = queries.truth.counts
    clusters = queries.most_wanted().astype(np.int64)
    blend_values = ndcg(hits["blend"], counts, 10) if "blend" in hits else None
    figures: dict[str, dict[str, Any]] = {}
    for name, top in lists.items():
        values = {metric: function(hits[name], counts, k) for metric, (function, k) in METRICS.items()}
        figures[name] = {metric: asdict(mean_and_error(each)) for metric, each in values.items()}
        if blend_values is not None:
            behind = blend_values - values["ndcg@10"]
            figures[name]["behind_blend"] = {"mean": float(behind.mean()), "se": clustered_error(behind, clusters)}
        figures[name]["coverage@10"] = {"mean": coverage(top, queries.candidates, 10), "se": None}
    return {
        "query_count": len(queries),
        "candidate_count": int(queries.candidates.sum()),
        "recommenders": figures,
    }


def hits_of(top: np.ndarray[Any, np.dtype[np.int64]], queries: Queries) -> BoolArray:
    """(Q, K) whether each listed item is a true one of its query."""
    size = len(queries.candidates)
    row = np.repeat(np.arange(len(top)), top.shape[1])
    true_keys = queries.truth.row * size + queries.truth.items
    return np.isin(row * size + top.ravel(), true_keys).reshape(top.shape) & (top > 0)
