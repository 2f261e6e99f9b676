"""recs_tune as an operator calls it."""

from io import StringIO
from pathlib import Path

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from django_recs.models import ModelVersion, TrainingRun, TunedConfiguration, TuningStudy
from tests.pipeline.tuning.shops import add_movers

pytestmark = pytest.mark.django_db
HABIT = "voices.frequency_half_life_days"


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path / "artifacts"), "NETWORK_EPOCHS": 0, "TRAINING_THREADS": 1}


def call(*arguments: str, name: str = "recs_tune") -> tuple[str, str]:
    output, errors = StringIO(), StringIO()
    call_command(name, *arguments, stdout=output, stderr=errors, no_color=True)
    return output.getvalue(), errors.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        call(*arguments)
    return str(error.value)


def test_a_search_prints_its_trials_and_the_next_training_starts_with_the_winner() -> None:
    add_movers()
    output, errors = call("--trials", "6", "--minutes", "5", "--sampler", "random", "--only", HABIT)
    study = TuningStudy.objects.get()
    lines = errors.splitlines()
    assert lines[0] == (
        f"Tuning study {study.pk}: 1 parameters, at most 5 minutes and 6 trials. "
        f"Ctrl-C stops it; --resume {study.pk} goes on."
    )
    assert [line.split()[:2] for line in lines[1:]] == [["trial", str(number)] for number in range(6)]
    assert lines[1].endswith("the configuration in use")
    assert f"study {study.pk}: Finished, random search. Trials: 6 complete." in output
    assert call("--show")[0] == call("--show", str(study.pk))[0] == output
    in_use = TunedConfiguration.current()
    assert in_use is not None
    assert in_use.values[HABIT] < 120

    call(name="recs_train")
    run, version = TrainingRun.objects.get(), ModelVersion.objects.get()
    described = {"source": in_use.source, "values": in_use.values}
    assert run.configuration == version.metrics["protocol"]["configuration"] == described


def test_a_challenger_of_other_hyper_parameters_meets_the_live_version_with_its_own() -> None:
    """The live version was tuned to forget; it is judged as it was when it went live, beside voices that do not."""
    add_movers()
    call("--trials", "6", "--sampler", "random", "--only", HABIT)
    call(name="recs_train")
    live = ModelVersion.objects.get()
    call("--forget")
    call(name="recs_train")
    challenger = ModelVersion.objects.exclude(pk=live.pk).get()
    before, now = (each.metrics["slices"]["returning"]["recommenders"] for each in (live, challenger))
    assert "hyper-parameters are compared" in challenger.metrics["protocol"]["live_version"]
    assert now["champion"]["ndcg@10"] == before["blend"]["ndcg@10"]
    assert now["personal_frequency"]["ndcg@10"]["mean"] < before["personal_frequency"]["ndcg@10"]["mean"]
    assert not [name for name in now if name.startswith("champion.")]


def test_apply_and_forget() -> None:
    add_movers()
    call("--trials", "2", "--only", HABIT)
    study = TuningStudy.objects.get()
    best = study.trials.order_by("-score", "number")[0]
    decides = "the gate decides whether it goes live.\n"
    assert call("--apply", str(study.pk))[0] == f"The next training starts with {best}; {decides}"
    assert (
        call("--apply", str(study.pk), "0")[0] == f"The next training starts with study {study.pk}, trial 0; {decides}"
    )
    assert call("--forget")[0] == "The next training starts with the defaults.\n"
    assert call("--forget")[0] == "No tuning is in use.\n"
    assert refused("--apply", str(study.pk), "99") == (
        f"study {study.pk} has no such complete trial; look with --show {study.pk}."
    )
    assert refused("--apply", "999") == f"There is no tuning study 999. The newest: {study.pk}."


def test_stop_and_nothing_to_show() -> None:
    assert refused("--show") == "There is no tuning study. The newest: none."
    study = TuningStudy.objects.create(trial_limit=5)
    assert refused("--trials", "1").startswith(f"Tuning study {study.pk} is waiting or under way")
    assert call("--stop")[0] == f"Tuning study {study.pk} is stopped.\n"
    assert call("--stop", str(study.pk))[0] == f"Tuning study {study.pk} had ended already.\n"


@pytest.mark.parametrize("arguments", [("--minutes", "0"), ("--trials", "-1"), ("--workers", "0"), ("--minutes", "x")])
def test_a_budget_has_to_be_above_0(arguments: tuple[str, str]) -> None:
    assert f"argument {arguments[0]}:" in refused(*arguments)
    assert TuningStudy.objects.count() == 0


def test_queue_leaves_the_search_to_workers() -> None:
    before, current_app.conf.task_always_eager = current_app.conf.task_always_eager, True
    try:
        output = call("--queue", "--workers", "3")[0]
    finally:
        current_app.conf.task_always_eager = before
    assert output == f"Tuning {TuningStudy.objects.get()} waits for 3 workers of the queue gpu.\n"
