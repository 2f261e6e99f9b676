"""The stored evaluation table, arranged for reading: the blend beside each of its rivals, slice by slice.

Nothing is computed here but what a table and a bar chart need: which value is the largest, and how long its bar is. The
rows come from the database as JSON, possibly written by another version of the code, so anything missing is left out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from django_recs.admin.wording import plain_count
from django_recs.model_cards.words import (
    CHAMPION_NAME,
    LEAD_METRIC,
    MAIN_METRIC,
    METRICS_WITHOUT_BEST,
    OWN_NAME,
    SLICE_LABELS,
    metric_explanation,
    metric_label,
    plain_value,
    recommender_label,
    slice_label,
)


@dataclass(frozen=True, kw_only=True)
class Score:
    """One recommender on one slice."""

    mean: float
    standard_error: float | None
    is_best: bool
    bar_percent: float
    """Length of the bar, 0 to 100, where 100 is the longest bar of the slice with its error."""
    low_percent: float
    high_percent: float
    """Ends of the line that shows one standard error to both sides."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One group of questions put to every recommender."""

    name: str
    label: str
    query_count: int

    @property
    def query_label(self) -> str:
        return _("1 question") if self.query_count == 1 else _("%s questions") % plain_count(self.query_count)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recommender across all slices."""

    name: str
    label: str
    is_own: bool
    scores: tuple[Score | None, ...]
    """In the order of `Comparison.slices`; None where the recommender was not judged."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric: recommenders down, slices across."""

    metric: str
    slices: tuple[Slice, ...]
    rows: tuple[Row, ...]
    """This version first, then the one that was live, then the baselines from best to worst."""

    @property
    def label(self) -> str:
        return metric_label(self.metric)

    @property
    def charts(self) -> list[tuple[Slice, list[tuple[Row, Score]]]]:
        """Each slice with its bars, longest first."""
        return [
            (part, sorted(self._bars(place), key=lambda bar: -bar[1].mean)) for place, part in enumerate(self.slices)
        ]

    def _bars(self, place: int) -> list[tuple[Row, Score]]:
        return [(row, score) for row in self.rows if (score := row.scores[place]) is not None]


def metric_names(metrics: object) -> list[str]:
    """The metrics in an evaluation table, the main one first, the others by name."""
    found = {
        metric
        for part in _mapping(_mapping(metrics).get("slices")).values()
        for values in _mapping(_mapping(part).get("recommenders")).values()
        for metric in _mapping(values)
    }
    return sorted(found, key=lambda name: (name != MAIN_METRIC, name != LEAD_METRIC, name))


def compare(metrics: object, *, metric: str = MAIN_METRIC) -> Comparison:
    """Arrange one metric of the evaluation table ``metrics`` (see `engine.evaluation`); empty without figures."""
    parts = {
        name: _scores(_mapping(_mapping(part).get("recommenders")), metric)
        for name, part in _mapping(_mapping(metrics).get("slices")).items()
    }
    parts = {name: parts[name] for name in sorted(parts, key=_slice_order) if parts[name]}
    names = dict.fromkeys(name for scores in parts.values() for name in scores)
    main = next(iter(parts.values()), {})
    ordered = sorted(names, key=lambda name: (name != OWN_NAME, name != CHAMPION_NAME, -_mean(main.get(name)), name))
    return Comparison(
        metric=metric,
        slices=tuple(
            Slice(name=name, label=slice_label(name), query_count=_query_count(metrics, name)) for name in parts
        ),
        rows=tuple(
            Row(
                name=name,
                label=recommender_label(name),
                is_own=name == OWN_NAME,
                scores=tuple(scores.get(name) for scores in parts.values()),
            )
            for name in ordered
        ),
    )


def against_best_rival(metrics: object, slice_name: str) -> tuple[float | None, float | None]:
    """Main metric of this version and of the best other recommender on one slice; None where there is none."""
    part = _mapping(_mapping(_mapping(metrics).get("slices")).get(slice_name))
    scores = _scores(_mapping(part.get("recommenders")), MAIN_METRIC)
    own = scores.pop(OWN_NAME, None)
    return own.mean if own else None, max((score.mean for score in scores.values()), default=None)


def _scores(recommenders: Mapping[str, Any], metric: str) -> dict[str, Score]:
    figures = {name: _mapping(_mapping(figures).get(metric)) for name, figures in recommenders.items()}
    values = {
        name: (mean, _number(figure.get("se")))
        for name, figure in figures.items()
        if (mean := _number(figure.get("mean"))) is not None
    }
    best = max((mean for mean, _se in values.values()), default=0.0)
    longest = max((mean + (error or 0.0) for mean, error in values.values()), default=0.0) or 1.0
    return {
        name: Score(
            mean=mean,
            standard_error=error,
            is_best=mean == best and best > 0 and metric not in METRICS_WITHOUT_BEST,
            bar_percent=_percent(mean, longest),
            low_percent=_percent(mean - (error or 0.0), longest),
            high_percent=_percent(mean + (error or 0.0), longest),
        )
        for name, (mean, error) in values.items()
    }


def _percent(value: float, longest: float) -> float:
    return round(100 * min(max(value / longest, 0.0), 1.0), 2)


def _number(value: object) -> float | None:
    """``value`` as a finite number, or None: the error of a single query is infinite, and JSON may hold anything."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _mean(score: Score | None) -> float:
    return score.mean if score else 0.0


def _query_count(metrics: object, name: str) -> int:
    count = _mapping(_mapping(_mapping(metrics).get("slices")).get(name)).get("query_count")
    return count if isinstance(count, int) else 0


def _slice_order(name: str) -> tuple[int, str]:
    known = list(SLICE_LABELS)
    return (known.index(name) if name in known else len(known), name)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def comparison_context(metrics: object) -> dict[str, Any]:
    """What ``admin/django_recs/comparison.html`` shows of an evaluation table."""
    main, *others = metric_names(metrics) or [MAIN_METRIC]
    protocol = _mapping(_mapping(metrics).get("protocol"))
    return {
        "comparison": compare(metrics, metric=main),
        "explanation": metric_explanation(main),
        "other_comparisons": [(compare(metrics, metric=name), metric_explanation(name)) for name in others],
        "protocol": [(name.replace("_", " "), plain_value(value)) for name, value in protocol.items()],
    }
