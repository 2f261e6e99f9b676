"""From draft to decision, and everything that is refused on the way."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from django_recs.exceptions import ExperimentRefused
from django_recs.experiments.lifecycle import decide, end, start, widen
from django_recs.models import Experiment, Layer, Placement
from django_recs.signals import experiment_decided
from tests.experiments.conftest import START, MakeExperiment

Status = Experiment.Status
DRAFT: dict[str, Any] = {"status": Status.DRAFT, "started_at": None}


def test_a_draft_starts(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(**DRAFT)

    start(experiment)

    assert experiment.status == Status.RUNNING
    assert experiment.started_at is not None
    with pytest.raises(ExperimentRefused, match="Only a draft"):
        start(experiment)


@pytest.mark.parametrize(
    ("names", "changes", "fields", "why"),
    [
        (("control",), {}, {}, "at least one variant"),
        ((), {}, {"planned_units": None}, "no plan yet"),
        ((), {}, {"planned_days": None}, "number of days"),
        ((), {"limit": 3}, {}, "names none"),
        ((), {"slug": "x"}, {"placement_id": "for_you"}, "changes slug"),
        ((), {"strategy": "magic"}, {"placement_id": "for_you"}, "does not exist"),
        ((), {}, {"placement_id": "for_you"}, "nothing to compare"),
    ],
)
def test_a_draft_that_makes_no_sense_stays_one(
    make_experiment: MakeExperiment, names: tuple[str, ...], changes: dict[str, Any], fields: dict[str, Any], why: str
) -> None:
    experiment = make_experiment(*names, changes=changes, **{**DRAFT, **fields})

    with pytest.raises(ExperimentRefused, match=why):
        start(experiment)
    experiment.refresh_from_db()
    assert (experiment.status, experiment.started_at) == (Status.DRAFT, None)


@pytest.mark.parametrize("shared", [{"placement_id": "for_you"}, {"is_holdout": True}], ids=["placement", "holdout"])
def test_two_experiments_do_not_vary_the_same(make_experiment: MakeExperiment, shared: dict[str, Any]) -> None:
    make_experiment(**shared)
    second = make_experiment(
        slug="second", changes={"limit": 3} if "placement_id" in shared else {}, **{**DRAFT, **shared}
    )

    with pytest.raises(ExperimentRefused, match="Header"):
        start(second)


def test_experiments_of_a_layer_get_slots_of_their_own(make_experiment: MakeExperiment) -> None:
    layer = Layer.objects.create(slug="checkout")
    starts = []
    for number, percent in enumerate((40, 30, 20)):
        experiment = make_experiment(slug=f"e{number}", layer=layer, layer_percent=percent, **DRAFT)
        start(experiment)
        starts.append(experiment.layer_start)
    end(Experiment.objects.get(slug="e1"))
    small = make_experiment(slug="small", layer=layer, layer_percent=25, **DRAFT)
    start(small)
    large = make_experiment(slug="large", layer=layer, layer_percent=20, **DRAFT)

    assert starts == [0, 4_000, 7_000]
    assert small.layer_start == 4_000
    with pytest.raises(ExperimentRefused, match="no room left"):
        start(large)


def test_coverage_grows_and_never_shrinks(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(coverage_percent=10)

    widen(experiment, 50)
    assert experiment.coverage_percent == 50
    for refused in (40, 101):
        with pytest.raises(ExperimentRefused, match="never shrink"):
            widen(experiment, refused)
    experiment.refresh_from_db()
    assert experiment.coverage_percent == 50


def test_a_running_experiment_ends_once(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()

    end(experiment)

    assert (experiment.status, experiment.ended_at is None) == (Status.ENDED, False)
    with pytest.raises(ExperimentRefused, match="Only a running"):
        end(experiment)


def test_shipping_writes_down_who_and_why_and_does_it(
    make_experiment: MakeExperiment, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    experiment = make_experiment(
        placement=Placement.objects.get(slug="for_you"), changes={"strategy": "trending", "limit": 6}
    )
    bold = experiment.variants.get(slug="bold")
    heard = []

    def hear(sender: object, experiment: Experiment, **_: object) -> None:
        heard.append((sender, experiment.slug, experiment.outcome))

    experiment_decided.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            decide(experiment, "ship", who="ada", reason=" It sells more. ", variant=bold)
    finally:
        experiment_decided.disconnect(hear)

    placement = Placement.objects.get(slug="for_you")
    assert (placement.strategy, placement.limit, placement.title) == ("trending", 6, "Recommended for you")
    assert (experiment.status, experiment.shipped, experiment.decided_by) == (Status.DECIDED, bold, "ada")
    assert (experiment.reason, experiment.outcome, experiment.started_at) == ("It sells more.", "ship", START)
    assert experiment.ended_at == pytest.approx(experiment.decided_at, abs=timedelta(seconds=5))
    assert heard == [(Experiment, "header", "ship")]


def test_keeping_the_control_changes_no_placement(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(placement=Placement.objects.get(slug="for_you"), changes={"limit": 6})

    decide(experiment, "stop", who="ada", reason="Worse.")

    assert (experiment.status, experiment.shipped) == (Status.DECIDED, None)
    assert Placement.objects.get(slug="for_you").limit == 12


@pytest.mark.parametrize(
    ("fields", "outcome", "reason", "variant", "why"),
    [
        ({}, "ship", " ", "bold", "Write down why"),
        ({}, "ship", "Good.", None, "Choose a variant"),
        ({}, "stop", "Bad.", "bold", "Choose a variant"),
        ({}, "burn", "Bad.", None, "Choose a variant"),
        ({}, "ship", "Good.", "control", "Only a variant"),
        (DRAFT, "stop", "Bad.", None, "nothing to decide"),
        ({"status": Status.DECIDED}, "stop", "Bad.", None, "made once"),
    ],
)
def test_a_decision_without_sense_is_refused(
    make_experiment: MakeExperiment, fields: dict[str, Any], outcome: str, reason: str, variant: str | None, why: str
) -> None:
    experiment = make_experiment(**fields)
    chosen = experiment.variants.get(slug=variant) if variant else None

    with pytest.raises(ExperimentRefused, match=why):
        decide(experiment, outcome, who="ada", reason=reason, variant=chosen)
    experiment.refresh_from_db()
    assert (experiment.status, experiment.outcome) == (fields.get("status", Status.RUNNING), "")
