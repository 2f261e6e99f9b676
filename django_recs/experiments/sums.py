"""Sums over an experiment's units, made by the database: for each variant the moments of every metric.

A person is a customer with every guest they turned out to be, or a guest. Who saw two variants is left out of the sums.
Events count from the first exposure to the end of the unit's window, consented to analytics and not by robots; a refund
counts at the time of what it refunds, however late it comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connections, router

from django_recs.experiments.metrics import METRICS, Metric
from django_recs.experiments.statements import AUDIENCES, CAPPED, COUNTS, EVENTS, PAST_UNITS, TOTALS, UNITS
from django_recs.models import Experiment, Exposure, Purpose
from django_recs.stats.moments import Moments

PAST_DAYS = 90
"""How far before the start the covariates of CUPED look."""


@dataclass(frozen=True, kw_only=True)
class ExperimentSums:
    """An experiment up to one moment."""

    units: dict[int, int]
    """Units by variant, those who saw two among them."""
    crossover_count: int
    moments: dict[tuple[str, int], Moments]
    """By metric and variant; variants without units are absent."""


def experiment_sums(experiment: Experiment, *, until: datetime) -> ExperimentSums:
    """The sums of everything before ``until``. Two statements. Raises `django.db.Error`."""
    started = experiment.started_at or until
    units: dict[int, int] = {}
    crossed = 0
    for variant_pk, count, crossing in _rows(COUNTS, _exposure_values(experiment, until)):
        units[variant_pk] = int(count)
        crossed += int(crossing or 0)
    values = [
        *_event_values(started - timedelta(days=PAST_DAYS), until, experiment.placement_id or ""),
        *_exposure_values(experiment, until),
        *_total_values(started, experiment.cap),
    ]
    moments = _moments_by_variant(UNITS, values)
    return ExperimentSums(units=units, crossover_count=crossed, moments=moments)


@dataclass(frozen=True, kw_only=True)
class PastPeriod:
    """A time without the experiment, read as if it had run: who would have taken part, and what they did."""

    since: datetime
    until: datetime
    placement: str = ""
    """Slug; only who saw it then counts as a unit. "": who did anything at all."""
    audience: str = Experiment.Audience.EVERYBODY

    @property
    def _unit_values(self) -> list[Any]:
        allowed = int(Purpose.ANALYTICS)
        return [self.until, self.since, self.until, allowed, allowed, self.placement, self.placement]

    @property
    def _units(self) -> str:
        return PAST_UNITS.replace("{audience}", AUDIENCES[self.audience])


def past_moments(past: PastPeriod, *, cap: float | None) -> dict[str, Moments]:
    """The moments of each metric in a past period; without units the dict is empty. Raises `django.db.Error`."""
    values = [
        *_event_values(past.since - timedelta(days=PAST_DAYS), past.until, past.placement),
        *past._unit_values,
        *_total_values(past.since, cap),
    ]
    return {key: moments for (key, _), moments in _moments_by_variant(past._units, values).items()}


def past_revenues(past: PastPeriod) -> list[float]:
    """What each unit of a past period that spent anything spent in all. Raises `django.db.Error`."""
    values = [
        *_event_values(past.since - timedelta(days=PAST_DAYS), past.until, past.placement),
        *past._unit_values,
        past.since,
    ]
    sql = f"WITH {EVENTS}, {past._units}, {TOTALS} SELECT revenue FROM total WHERE revenue > 0"  # noqa: S608
    return [float(revenue) for (revenue,) in _rows(sql, values)]


def past_units_by(past: PastPeriod, moments: Sequence[datetime]) -> list[int]:
    """Units of a past period that had come by each moment. Raises `django.db.Error`."""
    select = ", ".join(["SUM(CASE WHEN exposed_at < %s THEN 1 ELSE 0 END)"] * len(moments))
    sql = f"WITH {past._units} SELECT {select} FROM unit"  # noqa: S608
    ((*counts,),) = _rows(sql, [*past._unit_values, *moments])
    return [int(count or 0) for count in counts]


def _moments_by_variant(units: str, values: list[Any]) -> dict[tuple[str, int], Moments]:
    metrics = list(METRICS.values())
    columns, pairs = _columns(metrics), _pairs(metrics)
    select = ", ".join(
        ["variant_id", "COUNT(*)"]
        + [f"SUM({column})" for column in columns]
        + [f"SUM({one} * {other})" for one, other in pairs]
    )
    sql = f"WITH {EVENTS}, {units}, {TOTALS}, {CAPPED} SELECT {select} FROM capped GROUP BY variant_id"  # noqa: S608
    found: dict[tuple[str, int], Moments] = {}
    for variant_pk, count, *sums in _rows(sql, values):
        of = dict(zip([*columns, *pairs], (float(value or 0) for value in sums), strict=True))
        found |= {(metric.key, variant_pk): _moments(metric, int(count), of) for metric in metrics}
    return found


def _moments(metric: Metric, count: int, of: dict[Any, float]) -> Moments:
    products = [[of[_pair(one, other)] for other in metric.columns] for one in metric.columns]
    return Moments(count=count, sums=np.array([of[column] for column in metric.columns]), products=np.array(products))


def _columns(metrics: Iterable[Metric]) -> list[str]:
    return sorted({column for metric in metrics for column in metric.columns})


def _pairs(metrics: Iterable[Metric]) -> list[tuple[str, str]]:
    return sorted({_pair(one, other) for metric in metrics for one in metric.columns for other in metric.columns})


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _rows(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    connection = connections[router.db_for_read(Exposure)]
    adapted = [
        connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value for value in values
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, adapted)
        return list(cursor.fetchall())


def _exposure_values(experiment: Experiment, until: datetime) -> list[Any]:
    return [experiment.pk, until]


def _event_values(since: datetime, until: datetime, placement: str) -> list[Any]:
    allowed = int(Purpose.ANALYTICS)
    return [since, until, since, until, allowed, allowed, placement, placement]


def _total_values(started: datetime, cap: float | None) -> list[Any]:
    return [started, cap, cap, cap, cap]
