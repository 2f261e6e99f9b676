"""Puts the queries to the recommenders and makes the table of figures that people and the gate read."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from django_recs.engine.blend import Blend
from django_recs.engine.evaluation.calibration import Calibrated, reliability
from django_recs.engine.evaluation.groups import UnitLabels, members
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
    precision,
    recall,
    reciprocal_rank,
    top_items,
)
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.evaluation.variety import (
    ItemTraits,
    diversity,
    exposures,
    gini,
    history_popularity,
    novelty,
    popularity,
    popularity_lift,
    popularity_parts,
    shares_by_part,
)
from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.recommender import Recommender

EvaluationTable = dict[str, Any]
"""JSON-able. A figure is ``{"mean": x, "se": y}``, ``se`` None where it is unknown.

- ``protocol``: what was noted of how it was measured.
- ``slices``: {slice: {"query_count", "candidate_count", "recommenders": {name: {metric: figure}}, ...}}. Metrics are
  those of `METRICS`, ``coverage@10``, and with traits ``novelty@10``, ``diversity@10``, ``popularity@10``,
  ``popularity_lift@10`` and ``gini@10``. ``behind_blend`` and ``behind_champion`` are paired differences of NDCG@10:
  that of "blend" or "champion" minus that of the recommender, where they were evaluated; in their errors queries that
  want the same item are one witness. Besides, where it can be known, a slice has

  - ``paired``: {metric of `METRICS`: figure}, "blend" minus "champion";
  - ``exposure``: {name: shares of the shown places by `variety.popularity_parts`}, what was bought under "truth";
  - ``reliability``: {name: `calibration.reliability` of the shown places}.
- ``groups``: {grouping: {label: {slice: {"query_count", "recommenders": {name: {metric: figure}}}}}}, the slices of
  `GROUPED` cut by who asked, with the metrics of `GROUP_METRICS`.
