"""Geometry of the charts of a study, in percent of their box: scores over trials, and over each parameter's values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_recs.admin.tuning_words import parameter_label, plain_number, plain_trial_score
from django_recs.engine.parameters import BY_NAME, Parameter
from django_recs.models import TuningTrial

State = TuningTrial.State

MARGIN = 6.0
"""Percent of the box that stay free on each side, so that no dot is cut."""
SPAN_BELOW = 1.5
"""The lowest score shown lies so many times as far below the middle score as the best lies above it."""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One trial."""

    x: float
    y: float
    label: str
    is_best: bool = False
    is_baseline: bool = False
    is_below: bool = False
    """Whether it lies below the box and is drawn at its lower edge."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scores of a box from its lower to its upper edge."""

    low: float
    high: float

    def y(self, score: float) -> float:
        share = (score - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(100 - MARGIN - (100 - 2 * MARGIN) * min(max(share, 0.0), 1.0), 2)


@dataclass(frozen=True, kw_only=True)
class TrialChart:
    """Scores in the order of the trials, and the best so far as a line."""

    dots: tuple[Dot, ...]
    pruned: tuple[Dot, ...]
    best: tuple[Segment, ...]
    baseline_y: float | None
    scale: Scale
    last_number: int
    below_count: int

    @property
    def summary(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        return _("%(count)d trials scored %(low)s to %(high)s; the best so far is a rising line.") % {
            "count": len(self.dots),
            "low": plain_trial_score(self.scale.low),
            "high": plain_trial_score(self.scale.high),
        }


@dataclass(frozen=True, kw_only=True)
class ParameterChart:
    """Scores over the values of one parameter."""

    label: str
    low: str
    high: str
    best: str
    dots: tuple[Dot, ...]
    used_x: float | None
    """Where the value in use lies, if it lies in the range."""

    @property
    def summary(self) -> str:
        return _("%(label)s: tried from %(low)s to %(high)s, the best trial has %(best)s") % {
            "label": self.label,
            "low": self.low,
            "high": self.high,
            "best": self.best,
        }


def trial_chart(trials: Sequence[TuningTrial]) -> TrialChart | None:
    """The chart of the complete trials; None with fewer than two."""
    complete = _complete(trials)
    if len(complete) < 2:
        return None
    scale, best = _scale(complete), _best(complete)
    last = max(trial.number for trial in trials)
    baseline = next((trial.score for trial in complete if trial.is_baseline), None)
    dots = tuple(_dot(trial, _x(trial.number, last), scale, best) for trial in complete)
    return TrialChart(
        dots=dots,
        pruned=tuple(
            Dot(x=_x(trial.number, last), y=100.0, label=_("Trial %d was given up early") % trial.number)
            for trial in trials
            if trial.state == State.PRUNED
        ),
        best=_best_so_far(complete, last, scale),
        baseline_y=None if baseline is None else scale.y(baseline),
        scale=scale,
        last_number=last,
        below_count=sum(dot.is_below for dot in dots),
    )


def parameter_charts(names: Sequence[str], trials: Sequence[TuningTrial]) -> list[ParameterChart]:
    """A chart per searched parameter that this version knows; none with fewer than two complete trials."""
    complete = _complete(trials)
    if len(complete) < 2:
        return []
    scale, best = _scale(complete), _best(complete)
    return [_parameter_chart(BY_NAME[name], complete, scale, best) for name in names if name in BY_NAME]


def _parameter_chart(
    parameter: Parameter, complete: Sequence[TuningTrial], scale: Scale, best: TuningTrial
) -> ParameterChart:
    name = parameter.name
    baseline = next((trial.values.get(name) for trial in complete if trial.is_baseline), None)
    return ParameterChart(
        label=parameter_label(name),
        low=plain_number(parameter.low),
        high=plain_number(parameter.high),
        best=plain_number(best.values.get(name, "–")),
        dots=tuple(
            _dot(trial, x, scale, best)
            for trial in complete
            if (x := _place(parameter, trial.values.get(name))) is not None
        ),
        used_x=_place(parameter, baseline),
    )


def _complete(trials: Sequence[TuningTrial]) -> list[TuningTrial]:
    return sorted(
        (trial for trial in trials if trial.state == State.COMPLETE and trial.score is not None),
        key=lambda trial: trial.number,
    )


def _score(trial: TuningTrial) -> float:
    return trial.score or 0.0


def _best(complete: Sequence[TuningTrial]) -> TuningTrial:
    return max(complete, key=lambda trial: (_score(trial), -trial.number))


def _scale(complete: Sequence[TuningTrial]) -> Scale:
    """From the best score down; a hopeless trial must not press all others together at the upper edge."""
    scores = sorted(_score(trial) for trial in complete)
    middle, high = scores[len(scores) // 2], scores[-1]
    reference = next((_score(trial) for trial in complete if trial.is_baseline), middle)
    lowest = min(middle, reference)
    low = max(scores[0], lowest - SPAN_BELOW * (high - lowest)) if high > lowest else scores[0]
    return Scale(low=low, high=high)


def _dot(trial: TuningTrial, x: float, scale: Scale, best: TuningTrial) -> Dot:
    return Dot(
        x=x,
        y=scale.y(_score(trial)),
        label=_("Trial %(number)d: %(score)s") % {"number": trial.number, "score": plain_trial_score(trial.score)},
        is_best=trial is best,
        is_baseline=trial.is_baseline,
        is_below=_score(trial) < scale.low,
    )


def _best_so_far(complete: Sequence[TuningTrial], last: int, scale: Scale) -> tuple[Segment, ...]:
    """Steps: level until a trial is better, then up to it, and level to the right edge."""
    steps: list[Segment] = []
    x, height = _x(complete[0].number, last), scale.y(_score(complete[0]))
    best = _score(complete[0])
    for trial in complete[1:]:
        if _score(trial) <= best:
            continue
        best, right, top = _score(trial), _x(trial.number, last), scale.y(_score(trial))
        steps += [Segment(x1=x, y1=height, x2=right, y2=height), Segment(x1=right, y1=height, x2=right, y2=top)]
        x, height = right, top
    return (*steps, Segment(x1=x, y1=height, x2=100.0, y2=height))


def _x(number: int, last: int) -> float:
    return round(MARGIN / 2 + (100 - MARGIN) * number / max(last, 1), 2)


def _place(parameter: Parameter, value: object) -> float | None:
    """Where ``value`` lies between the ends of the range; None outside of it."""
    if not isinstance(value, int | float) or not parameter.low <= value <= parameter.high:
        return None
    low, high, at = parameter.low, parameter.high, float(value)
    if parameter.is_log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return round(MARGIN + (100 - 2 * MARGIN) * (at - low) / (high - low), 2)
