"""What the analysis task does: read each day that is over once, and the present one anew at each run.

A final day is a look of the sequential method, so it is never read again: what was seen then was what could be acted
upon. Late events and refunds show in the days after it.
"""

import math
from datetime import date, datetime, time, timedelta

from django.db import router, transaction
from django.utils import timezone

from django_recs.experiments.metrics import METRICS, Metric
from django_recs.experiments.sums import ExperimentSums, experiment_sums
from django_recs.models import Experiment, ExperimentDay, Reading, Variant
from django_recs.stats import bayes, confidence_sequence, group_sequential
from django_recs.stats.effects import Comparison, compare_means, compare_ratios
from django_recs.stats.moments import Moments
from django_recs.stats.sample_ratio import chi_square_p, sequential_p

ALPHA = 0.05
PRIOR_LIFT = 0.3
"""How large relative differences are thought to be before the experiment (a standard deviation)."""


def read(experiment: Experiment, *, now: datetime | None = None) -> int:
    """Bring the readings of an experiment up to date and return how many days were read.

    Days that were missed are made up for, each as it would have been read at its end. Doing it again reads only the
    present day. Raises `django.db.Error`.
    """
    moment = now or timezone.now()
    if experiment.started_at is None:
        return 0
    stop = min(moment, experiment.ended_at) if experiment.ended_at else moment
    first, last = (timezone.localtime(edge).date() for edge in (experiment.started_at, stop))
    known = set(experiment.days.filter(is_final=True).values_list("day", flat=True))
    count = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if is_behind_the_plan(experiment, offset + 1):
            break
        if day not in known:
            until = min(_end_of(day), stop)
            is_final = until == _end_of(day) or until == experiment.ended_at
            _read_day(experiment, day, number=offset + 1, until=until, is_final=is_final, read_at=moment)
            count += 1
    return count


def is_behind_the_plan(experiment: Experiment, day_number: int) -> bool:
    """Whether day ``day_number``, counted from 1, comes after the planned end: nothing more is read then."""
    planned = experiment.ending == Experiment.Ending.PLANNED and experiment.planned_days
    return bool(planned) and day_number > (experiment.planned_days or 0)


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _read_day(
    experiment: Experiment, day: date, *, number: int, until: datetime, is_final: bool, read_at: datetime
) -> None:
    sums = experiment_sums(experiment, until=until)
    variants = list(experiment.variants.order_by("position"))
    looks = list(experiment.days.filter(is_final=True, day__lt=day).order_by("day"))
    counts = [sums.units.get(variant.pk, 0) for variant in variants]
    shares = [variant.weight for variant in variants]
    so_far = [[_units(look, variant) for variant in variants] for look in looks]
    is_last = is_final and (number == experiment.planned_days or until == experiment.ended_at)
    with transaction.atomic(using=router.db_for_write(ExperimentDay)):
        row, _ = ExperimentDay.objects.update_or_create(
            experiment=experiment,
            day=day,
            defaults={
                "is_final": is_final,
                "read_at": read_at,
                "units": {str(variant.pk): count for variant, count in zip(variants, counts, strict=True)},
                "crossover_count": sums.crossover_count,
                "sequential_p": sequential_p([*so_far, counts], shares),
                "chi_square_p": chi_square_p(counts, shares),
            },
        )
        row.readings.all().delete()
        Reading.objects.bulk_create(
            reading
            for place, variant in enumerate(variants)
            for reading in _readings(
                experiment,
                row,
                variants[0],
                variant,
                sums,
                multiplier=_multiplier(
                    experiment,
                    [[look[0] + look[place] for look in so_far], [counts[0] + counts[place]]],
                    share=(shares[0] + shares[place]) / sum(shares),
                    arm_count=len(variants),
                    is_last=is_last,
                )
                if place
                else math.inf,
            )
        )


def _units(look: ExperimentDay, variant: Variant) -> int:
    return int(look.units.get(str(variant.pk), 0))


def _multiplier(
    experiment: Experiment, counts: list[list[int]], *, share: float, arm_count: int, is_last: bool
) -> float:
    """Standard errors to both sides today, for one variant of several against the control (Bonferroni)."""
    looks = [count for part in counts for count in part]
    planned = max(round((experiment.planned_units or 1) * share), 1)
    alpha = ALPHA / (arm_count - 1)
    if experiment.ending == Experiment.Ending.OPEN:
        return confidence_sequence.multiplier(looks[-1], tuned_for=planned, alpha=alpha)
    growing = [float(max(looks[: place + 1])) for place in range(len(looks))]
    return group_sequential.bounds(growing, planned=float(planned), alpha=alpha, is_last=is_last)[-1]


def _readings(
    experiment: Experiment,
    day: ExperimentDay,
    control: Variant,
    variant: Variant,
    sums: ExperimentSums,
    *,
    multiplier: float,
) -> list[Reading]:
    rows = []
    for metric in METRICS.values():
        nothing = Moments.of(*([] for _ in metric.columns))
        of_control = sums.moments.get((metric.key, control.pk), nothing)
        own = sums.moments.get((metric.key, variant.pk), nothing)
        row = Reading(
            day=day,
            variant=variant,
            metric=metric.key,
            count=own.count,
            sums=own.sums.tolist(),
            products=own.products.tolist(),
            value=compare(metric, own, own).control,
        )
        if not variant.is_control:
            _compare_into(row, compare(metric, of_control, own), multiplier, smaller=metric.smaller_is_better)
        rows.append(row)
    return rows


def compare(metric: Metric, control: Moments, treatment: Moments) -> Comparison:
    """The comparison that a metric asks for."""
    return (compare_ratios if metric.denominator else compare_means)(control, treatment)


def _compare_into(row: Reading, found: Comparison, multiplier: float, *, smaller: bool) -> None:
    interval, lift = found.interval(multiplier), found.lift_interval(multiplier)
    row.multiplier = _finite(multiplier)
    row.difference, row.low, row.high = found.difference, _finite(interval.low), _finite(interval.high)
    row.lift = found.lift
    if lift is not None:
        row.lift_low, row.lift_high = lift.low, lift.high
    row.z, row.variance_saved = found.z, found.variance_saved
    if found.control > 0 and found.variance > 0:
        sign = -1 if smaller else 1
        posterior = bayes.read_out(sign * found.difference, found.variance, prior_error=PRIOR_LIFT * found.control)
        row.chance_to_win = posterior.chance_to_win
        row.loss_of_shipping = posterior.loss_of_shipping / found.control
        row.loss_of_keeping = posterior.loss_of_keeping / found.control


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
