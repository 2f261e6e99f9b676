"""Days are read once, made up for when missed, and say what `stats` says of their sums."""

from datetime import timedelta

import pytest

from django_recs.experiments.metrics import METRICS
from django_recs.experiments.readings import read
from django_recs.models import Experiment, ExperimentDay, Exposure, Reading
from django_recs.stats import confidence_sequence, group_sequential
from django_recs.stats.bayes import read_out
from django_recs.stats.effects import compare_means
from django_recs.stats.moments import Moments
from django_recs.stats.sample_ratio import chi_square_p, sequential_p
from tests.experiments.conftest import START, MakeExperiment, did, expose

DAY = timedelta(days=1)
MIDNIGHT = START.replace(hour=0)


def visit(experiment: Experiment, variant: str, day: float, count: int, buyers: int = 0) -> None:
    """``count`` new guests on a day, of whom some buy at once."""
    at = START + day * DAY
    for _ in range(count):
        unit = f"v{Exposure.objects.count()}"
        expose(experiment, variant, unit, at=at)
        if buyers:
            buyers -= 1
            did("purchase", unit, at + timedelta(minutes=1), price=10, order_id=unit)


def reading(day: ExperimentDay, variant: str = "bold", metric: str = "conversion") -> Reading:
    return Reading.objects.get(day=day, variant__slug=variant, metric=metric)


def test_missed_days_are_made_up_for_and_read_once(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()
    for day in range(3):
        visit(experiment, "control", day, 4, buyers=1)
        visit(experiment, "bold", day, 4, buyers=2)

    assert read(experiment, now=START + 3 * DAY) == 4
    assert [(row.day - START.date()).days for row in experiment.days.all()] == [0, 1, 2, 3]
    assert [row.is_final for row in experiment.days.all()] == [True, True, True, False]
    assert [sum(row.units.values()) for row in experiment.days.all()] == [8, 16, 24, 24]
    before = list(Reading.objects.filter(day__is_final=True).order_by("pk").values())

    did("purchase", "v0", START + timedelta(hours=1), price=10, order_id="late")
    visit(experiment, "bold", 2.9, 1, buyers=1)
    assert read(experiment, now=START + 3 * DAY) == 1

    assert list(Reading.objects.filter(day__is_final=True).order_by("pk").values()) == before
    today = experiment.days.get(is_final=False)
    assert sum(today.units.values()) == 25
    assert reading(today).count == 13
    assert Reading.objects.filter(day=today).count() == 2 * len(METRICS)


def test_a_day_says_what_its_sums_say(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(planned_units=60)
    visit(experiment, "control", 0, 15, buyers=3)
    visit(experiment, "bold", 0, 12, buyers=6)
    visit(experiment, "control", 1, 10, buyers=1)
    visit(experiment, "bold", 1, 11, buyers=5)

    read(experiment, now=MIDNIGHT + 2 * DAY)

    row = experiment.days.get(day=START.date() + DAY)
    found = compare_means(Moments.of_rate(25, 4), Moments.of_rate(23, 11))
    edge = group_sequential.bounds([27, 48], planned=60)[-1]
    interval, lift = found.interval(edge), found.lift_interval(edge)
    posterior = read_out(found.difference, found.variance, prior_error=0.3 * found.control)
    stored = reading(row)
    assert (stored.count, stored.sums, stored.value) == (23, [11.0, 0.0], pytest.approx(11 / 23))
    assert (stored.multiplier, stored.low, stored.high) == (
        pytest.approx(edge),
        pytest.approx(interval.low),
        pytest.approx(interval.high),
    )
    assert (stored.difference, stored.lift, stored.z) == (
        pytest.approx(found.difference),
        pytest.approx(found.lift),
        pytest.approx(found.z),
    )
    assert (lift, stored.lift_low, stored.lift_high) == (None, None, None)
    assert stored.chance_to_win == pytest.approx(posterior.chance_to_win)
    assert stored.loss_of_shipping == pytest.approx(posterior.loss_of_shipping / found.control)
    control = reading(row, "control")
    assert (control.count, control.multiplier, control.lift, control.chance_to_win) == (25, None, None, None)
    assert row.chi_square_p == pytest.approx(chi_square_p((25, 23), (1, 1)))
    assert row.sequential_p == pytest.approx(sequential_p([(15, 12), (25, 23)], (1, 1)))


def test_without_a_planned_end_the_interval_is_a_confidence_sequence(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment("control", "bold", "plain", weights=(2, 1, 1), ending="open", planned_units=80)
    for variant, count in (("control", 20), ("bold", 10), ("plain", 9)):
        visit(experiment, variant, 0, count, buyers=2)

    read(experiment, now=MIDNIGHT + DAY)

    row = experiment.days.get(is_final=True)
    assert reading(row).multiplier == pytest.approx(confidence_sequence.multiplier(30, tuned_for=60, alpha=0.025))
    assert reading(row, "plain").multiplier == pytest.approx(
        confidence_sequence.multiplier(29, tuned_for=60, alpha=0.025)
    )


def test_nothing_is_read_behind_the_planned_end(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(planned_days=2, planned_units=1_000)
    visit(experiment, "control", 0, 30, buyers=3)
    visit(experiment, "bold", 0, 30, buyers=3)

    assert read(experiment, now=START + 9 * DAY) == 2

    last = experiment.days.last()
    assert last is not None
    assert (last.day, last.is_final) == (START.date() + DAY, True)
    # Few units came, and none on the last day: the look spends everything all the same.
    assert reading(last).multiplier == pytest.approx(group_sequential.bounds([60, 60], planned=1_000, is_last=True)[-1])


def test_an_ended_experiment_is_read_up_to_its_end(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(planned_units=1_000)
    visit(experiment, "control", 0, 30, buyers=3)
    visit(experiment, "bold", 0.1, 30, buyers=3)
    Experiment.objects.update(status="ended", ended_at=START + 0.2 * DAY)
    experiment.refresh_from_db()
    visit(experiment, "bold", 0.3, 5)

    assert read(experiment, now=START + 9 * DAY) == 1
    assert read(experiment, now=START + 9 * DAY) == 0

    row = experiment.days.get()
    assert (row.is_final, sum(row.units.values())) == (True, 60)
    assert reading(row).multiplier == pytest.approx(1.959964)


def test_an_experiment_without_visitors_can_be_read(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()

    assert read(experiment, now=START + DAY) == 2

    stored = reading(experiment.days.get(is_final=True))
    assert (stored.count, stored.value, stored.low, stored.lift, stored.chance_to_win) == (0, 0.0, None, None, None)


def test_a_draft_is_not_read(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(status="draft", started_at=None)

    assert (read(experiment, now=START), experiment.days.count()) == (0, 0)
