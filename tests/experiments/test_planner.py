"""A plan from the shop's own last weeks, against the same numbers worked out by hand."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from django_recs.exceptions import ExperimentRefused
from django_recs.experiments.planner import make_plan
from django_recs.models import Event
from django_recs.stats.planning import Question, units_needed
from tests.experiments.conftest import START, MakeExperiment

DRAFT: dict[str, Any] = {"status": "draft", "started_at": None, "planned_units": None, "planned_days": None}


def past(units_a_day: int, *, buyers: int) -> None:
    """Four weeks in which new guests come every day, some of whom buy for 10, and one in four of these for 200."""
    rows = []
    for day in range(28):
        for number in range(units_a_day):
            at = START - timedelta(days=28 - day) + timedelta(hours=1)
            columns: dict[str, Any] = {
                "visitor_id": f"{day}.{number}",
                "purposes": 2,
                "item_id": "a",
                "received_at": at,
            }
            rows.append(Event(event_id=uuid.uuid4(), type="view_item", occurred_at=at, **columns))
            if number < buyers:
                columns |= {"price": 200 if number % 4 == 0 else 10, "order_id": f"{day}-{number}"}
                later = at + timedelta(minutes=5)
                rows.append(Event(event_id=uuid.uuid4(), type="purchase", occurred_at=later, **columns))
    Event.objects.bulk_create(rows)


def test_a_plan_says_how_long(make_experiment: MakeExperiment) -> None:
    past(100, buyers=20)
    experiment = make_experiment(lift_percent=20, **DRAFT)

    plan = make_plan(experiment, now=START)

    variance = 0.2 * 0.8 * 2_800 / 2_799
    expected = units_needed(Question(mean=0.2, variance=variance, lift=0.2, look_count=28))
    assert (plan.unit_count, plan.value, plan.variance_saved) == (2_800, pytest.approx(0.2), 0.0)
    assert plan.units_needed == pytest.approx(expected, abs=1)
    assert plan.days_needed == 35  # 100 units a day: 3,290 units take 33 days, and weeks are whole
    assert (plan.units_in_eight_weeks, plan.cap, plan.share_above_cap) == (5_600, 200.0, 0.0)
    experiment.refresh_from_db()
    assert (experiment.planned_units, experiment.planned_days, experiment.cap) == (plan.units_needed, 35, 200.0)
    assert experiment.plan["value"] == pytest.approx(0.2)


def test_what_takes_too_long_says_what_could_be_found(make_experiment: MakeExperiment) -> None:
    past(20, buyers=2)
    experiment = make_experiment(lift_percent=5, **DRAFT)

    plan = make_plan(experiment, now=START)

    assert plan.days_needed is None
    assert plan.units_needed is not None
    assert plan.smallest_lift is not None
    assert plan.units_needed > plan.units_in_eight_weeks == 1_120
    assert plan.smallest_lift == pytest.approx(0.05 * (plan.units_needed / 1_120) ** 0.5, rel=0.01)
    experiment.refresh_from_db()
    assert (experiment.planned_units, experiment.planned_days) == (1_120, 56)


def test_half_the_audience_takes_twice_as_long(make_experiment: MakeExperiment) -> None:
    past(10, buyers=4)
    experiment = make_experiment(lift_percent=80, coverage_percent=50, **DRAFT)

    plan = make_plan(experiment, now=START)

    assert (plan.units_in_eight_weeks, plan.units_needed, plan.days_needed) == (280, 78, 21)


def test_a_shop_without_a_past_has_no_plan(make_experiment: MakeExperiment) -> None:
    past(3, buyers=1)
    experiment = make_experiment(**DRAFT)

    plan = make_plan(experiment, now=START)

    assert (plan.unit_count, plan.units_needed, plan.days_needed, plan.smallest_lift) == (84, None, None, None)
    experiment.refresh_from_db()
    assert experiment.planned_units is None


def test_a_metric_that_never_happened_has_no_plan(make_experiment: MakeExperiment) -> None:
    past(10, buyers=0)
    experiment = make_experiment(primary_metric="revenue", **DRAFT)

    plan = make_plan(experiment, now=START)

    assert (plan.unit_count, plan.value, plan.units_needed, plan.cap) == (280, 0.0, None, None)


def test_a_started_experiment_keeps_its_plan(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()

    with pytest.raises(ExperimentRefused, match="frozen"):
        make_plan(experiment, now=START)
    experiment.refresh_from_db()
    assert experiment.planned_units == 1_000
