"""recs_train, recs_evaluate, recs_promote and recs_rollback as an operator calls them."""

import json
from io import StringIO
from pathlib import Path

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from django_recs.models import ModelVersion, TrainingRun
from django_recs.pipeline.lease import acquire
from django_recs.serving.registry import live_version
from tests.pipeline.rows import add_products, add_shop, event, store

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path / "artifacts"), "NETWORK_EPOCHS": 0, "TRAINING_THREADS": 1}


def call(name: str, *arguments: str) -> str:
    output = StringIO()
    call_command(name, *arguments, stdout=output, stderr=StringIO(), no_color=True)
    return output.getvalue()


def refused(name: str, *arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        call(name, *arguments)
    return str(error.value)


def test_training_prints_the_table_and_promotes_then_evaluates_then_rolls_back() -> None:
    items = add_shop()
    lines = call("recs_train").splitlines()
    first = live_version()
    assert first is not None
    assert lines[0] == "Blended on 2024-04-06 to 2024-04-18, judged on 2024-04-18 to 2024-04-30."
    assert lines[1] == "There is no live version to compare with."
    assert lines[3].split()[:5] == ["returning", "(120", "queries)", "ndcg@10", "behind_blend"]
    assert lines[4].split()[:3] == ["blend", "1.0000", "(0.0000)"]
    assert {line.split()[0] for line in lines[5:12]} >= {"personal_frequency", "ease", "trend_7d"}
    assert lines[-1] == f"Training {first.run}: Promoted. {first} is live."

    assert refused("recs_evaluate") == (
        f"{first} learned from events until 2024-04-30; nobody bought anything since. "
        f"Use --stored for the figures from its training."
    )
    assert call("recs_evaluate", "--stored").splitlines() == lines[:-2]
    assert json.loads(call("recs_evaluate", "--stored", "--json")) == first.metrics
    assert first.evaluations.count() == 0
    store(*(event("purchase", item=items[n % 20], customer=str(n), day=61, order=f"later {n}") for n in range(120)))
    assert call("recs_evaluate", str(first)).splitlines()[0] == (
        f"Judged on what happened from 2024-04-30 to 2024-05-02, after all that {first} learned from."
    )
    printed = json.loads(call("recs_evaluate", "--json"))
    kept = first.evaluations.first()
    assert kept is not None
    assert (f"{kept}", kept.table) == (f"{first} from 2024-04-30 to 2024-05-02", printed)
    assert first.evaluations.count() == 2
    card = call("recs_evaluate", "--card")
    assert card.startswith(f"# Model card of {first}\n")
    assert "### 30 Apr 2024 to 2 May 2024" in card
    assert "- People: 120 (120 customers and 0 guests)" in card
    assert first.evaluations.count() == 2  # a card evaluates nothing

    call("recs_train")
    second = live_version()
    assert second not in {None, first}
    assert (
        call("recs_evaluate", str(first))
        .splitlines()[0]
        .endswith(f"Version {second.pk}, which is live, learned from that time and is not compared.")
    )
    assert call("recs_rollback") == f"{first} is live.\n"
    assert live_version() == first
    store(*(event("purchase", item=items[n % 20], customer=str(n), day=63, order=f"last {n}") for n in range(120)))
    lines = call("recs_evaluate", f"{second}").splitlines()
    assert lines[0].endswith(f"Version {first.pk}, which is live, is compared as it is.")
    assert {line.split()[0] for line in lines[3:5]} == {"blend", "champion"}
    assert call("recs_promote", f"{second}") == f"{second} is live.\n"
    assert live_version() == second


def test_a_rejected_version_goes_live_by_force_only() -> None:
    add_shop(changed_mind=True)
    output = call("recs_train")
    version = ModelVersion.objects.get()
    assert f"Training {version.run}: Rejected by the gate. On returning" in output
    assert refused("recs_promote", str(version.pk)).startswith(f"The gate rejected {version}. On returning")
    assert live_version() is None
    assert call("recs_promote", str(version.pk), "--force") == f"{version} is live.\n"


def test_too_little_data_says_so_and_is_no_error() -> None:
    add_products(2)
    assert call("recs_train") == (
        f"Training {TrainingRun.objects.get()}: Skipped: too little data. "
        f"0 events teach; DJANGO_RECS['MIN_TRAINING_EVENTS'] asks for 200.\n"
    )


def test_a_training_that_goes_on_elsewhere_is_an_error() -> None:
    acquire("training")
    TrainingRun.objects.create(status=Status.FITTING)
    assert refused("recs_train").endswith("is waiting or under way.")
    assert call("recs_train", "--due") == "No training run is due.\n"


def test_a_failure_is_an_error_with_its_sentence(settings: Settings, tmp_path: Path) -> None:
    add_shop()
    (tmp_path / "a file").touch()
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "ARTIFACT_ROOT": str(tmp_path / "a file")}
    assert refused("recs_train").startswith(f"Training {TrainingRun.objects.get()}: Failed. ")


def test_due_takes_up_what_was_left_behind() -> None:
    add_products(2)
    left = TrainingRun.objects.create(status=Status.FITTING, attempt_count=1)
    assert call("recs_train", "--due").startswith(f"Training {left}: Skipped")
    left.refresh_from_db()
    assert left.attempt_count == 2


def test_queue_leaves_the_work_to_a_worker() -> None:
    before, current_app.conf.task_always_eager = current_app.conf.task_always_eager, True
    try:
        output = call("recs_train", "--queue")
    finally:
        current_app.conf.task_always_eager = before
    assert output == f"Training {TrainingRun.objects.get()} waits for a worker of the queue gpu.\n"


@pytest.mark.parametrize("name", ["7", "v7", "latest", "-1", ""])
def test_an_unknown_version_is_named_beside_the_known_ones(name: str) -> None:
    assert refused("recs_promote", "--", name) == f"There is no model version {name!r}. The newest: none."


def test_nothing_to_evaluate_or_to_roll_back_to() -> None:
    assert refused("recs_evaluate") == "No model version is live: train one with recs_train."
    assert refused("recs_rollback") == "There is no version to roll back to."
