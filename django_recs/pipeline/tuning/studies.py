"""Studies as rows: made, found, stopped and concluded."""

import importlib.util
import math
from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Now

from django_recs.conf import get_settings
from django_recs.engine.parameters import BY_NAME, NETWORK, PARAMETERS
from django_recs.exceptions import TuningRefused
from django_recs.models import Event, Lease, TunedConfiguration, TuningStudy, TuningTrial

State = TuningTrial.State
Status = TuningStudy.Status

NOISE_ERRORS = 2.0
"""Standard errors of a gain that count as noise, for one comparison; see `noise_errors`."""


def new_study(
    *,
    trigger: str,
    sampler: str = TuningStudy.Sampler.BAYESIAN,
    pruner: str = TuningStudy.Pruner.MEDIAN,
    minutes: float = 30.0,
    trial_limit: int = 100,
    only: Sequence[str] = (),
) -> TuningStudy:
    """A study that waits for its first worker.

    Args:
        only: names of parameters, or of a part (``voices``, ``network``), to search instead of all.

    Raises:
        TuningRefused: another study goes on, or there is nothing to search.
    """
    if waiting := TuningStudy.objects.unfinished().first():
        raise TuningRefused(f"Tuning {waiting} is waiting or under way: join it with --resume {waiting.pk}.")
    names = _searched(only)
    if sampler == TuningStudy.Sampler.GRID:
        from django_recs.pipeline.tuning.search import GRID_LIMIT, grid_size

        trial_limit = min(trial_limit, 1 + min(grid_size(names), GRID_LIMIT))
    return TuningStudy.objects.create(
        trigger=trigger[:60],
        sampler=sampler,
        pruner=pruner,
        budget_minutes=minutes,
        trial_limit=trial_limit,
        parameters=names,
        last_event_pk=Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0,
    )


def due_study() -> TuningStudy | None:
    """The oldest unfinished study that nobody works on: no worker ever came, or all died."""
    return next((study for study in TuningStudy.objects.unfinished() if not has_worker(study)), None)


def stop(study: TuningStudy) -> bool:
    """End the search; its workers notice at their next epoch or trial. False when it had ended already."""
    return study.finish(Status.STOPPED, "Stopped by hand.")


def lease_name(study: TuningStudy, worker: int) -> str:
    """The lease by which a worker of ``study`` shows that it lives."""
    return f"tuning {study.pk}-{worker}"


def has_worker(study: TuningStudy, *, besides: int | None = None) -> bool:
    """Whether a worker of the study lives, ``besides`` the one of that number."""
    alive = _leases(study).filter(expires_at__gt=Now())
    return alive.exclude(name=lease_name(study, besides or 0)).exists()


def _leases(study: TuningStudy) -> QuerySet[Lease]:
    return Lease.objects.filter(name__startswith=f"tuning {study.pk}-")


def conclude(study: TuningStudy) -> None:
    """End the study, unless somebody did or still works on a trial, and put its winner in use if there is one."""
    if study.trials.filter(state=State.RUNNING).exists():
        return
    best = best_trial(study)
    wins = best is not None and is_beyond_noise(best, of=completed_count(study))
    if study.finish(Status.FINISHED, _verdict(study, best, wins=wins)) and wins and best:
        TunedConfiguration.use(best, chosen_by=str(study))
    _leases(study).filter(expires_at__lte=Now()).delete()  # of workers that died


def best_trial(study: TuningStudy) -> TuningTrial | None:
    """The complete trial with the highest score, the earliest of equals."""
    complete = study.trials.filter(state=State.COMPLETE).defer("query_scores").select_related("study")
    return complete.order_by("-score", "number").first()


def completed_count(study: TuningStudy) -> int:
    return study.trials.filter(state=State.COMPLETE).count()


def noise_errors(trial_count: int) -> float:
    """How many standard errors above 0 the best of so many gains may lie by chance alone.

    The largest of n independent normal draws lies about sqrt(2 ln n) standard deviations above their mean.
    """
    return max(NOISE_ERRORS, math.sqrt(2 * math.log(max(trial_count, 1))))


def is_beyond_noise(trial: TuningTrial, *, of: int) -> bool:
    """Whether a trial that is the best ``of`` so many is better than the baseline by more than chance explains."""
    return bool(trial.gain and trial.gain_error is not None and trial.gain > noise_errors(of) * trial.gain_error)


def _verdict(study: TuningStudy, best: TuningTrial | None, *, wins: bool) -> str:
    if best is None:
        return "The budget ended before a trial was complete, so there is nothing to compare."
    if best.is_baseline or not best.gain or best.gain <= 0:
        return "Nothing that was tried beat the configuration in use, so it stays."
    lead = f"Trial {best.number} scored {best.score:.4f}, {best.gain:.4f} above the configuration in use"
    count = completed_count(study)
    needed = f"{noise_errors(count):.1f} standard errors of {best.gain_error:.4f}"
    if wins:
        return f"{lead}, which is more than {needed}. It was put in use for the next training; the gate decides."
    return f"{lead}. The best of {count} may lie {needed} above by chance, so nothing was changed."


def _searched(only: Sequence[str]) -> list[str]:
    pinned = get_settings().hyperparameters
    if unknown := [name for name in only if name not in {*BY_NAME, *(each.part for each in PARAMETERS)}]:
        raise TuningRefused(f"There is no parameter {unknown[0]!r}. Known: voices, network, {', '.join(BY_NAME)}.")
    names = [
        each.name
        for each in PARAMETERS
        if each.name not in pinned
        and (not only or each.name in only or each.part in only)
        and (each.part != NETWORK or _has_network())
    ]
    if not names:
        raise TuningRefused("Nothing is left to search: the settings pin these parameters, or no network is trained.")
    return names


def _has_network() -> bool:
    return get_settings().network_epochs > 0 and importlib.util.find_spec("torch") is not None