"""

Metric = Callable[[BoolArray, Counts, int], Values]

MAIN_METRIC = "ndcg@10"
METRICS: Mapping[str, tuple[Metric, int]] = {
    MAIN_METRIC: (ndcg, 10),
    "ndcg@20": (ndcg, 20),
    "precision@10": (precision, 10),
    "recall@10": (recall, 10),
    "recall@20": (recall, 20),
    "hit_rate@10": (hit_rate, 10),
    "map@10": (average_precision, 10),
    "mrr@10": (reciprocal_rank, 10),
}
GROUP_METRICS = (MAIN_METRIC, "recall@10", "hit_rate@10")
GROUPED = ("returning", "new_to_them")
REFERENCES = ("blend", "champion")
"""With whom every recommender is compared in pairs, where they are there."""
SHOWN = 10
"""Places of a list that somebody sees."""
DEPTH = 20
CHUNK_CELLS = 2_000_000
"""Scores of one recommender held at once, which bounds memory."""
DIGITS = 8
"""Significant digits of the figures in the table."""


def evaluate(
    recommenders: Sequence[Recommender],
    queries: Mapping[str, Queries],
    *,
    blends: Mapping[str, Blend] | None = None,
    protocol: Mapping[str, Any] | None = None,
    traits: ItemTraits | None = None,
    groupings: Mapping[str, UnitLabels] | None = None,
    unlisted: Collection[str] = (),
) -> EvaluationTable:
    """Figures of each recommender alone, and of ``blends`` of them by name, on every slice.

    Args:
        blends: their voices must be among ``recommenders``, whose scores are made once and shared.
        protocol: noted in the table as it is.
        traits: what is known of the items before the cut; without them only accuracy and coverage are measured.
        groupings: labels of the units, by which the slices of `GROUPED` are cut as well. They change no other figure.
        unlisted: names of recommenders that only speak in blends and get no figures of their own.
    """
    slices: dict[str, dict[str, Any]] = {}
    groups: dict[str, Any] = {}
    for name, batch in queries.items():
        answers = _Answers.to(batch, recommenders, blends or {}, unlisted)
        slices[name] = _slice_figures(answers, traits)
        if name in GROUPED and batch.unit is not None:
            for grouping, labels in members(batch.unit, groupings or {}).items():
                for label, rows in labels.items():
                    groups.setdefault(grouping, {}).setdefault(label, {})[name] = _group_figures(answers, rows)
    return {"protocol": dict(protocol or {}), **_rounded({"slices": slices, "groups": groups})}


def ranked_lists(
    recommenders: Sequence[Recommender], blends: Mapping[str, Blend], queries: Queries
) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    """(Q, 20) item indices per recommender and blend, best first, -1 where the allowed items ran out."""
    return _Answers.to(queries, recommenders, blends, ()).lists


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What everybody answered to the queries of one slice."""

    queries: Queries
    lists: dict[str, np.ndarray[Any, np.dtype[np.int64]]]
    """(Q, 20) per name."""
    probabilities: dict[str, FloatArray]
    """(Q, 10) of the shown places per name, of those who declare any; meaningless beyond a list's end."""
    values: dict[str, dict[str, Values]]
    """(Q,) per name and metric of `METRICS`."""
    hits: dict[str, BoolArray]
    """(Q, 20) per name."""
    clusters: Counts
    """(Q,) queries with the same number are one witness, see `Queries.most_wanted`."""

    @classmethod
    def to(
        cls,
        queries: Queries,
        recommenders: Sequence[Recommender],
        blends: Mapping[str, Blend],
        unlisted: Collection[str],
    ) -> "_Answers":
        declaring: dict[str, Calibrated] = {each.name: each for each in recommenders if isinstance(each, Calibrated)}
        lists: dict[str, list[Any]] = {}
        chances: dict[str, list[Any]] = {}
        for planes, histories, allowed in _chunks(recommenders, queries):
            for name, scores in planes.items():
                if name in unlisted:
                    continue
                top = top_items(np.where(allowed, scores, -np.inf), DEPTH)
                lists.setdefault(name, []).append(top)
                if name in declaring:
                    shown = np.take_along_axis(scores, np.maximum(top[:, :SHOWN], 0), axis=1)
                    said = declaring[name].probabilities(shown, queries.situation)
                    chances.setdefault(name, []).append(said)
            for name, blend in blends.items():
                top, scores = blend.rank_planes(planes, histories, queries.situation, allowed, count=DEPTH)
                lists.setdefault(name, []).append(top)
                if queries.situation in blend.rankers:
                    chances.setdefault(name, []).append(scores[:, :SHOWN])
        joined = {name: np.concatenate(parts) for name, parts in lists.items()}
        hits = {name: hits_of(top, queries) for name, top in joined.items()}
        counts = queries.truth.counts
        return cls(
            queries=queries,
            lists=joined,
            probabilities={name: np.concatenate(parts) for name, parts in chances.items()},
            hits=hits,
            clusters=queries.most_wanted().astype(np.int64),
            values={
                name: {metric: function(found, counts, k) for metric, (function, k) in METRICS.items()}
                for name, found in hits.items()
            },
        )


