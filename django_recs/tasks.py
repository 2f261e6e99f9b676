"""Every Celery task: ids in, one call out. The rows are the truth, so a lost, late or doubled message does no harm.

Tasks are acknowledged early and never rejected when a worker is lost: a run that was cut off is found by `tick`.
"""

from datetime import timedelta

from celery import shared_task
from django.db import transaction

from django_recs.models import Experiment, TrainingRun, TuningStudy

GPU_QUEUE = "gpu"
"""Given with each message, because Celery deprecates it as an attribute of a task. A schedule of `train` names it too:
``CELERY_TASK_ROUTES = {"django_recs.train": {"queue": "gpu"}}``."""
SCHEDULE_GAP = timedelta(hours=1)
"""A scheduled training starts this long after the one before at the earliest: messages that two beats sent, or that
piled up while no worker ran, train once."""
TICK_SECONDS = 60
"""How often the beat schedule should send `tick`. A message that no worker took until the next one is dropped."""


@shared_task(name="django_recs.train", acks_late=False, reject_on_worker_lost=False, ignore_result=True)
def train(run_pk: int | None = None) -> None:
    """Work off a training run, or a new one when none is named. Ends at once while another training goes on."""
    from django_recs.exceptions import TrainingInProgress
    from django_recs.pipeline.run import run_training

    try:
        run_training(run_pk or TrainingRun.objects.queue(trigger="schedule", gap=SCHEDULE_GAP).pk)
    except TrainingInProgress:
        return


@shared_task(name="django_recs.tune", acks_late=False, reject_on_worker_lost=False, ignore_result=True)
def tune(study_pk: int) -> None:
    """Join a tuning study as one more worker, until its budget ends."""
    from django_recs.pipeline.tuning.worker import work_off

    work_off(study_pk)


@shared_task(name="django_recs.tick", ignore_result=True, acks_late=False, reject_on_worker_lost=False)
def tick() -> None:
    """Send the training run and the tuning study that nobody works on to a worker: never started, or left behind.

    Then delete old refused events.
    """
    from django_recs.pipeline.run import due_run
    from django_recs.pipeline.tuning.studies import due_study
    from django_recs.tracking import purge_refused

    if run := due_run():
        train.apply_async((run.pk,), queue=GPU_QUEUE, expires=TICK_SECONDS)
    if study := due_study():
        tune.apply_async((study.pk,), queue=GPU_QUEUE, expires=TICK_SECONDS)
    purge_refused()


def queue_training(trigger: str) -> TrainingRun:
    """A new run; a worker is told once the transaction has committed. Without a broker the run waits for a tick.

    Raises:
        TrainingInProgress: another run waits or is under way.
    """
    run = TrainingRun.objects.queue(trigger=trigger)

    def tell() -> None:
        train.apply_async((run.pk,), queue=GPU_QUEUE, retry=False)

    transaction.on_commit(tell, robust=True)  # not a partial: Django's report of a failure needs a __qualname__
    return run


def queue_tuning(study: TuningStudy, *, workers: int = 1) -> None:
    """Ask so many Celery workers to join the study, once the transaction has committed. Without a broker it waits."""

    def tell() -> None:
        for _ in range(workers):
            tune.apply_async((study.pk,), queue=GPU_QUEUE, retry=False)

    transaction.on_commit(tell, robust=True)


@shared_task(name="django_recs.analyse", ignore_result=True, acks_late=False, reject_on_worker_lost=False)
def analyse(experiment_pk: int | None = None) -> None:
    """Bring the readings of one experiment, or of all that are not decided, up to date. Sent hourly by the schedule."""
    from django_recs.experiments.readings import read

    for experiment in Experiment.objects.to_read(experiment_pk):
        read(experiment)


@shared_task(name="django_recs.plan_experiment", ignore_result=True, acks_late=False, reject_on_worker_lost=False)
def plan_experiment(experiment_pk: int) -> None:
    """Work out how long a draft would take."""
    from django_recs.experiments.planner import make_plan

    make_plan(Experiment.objects.get(pk=experiment_pk))
