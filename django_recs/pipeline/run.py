"""One training run from the first event read to the live version, as a state machine on its row.

The row and the lease are the truth; whoever calls `run_training` (a Celery task, a command, a test) only moves them on.
A process may be killed at any moment: the live version keeps serving, the lease expires, and the next call for the run
goes on from what the run's folder holds, at most `MAX_ATTEMPTS` times.
"""

import logging
from dataclasses import replace
from functools import partial

from django.db import router, transaction
from django.db.models.functions import Now

from django_recs.catalog import get_catalog
from django_recs.conf import get_settings
from django_recs.exceptions import LeaseLost, TooLittleData
from django_recs.models import Lease, ModelVersion, TrainingRun
from django_recs.pipeline.configuration import configuration_in_force
from django_recs.pipeline.export import ExportedData, export_interactions
from django_recs.pipeline.lease import TRAINING, HeldLease, hold, is_free
from django_recs.pipeline.progress import OnProgress, RunProgress
from django_recs.pipeline.run_folder import events_until, open_run_folder, remove_run_folder
from django_recs.serving.registry import promote

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
Status = TrainingRun.Status


def run_training(run_pk: int, *, on_progress: OnProgress = lambda share, message: None) -> TrainingRun:
    """Work the run off and return its row; a run that is finished already is left as it is.

    What goes wrong inside ends the run as failed with a sentence on its row and the traceback in the log.

    Raises:
        TrainingInProgress: another process is training; the run stays as it is.
        LeaseLost: this process was frozen for so long that another one took the run over.
    """
    seconds = get_settings().training_lease_seconds
    with hold(TRAINING, seconds=seconds, on_beat=partial(_sign_of_life, run_pk)) as lease:
        run = TrainingRun.objects.get(pk=run_pk)
        if run.is_finished:
            return run
        if run.attempt_count >= MAX_ATTEMPTS:
            run.finish(Status.FAILED, f"The worker was lost {MAX_ATTEMPTS} times; see its log and its memory limit.")
            remove_run_folder(run)
            return run
        run.begin_attempt()
        _attempt(run, lease, on_progress)
    return run


def due_run() -> TrainingRun | None:
    """The oldest run that nobody works on: never started, or left behind by a process that died."""
    return TrainingRun.objects.unfinished().first() if is_free(TRAINING) else None


def _sign_of_life(run_pk: int) -> None:
    TrainingRun.objects.filter(pk=run_pk, status__in=TrainingRun.UNFINISHED).update(heartbeat_at=Now())


def _attempt(run: TrainingRun, lease: HeldLease, on_progress: OnProgress) -> None:
    try:
        _train(run, lease, RunProgress(run, lease, on_progress))
    except TooLittleData as reason:
        run.finish(Status.SKIPPED, str(reason))
    except LeaseLost:
        raise
    except KeyboardInterrupt:
        run.finish(Status.FAILED, "Stopped by hand.")
        raise
    except Exception as error:
        logger.exception("Training run %s failed.", run.pk)
        run.finish(Status.FAILED, f"{type(error).__name__}: {error}")
    finally:
        if run.is_finished:
            remove_run_folder(run)


def _train(run: TrainingRun, lease: HeldLease, progress: RunProgress) -> None:
    """Publish a version, unless an earlier attempt did so before its process died, and make it live if it may be."""
    version = ModelVersion.objects.filter(run=run).first() or _new_version(run, lease, progress)
    if version.status == ModelVersion.Status.STAGED:
        with transaction.atomic(using=router.db_for_write(Lease)):
            lease.renew()
            promote(version)
    _finish_as_published(run, version)


def _new_version(run: TrainingRun, lease: HeldLease, progress: RunProgress) -> ModelVersion:
    from django_recs.pipeline.encoding import encoded
    from django_recs.pipeline.fit import train
    from django_recs.pipeline.publish import publish

    progress.enter(Status.EXPORTING, 0.0, "Reading events.")
    configuration = configuration_in_force()
    folder = open_run_folder(run)
    data = export_interactions(events_until(folder))
    _refuse_too_little(data)
    data = replace(data, content=encoded(get_catalog(), data.gross.item_ids, data.content))
    facts = {
        "event_count": len(data.interactions),
        "item_count": data.interactions.item_count,
        "unit_count": data.interactions.unit_count,
        "configuration": configuration.described(),
    }
    progress.enter(Status.FITTING, 0.05, "Fitting.", **facts)
    training = train(data, progress, configuration, folder=folder, lease=lease)
    progress.enter(Status.PUBLISHING, 0.98, "Writing the artifact.", device=training.device)
    return publish(training, run=run, fence=lease.renew)


def _finish_as_published(run: TrainingRun, version: ModelVersion) -> None:
    if version.status == ModelVersion.Status.REJECTED:
        run.finish(Status.REJECTED, " ".join(version.gate_reasons))
    else:
        run.finish(Status.PROMOTED, f"{version} is live.")


def _refuse_too_little(data: ExportedData) -> None:
    events, needed = data.interactions, get_settings().min_training_events
    if len(events) < needed:
        raise TooLittleData(f"{len(events):,} events teach; DJANGO_RECS['MIN_TRAINING_EVENTS'] asks for {needed:,}.")
    if events.unit_count < 2 or events.item_count < 2:
        raise TooLittleData("At least two people and two items are needed to learn who likes what.")
