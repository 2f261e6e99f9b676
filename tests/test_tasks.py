"""Tasks only pass ids on: the rows decide what happens."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.test import TestCase
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from django_recs import tasks
from django_recs.exceptions import TrainingInProgress
from django_recs.models import Experiment, RefusedEvent, TrainingRun, TuningStudy, Variant
from django_recs.pipeline.lease import acquire

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture(autouse=True)
def eager(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path), "NETWORK_EPOCHS": 0}
    before = current_app.conf.task_always_eager, current_app.conf.task_eager_propagates
    current_app.conf.task_always_eager = current_app.conf.task_eager_propagates = True
    yield
    current_app.conf.task_always_eager, current_app.conf.task_eager_propagates = before


def statuses() -> list[tuple[str, str]]:
    return list(TrainingRun.objects.order_by("pk").values_list("trigger", "status"))


def test_names_and_acknowledgement_are_explicit() -> None:
    names = {tasks.train: "django_recs.train", tasks.tune: "django_recs.tune", tasks.tick: "django_recs.tick"}
    for task, name in names.items():
        assert task.name == name
        assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (False, False, True)


def test_train_works_off_the_run_it_is_told() -> None:
    run = TrainingRun.objects.create(trigger="test")
    tasks.train.delay(run.pk)
    assert statuses() == [("test", Status.SKIPPED)]


def test_train_without_a_run_makes_one_for_the_schedule() -> None:
    tasks.train.delay()
    assert statuses() == [("schedule", Status.SKIPPED)]


def test_two_schedules_at_once_make_one_run() -> None:
    acquire("training")
    tasks.train.delay()
    tasks.train.delay()
    assert statuses() == [("schedule", Status.QUEUED)]


def test_a_late_copy_of_the_schedule_trains_nothing_and_the_next_night_does() -> None:
    tasks.train.delay()
    tasks.train.delay()
    assert statuses() == [("schedule", Status.SKIPPED)]

    TrainingRun.objects.update(finished_at=timezone.now() - tasks.SCHEDULE_GAP)
    tasks.train.delay()
    assert statuses() == [("schedule", Status.SKIPPED)] * 2


def test_tick_takes_up_a_run_that_was_left_behind() -> None:
    TrainingRun.objects.create(status=Status.FITTING, attempt_count=1)
    tasks.tick.delay()
    run = TrainingRun.objects.get()
    assert (run.status, run.attempt_count) == (Status.SKIPPED, 2)


def test_tick_leaves_a_run_alone_that_somebody_works_on() -> None:
    TrainingRun.objects.create(status=Status.FITTING, attempt_count=1)
    acquire("training")
    tasks.tick.delay()
    run = TrainingRun.objects.get()
    assert (run.status, run.attempt_count) == (Status.FITTING, 1)


def test_tick_without_work_makes_none() -> None:
    tasks.tick.delay()
    assert statuses() == []


def test_tune_joins_the_study_it_is_told() -> None:
    study = TuningStudy.objects.create(parameters=["voices.ease_penalty"])
    tasks.tune.delay(study.pk)
    study.refresh_from_db()
    assert (study.status, study.worker_count) == (TuningStudy.Status.SKIPPED, 1)


def test_tick_takes_up_a_study_without_a_worker_and_leaves_one_that_has_some() -> None:
    busy = TuningStudy.objects.create(status=TuningStudy.Status.RUNNING, worker_count=1)
    acquire(f"tuning {busy.pk}-1")
    left = TuningStudy.objects.create()
    tasks.tick.delay()
    assert list(TuningStudy.objects.order_by("pk").values_list("status", "worker_count")) == [
        (TuningStudy.Status.RUNNING, 1),
        (TuningStudy.Status.SKIPPED, 1),
    ]
    assert left.pk > busy.pk


def test_a_queued_study_is_told_to_so_many_workers_after_the_commit() -> None:
    study = TuningStudy.objects.create()
    with TestCase.captureOnCommitCallbacks(execute=True):
        tasks.queue_tuning(study, workers=2)
        study.refresh_from_db()
        assert study.status == TuningStudy.Status.QUEUED
    study.refresh_from_db()
    assert (study.status, study.worker_count) == (TuningStudy.Status.SKIPPED, 1)  # the second found it ended


def test_tick_deletes_what_was_refused_long_ago() -> None:
    for code, days in (("old", 14), ("kept", 13)):
        received_at = timezone.now() - timedelta(days=days, seconds=1)
        RefusedEvent.objects.create(received_at=received_at, code=code, source="rest")
    tasks.tick.delay()
    assert RefusedEvent.objects.values_list("code", flat=True).get() == "kept"


def test_a_queued_training_starts_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.queue_training(trigger="admin: ada")
        assert statuses() == [("admin: ada", Status.QUEUED)]
    assert statuses() == [("admin: ada", Status.SKIPPED)]


def test_nothing_is_queued_while_a_run_waits() -> None:
    with TestCase.captureOnCommitCallbacks() as callbacks:
        tasks.queue_training(trigger="first")
    with pytest.raises(TrainingInProgress):
        tasks.queue_training(trigger="second")
    assert (statuses(), len(callbacks)) == ([("first", Status.QUEUED)], 1)


def test_a_broker_that_refuses_does_not_reach_the_page(settings: Settings) -> None:
    current_app.conf.task_always_eager = False
    old_url, current_app.conf.broker_url = current_app.conf.broker_url, "amqp://guest:guest@127.0.0.1:1//"
    try:
        with TestCase.captureOnCommitCallbacks(execute=True):
            tasks.queue_training(trigger="admin: ada")
    finally:
        current_app.conf.broker_url = old_url
    assert statuses() == [("admin: ada", Status.QUEUED)]


def test_an_experiment_is_planned_and_read_by_tasks() -> None:
    running = Experiment.objects.create(
        slug="a", primary_metric="conversion", status="running", started_at=timezone.now()
    )
    draft = Experiment.objects.create(slug="b", primary_metric="conversion")
    for experiment in (running, draft):
        for place, slug in enumerate(("control", "bold")):
            Variant.objects.create(experiment=experiment, position=place, slug=slug)

    tasks.plan_experiment.delay(draft.pk)
    tasks.analyse.delay()

    draft.refresh_from_db()
    assert draft.plan["unit_count"] == 0
    assert (running.days.count(), draft.days.count()) == (1, 0)
    assert (tasks.analyse.name, tasks.plan_experiment.name) == ("django_recs.analyse", "django_recs.plan_experiment")
