"""What may be said of an experiment now: from stored rows to one of a few sentences. No sums, no formulas."""

from dataclasses import dataclass, field
from enum import StrEnum

from django_recs.experiments.metrics import CONVERSION, GUARDRAILS, METRICS
from django_recs.models import Experiment, ExperimentDay, Reading, Variant
from django_recs.stats.effects import Interval
from django_recs.stats.guardrails import Guardrail, judge_guardrail

FEWEST_DAYS = 7
"""A whole week, since weekend shoppers differ from weekday ones."""
FEWEST_CONVERSIONS = 25
"""In each variant. With fewer the normal approximation, on which everything rests, does not hold."""
RATIO_BLOCKS = 5e-4
RATIO_WARNS = 0.01
CROSSOVER_WARNS = 0.01


class Call(StrEnum):
    """What the primary metric of one variant says against the control."""

    BLOCKED = "blocked"
    """The sample ratio is off: no figure can be trusted."""
    TOO_EARLY = "too_early"
    """Not yet a week, or too few conversions."""
    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"
    """No difference is proven, and there is time left."""
    NO_DIFFERENCE = "no_difference"
    """The end was reached without one."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One variant against the control."""

    variant: Variant
    call: Call
    found_on: ExperimentDay | None = None
    """The first look at which the difference was proven. Later looks do not take it back."""
    guardrails: dict[str, Guardrail] = field(default_factory=dict)
    """By metric, all but the primary one."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether an experiment can be read at all."""

    day: ExperimentDay | None
    """The latest reading, final or not."""
    day_count: int
    """Final days so far."""
    is_ratio_blocked: bool = False
    is_ratio_doubtful: bool = False
    crossover_share: float = 0.0


def health_of(days: list[ExperimentDay]) -> Health:
    """The state of the sample, from an experiment's ``days`` in order."""
    if not days:
        return Health(day=None, day_count=0)
    latest = days[-1]
    units = sum(latest.units.values())
    blocked = latest.chi_square_p < RATIO_BLOCKS
    return Health(
        day=latest,
        day_count=sum(day.is_final for day in days),
        is_ratio_blocked=blocked,
        is_ratio_doubtful=not blocked and latest.sequential_p < RATIO_WARNS,
        crossover_share=latest.crossover_count / units if units else 0.0,
    )


def verdicts(experiment: Experiment, days: list[ExperimentDay], readings: list[Reading]) -> list[Verdict]:
    """One verdict for each variant but the control, from all of an experiment's days and readings."""
    health = health_of(days)
    by_key = {(reading.day_id, reading.variant_id, reading.metric): reading for reading in readings}
    control, *others = sorted(experiment.variants.all(), key=lambda variant: variant.position)
    found = []
    for variant in others:
        crossing = next(
            (
                day
                for number, day in enumerate((day for day in days if day.is_final), start=1)
                if number >= FEWEST_DAYS
                and _converted(by_key, day, control, variant) >= FEWEST_CONVERSIONS
                and _side(by_key.get((day.pk, variant.pk, experiment.primary_metric)))
            ),
            None,
        )
        call = _call(experiment, days, health, by_key, control, variant, crossing)
        found.append(
            Verdict(
                variant=variant,
                call=call,
                found_on=crossing if call in (Call.BETTER, Call.WORSE) else None,
                guardrails=_guardrails(experiment, days[-1] if days else None, by_key, variant),
            )
        )
    return found


def is_over(experiment: Experiment, days: list[ExperimentDay]) -> bool:
    """Whether no further look will come: it was ended, or its planned days are read."""
    if experiment.ended_at is not None:
        return True
    final = sum(day.is_final for day in days)
    return experiment.ending == Experiment.Ending.PLANNED and final >= (experiment.planned_days or final + 1)


Keys = dict[tuple[int, int, str], Reading]


def _call(
    experiment: Experiment,
    days: list[ExperimentDay],
    health: Health,
    by_key: Keys,
    control: Variant,
    variant: Variant,
    crossing: ExperimentDay | None,
) -> Call:
    if health.is_ratio_blocked:
        return Call.BLOCKED
    if crossing is not None:
        side = _side(by_key.get((crossing.pk, variant.pk, experiment.primary_metric)))
        return Call.BETTER if side > 0 else Call.WORSE
    too_few = not days or _converted(by_key, days[-1], control, variant) < FEWEST_CONVERSIONS
    if is_over(experiment, days):
        return Call.TOO_EARLY if too_few or health.day_count < FEWEST_DAYS else Call.NO_DIFFERENCE
    return Call.TOO_EARLY if too_few or health.day_count < FEWEST_DAYS else Call.OPEN


def _converted(by_key: Keys, day: ExperimentDay, control: Variant, variant: Variant) -> float:
    """Buyers in the smaller of both arms."""
    rows = [by_key.get((day.pk, one.pk, CONVERSION)) for one in (control, variant)]
    return min(float(row.sums[0]) if row else 0.0 for row in rows)


def _side(reading: Reading | None) -> int:
    """1 where the interval lies on the good side of no difference, -1 on the bad one, 0 where it holds none."""
    if reading is None or reading.low is None or reading.high is None:
        return 0
    side = (reading.low > 0) - (reading.high < 0)
    return -side if METRICS[reading.metric].smaller_is_better else side


def _guardrails(
    experiment: Experiment, day: ExperimentDay | None, by_key: Keys, variant: Variant
) -> dict[str, Guardrail]:
    if day is None:
        return {}
    found = {}
    for key in GUARDRAILS:
        if key != experiment.primary_metric:
            reading = by_key.get((day.pk, variant.pk, key))
            interval = None
            if reading is not None and reading.lift_low is not None and reading.lift_high is not None:
                interval = Interval(low=reading.lift_low, high=reading.lift_high)
            found[key] = judge_guardrail(
                interval,
                margin=experiment.guardrail_percent / 100,
                smaller_is_better=METRICS[key].smaller_is_better,
            )
    return found
