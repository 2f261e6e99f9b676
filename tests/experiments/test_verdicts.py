"""Stored rows in, one word out."""

from datetime import timedelta
from typing import Any

import pytest

from django_recs.experiments.verdicts import Call, health_of, is_over, verdicts
from django_recs.models import Experiment, ExperimentDay, Reading
from django_recs.stats.guardrails import Guardrail
from tests.experiments.conftest import START, MakeExperiment

OPEN, ABOVE, BELOW = (-0.1, 0.1), (0.01, 0.1), (-0.1, -0.01)


def days_of(
    experiment: Experiment, *intervals: tuple[float, float], conversions: int = 30, **columns: Any
) -> list[ExperimentDay]:
    """One final day for each interval of the lift of conversion."""
    control, bold = experiment.variants.all()
    for number, (low, high) in enumerate(intervals):
        day = ExperimentDay.objects.create(
            experiment=experiment,
            day=START.date() + timedelta(days=number),
            is_final=True,
            read_at=START,
            **{"units": {str(control.pk): 500, str(bold.pk): 500}, **columns},
        )
        for variant in (control, bold):
            for metric in ("conversion", "revenue"):
                Reading.objects.create(
                    day=day,
                    variant=variant,
                    metric=metric,
                    count=500,
                    sums=[conversions],
                    products=[[conversions]],
                    value=0.1,
                    low=low,
                    high=high,
                    lift_low=low,
                    lift_high=high,
                )
    return list(experiment.days.all())


def call_of(experiment: Experiment) -> tuple[Call, int | None]:
    days = list(experiment.days.all())
    (found,) = verdicts(experiment, days, list(Reading.objects.filter(day__experiment=experiment)))
    return found.call, None if found.found_on is None else (found.found_on.day - START.date()).days + 1


@pytest.mark.parametrize(
    ("intervals", "call", "day"),
    [
        ([], Call.TOO_EARLY, None),
        ([ABOVE] * 6, Call.TOO_EARLY, None),
        ([OPEN] * 7, Call.OPEN, None),
        ([ABOVE] * 7, Call.BETTER, 7),
        ([OPEN] * 8 + [BELOW] + [OPEN], Call.WORSE, 9),
        ([OPEN] * 8 + [ABOVE] + [BELOW], Call.BETTER, 9),
        ([OPEN] * 14, Call.NO_DIFFERENCE, None),
    ],
)
def test_the_first_proof_after_a_week_counts(
    make_experiment: MakeExperiment, intervals: list[tuple[float, float]], call: Call, day: int | None
) -> None:
    experiment = make_experiment(planned_days=14)
    days_of(experiment, *intervals)

    assert call_of(experiment) == (call, day)


@pytest.mark.parametrize(("conversions", "call"), [(24, Call.TOO_EARLY), (25, Call.BETTER)])
def test_few_conversions_are_too_early(make_experiment: MakeExperiment, conversions: int, call: Call) -> None:
    experiment = make_experiment(planned_days=28)
    days_of(experiment, *[ABOVE] * 9, conversions=conversions)

    assert call_of(experiment)[0] is call


@pytest.mark.parametrize(("p", "call"), [(4e-4, Call.BLOCKED), (6e-4, Call.BETTER)])
def test_a_broken_sample_blocks_everything(make_experiment: MakeExperiment, p: float, call: Call) -> None:
    experiment = make_experiment(planned_days=28)
    days_of(experiment, *[ABOVE] * 9, chi_square_p=p)

    assert call_of(experiment)[0] is call


def test_the_sample_is_doubted_before_it_blocks(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()
    days = days_of(experiment, OPEN, OPEN, sequential_p=0.009, chi_square_p=0.002, crossover_count=20)

    found = health_of(days)

    assert (found.day_count, found.is_ratio_blocked, found.is_ratio_doubtful) == (2, False, True)
    assert found.crossover_share == 0.02
    assert health_of([]).day is None


@pytest.mark.parametrize(
    ("interval", "guardrail"),
    [(OPEN, Guardrail.UNCLEAR), (ABOVE, Guardrail.SAFE), (BELOW, Guardrail.HARMED), ((-0.015, 0.1), Guardrail.SAFE)],
)
def test_guardrails_are_all_but_the_primary_metric(
    make_experiment: MakeExperiment, interval: tuple[float, float], guardrail: Guardrail
) -> None:
    experiment = make_experiment()
    days = days_of(experiment, interval)

    (found,) = verdicts(experiment, days, list(Reading.objects.all()))

    assert found.guardrails == {"revenue": guardrail}


def test_an_ended_or_open_experiment(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(planned_days=2, ending="open")
    days = days_of(experiment, OPEN, OPEN, OPEN)

    assert not is_over(experiment, days)
    experiment.ended_at = START
    assert is_over(experiment, days)