def _chunks(
    recommenders: Sequence[Recommender], queries: Queries
) -> Iterator[tuple[dict[str, FloatArray], Histories, BoolArray]]:
    step = max(1, CHUNK_CELLS // len(queries.candidates))
    for start in range(0, len(queries), step):
        stop = min(start + step, len(queries))
        histories = queries.histories.rows(start, stop)
        planes = {voice.name: voice.score(histories) for voice in recommenders}
        yield planes, histories, queries.allowed(start, stop)


def _slice_figures(answers: _Answers, traits: ItemTraits | None) -> dict[str, Any]:
    queries = answers.queries
    everybody = np.arange(len(queries))
    figures = _accuracy(answers, everybody, tuple(METRICS))
    for name, top in answers.lists.items():
        figures[name]["coverage@10"] = {"mean": coverage(top, queries.candidates, SHOWN), "se": None}
    found: dict[str, Any] = {
        "query_count": len(queries),
        "candidate_count": int(queries.candidates.sum()),
        "recommenders": figures,
    }
    if set(REFERENCES) <= answers.values.keys():
        found["paired"] = {metric: _paired(answers, "blend", "champion", everybody, metric) for metric in METRICS}
    if traits is not None:
        for name, variety in _variety(answers, traits).items():
            figures[name] |= variety
        found["exposure"] = _exposure(answers, traits)
    if answers.probabilities:
        found["reliability"] = {name: _reliability(answers, name) for name in answers.probabilities}
    return found


def _group_figures(answers: _Answers, rows: Counts) -> dict[str, Any]:
    return {"query_count": len(rows), "recommenders": _accuracy(answers, rows, GROUP_METRICS)}


def _accuracy(answers: _Answers, rows: Counts, metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    figures: dict[str, dict[str, Any]] = {}
    for name, values in answers.values.items():
        figures[name] = {metric: asdict(mean_and_error(values[metric][rows])) for metric in metrics}
        for reference in REFERENCES:
            if reference in answers.values:
                figures[name][f"behind_{reference}"] = _paired(answers, reference, name, rows, MAIN_METRIC)
    return figures


def _paired(answers: _Answers, better: str, other: str, rows: Counts, metric: str) -> dict[str, float]:
    difference = (answers.values[better][metric] - answers.values[other][metric])[rows]
    return {
        "mean": float(difference.mean()) if len(rows) else 0.0,
        "se": clustered_error(difference, answers.clusters[rows]),
    }


def _variety(answers: _Answers, traits: ItemTraits) -> dict[str, dict[str, Any]]:
    queries = answers.queries
    had = history_popularity(queries.histories, traits)
    figures: dict[str, dict[str, Any]] = {}
    for name, top in answers.lists.items():
        listed = popularity(top, traits, SHOWN)
        lift = popularity_lift(listed, had)
        shown = exposures(top, len(queries.candidates), SHOWN)
        figures[name] = {
            "novelty@10": _mean_of_known(novelty(top, traits, SHOWN)),
            "diversity@10": _mean_of_known(diversity(top, traits, SHOWN)),
            "popularity@10": _mean_of_known(listed),
            "gini@10": {"mean": gini(shown[queries.candidates]), "se": None},
        }
        if lift is not None:
            figures[name]["popularity_lift@10"] = asdict(lift)
    return figures


def _mean_of_known(values: Values) -> dict[str, Any]:
    return asdict(mean_and_error(values[~np.isnan(values)]))


def _exposure(answers: _Answers, traits: ItemTraits) -> dict[str, list[float]]:
    queries = answers.queries
    parts, size = popularity_parts(traits, queries.candidates), len(queries.candidates)
    bought = np.bincount(queries.truth.items, minlength=size)
    shown = {name: exposures(top, size, SHOWN) for name, top in answers.lists.items()}
    return {name: shares_by_part(counts, parts) for name, counts in {"truth": bought, **shown}.items()}


def _reliability(answers: _Answers, name: str) -> dict[str, Any]:
    listed = answers.lists[name][:, :SHOWN] > 0
    row, _ = np.nonzero(listed)
    said = answers.probabilities[name][listed].astype(np.float64)
    came_true = answers.hits[name][:, :SHOWN][listed]
    known = ~np.isnan(said)
    return reliability(said[known], came_true[known], row[known])


def hits_of(top: np.ndarray[Any, np.dtype[np.int64]], queries: Queries) -> BoolArray:
    """(Q, K) whether each listed item is a true one of its query."""
    size = len(queries.candidates)
    row = np.repeat(np.arange(len(top)), top.shape[1])
    true_keys = queries.truth.row * size + queries.truth.items
    return np.isin(row * size + top.ravel(), true_keys).reshape(top.shape) & (top > 0)


def _rounded(value: Any) -> Any:
    """Every float with `DIGITS` significant digits: what follows is noise, and would double the table."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
