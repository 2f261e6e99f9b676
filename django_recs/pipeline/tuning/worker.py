"""One worker of a study: it takes a configuration, judges it, tells the others, and goes on until the budget ends.

Workers know nothing of each other but the database. Each holds a lease of its own while it lives; the trial of a worker
whose lease ran out is cut off by the next one, does not count, and is tried again where it must not be missed.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import optuna
from django.db import router, transaction
from django.utils import timezone
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from django_recs.conf import get_settings
from django_recs.exceptions import RecsError, TooLittleData, TuningRefused
from django_recs.models import Lease, TuningStudy, TuningTrial
from django_recs.pipeline.configuration import Configuration, configuration_in_force
from django_recs.pipeline.export import export_interactions
from django_recs.pipeline.fit import choose_split
from django_recs.pipeline.lease import hold, is_free
from django_recs.pipeline.progress import leave_old_connections
from django_recs.pipeline.tuning.objective import Judgement, Objective
from django_recs.pipeline.tuning.search import BASELINE, distributions, open_search, plan, rounded
from django_recs.pipeline.tuning.studies import conclude, has_worker, lease_name

logger = logging.getLogger(__name__)

State = TuningTrial.State
Status = TuningStudy.Status
OnTrial = Callable[[TuningTrial], None]

_EPOCH = re.compile(r"epoch (\d+): .*NDCG@10 ([\d.]+)")
"""The line that the training of the network says after an epoch that was judged."""


class _CutOff(Exception):
    """The budget ended, or somebody stopped the study, in the middle of a trial."""


def work_off(study_pk: int, *, on_trial: OnTrial = lambda trial: None) -> TuningStudy:
    """Join the study as one more worker and return its row when nothing is left to do; a finished one is left as it is.

    Args:
        on_trial: told each trial of this worker when it has ended.

    Raises:
        TuningRefused: the events by which the study judges are not those that it began with.
    """
    study = TuningStudy.objects.get(pk=study_pk)
    if study.is_finished:
        return study
    number = study.join()
    name = lease_name(study, number)
    try:
        with hold(name, seconds=get_settings().training_lease_seconds):
            _search(study, number, on_trial)
    except TooLittleData as reason:
        study.finish(Status.SKIPPED, str(reason))
    except RecsError as reason:
        if not has_worker(study, besides=number):
            study.finish(Status.FAILED, str(reason))
        raise
    finally:
        Lease.objects.filter(name=name).delete()  # names are never used again
    study.refresh_from_db()
    return study


def _search(study: TuningStudy, number: int, on_trial: OnTrial) -> None:
    objective = _objective(study)
    search = open_search(study, worker=number)
    Worker(study=study, number=number, objective=objective, search=search, on_trial=on_trial).run()


def _objective(study: TuningStudy) -> Objective:
    """The judge, on the events and from the configuration that every worker of the study starts with."""
    pinned = get_settings().hyperparameters
    in_force = {name: value for name, value in configuration_in_force().values.items() if name not in pinned}
    data = export_interactions(last_pk=study.last_event_pk)
    first = TuningStudy.objects.filter(pk=study.pk, fingerprint="")
    first.update(fingerprint=data.fingerprint, base_values=in_force)
    study.refresh_from_db()
    if study.fingerprint != data.fingerprint:
        raise TuningRefused(
            f"The events by which {study} judges have changed since it began, as by an erasure; start a new study."
        )
    base = Configuration(values={**study.base_values, **pinned}, source=str(study))
    return Objective(data=data, base=base, parameters=study.parameters, split=choose_split(data.interactions))


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker that has joined, with everything that it needs in memory."""

    study: TuningStudy
    number: int
    objective: Objective
    search: optuna.Study
    on_trial: OnTrial

    def run(self) -> None:
        """Trials until no more may begin. Raises `TooLittleData`."""
        self.plan_once()
        while self.try_one():
            leave_old_connections()
        conclude(self.study)

    def plan_once(self) -> None:
        """Queue the first configurations, unless another worker did so. Raises `TooLittleData`."""
        if not self.objective.queries:
            return
        with self._transaction():
            if TuningStudy.objects.filter(pk=self.study.pk, is_planned=False).update(is_planned=True):
                base = self.objective.base
                plan(self.study, self.search, baseline={name: base.value_of(name) for name in self.study.parameters})

    def try_one(self) -> bool:
        """One trial from its start to its end; False when no more may begin."""
        self.cut_off_lost_trials()
        begun = self._begin()
        if begun is None:
            return False
        trial, row = begun
        try:
            judgement = self.objective.judge(self.objective.base.changed(row.values), partial(self._hear, trial, row))
        except optuna.TrialPruned:
            self._end(row, State.PRUNED)
        except _CutOff:
            self._cut_off(row, "The budget ended, or the study was stopped.")
        except KeyboardInterrupt:
            self._cut_off(row, "Stopped by hand.")
            raise
        except UpdateFinishedTrialError:
            logger.warning("%s was cut off by another worker, as if this one were dead.", row)
        except Exception as error:
            logger.exception("%s failed.", row)
            self._fail(row, f"{type(error).__name__}: {error}")
        else:
            self._complete(row, judgement)
        row.refresh_from_db()
        self.on_trial(row)
        return True

    def cut_off_lost_trials(self) -> None:
        """End the trials of workers that died."""
        for row in self.study.trials.filter(state=State.RUNNING).exclude(worker=self.number).defer("query_scores"):
            if is_free(lease_name(self.study, row.worker)):
                self._cut_off(row, "The worker was lost.")

    def _begin(self) -> tuple[optuna.Trial, TuningTrial] | None:
        """A trial counted, proposed and written down at once, or None when no more may begin."""
        with self._transaction():
            if not self.study.reserve_trial():
                return None
            trial = self.search.ask(distributions(self.study))
            row = TuningTrial.objects.create(
                study=self.study,
                number=trial.number,
                worker=self.number,
                values=rounded(trial.params),
                is_baseline=BASELINE in trial.user_attrs,
            )
        return trial, row

    def _hear(self, trial: optuna.Trial, row: TuningTrial, line: str) -> None:
        """A line of the training: pass a score on, and end what is hopeless or out of time."""
        if not self.study.is_open:
            raise _CutOff
        found = _EPOCH.match(line)
        if found is None or int(found[1]) <= len(row.epoch_scores):
            return
        row.epoch_scores.append(float(found[2]))
        TuningTrial.objects.filter(pk=row.pk).update(epoch_scores=row.epoch_scores)
        trial.report(row.epoch_scores[-1], step=int(found[1]))
        if not row.is_baseline and trial.should_prune():
            raise optuna.TrialPruned

    def _complete(self, row: TuningTrial, judgement: Judgement) -> None:
        self._end(
            row,
            State.COMPLETE,
            score=judgement.score,
            slice_scores=judgement.slice_scores,
            query_scores=judgement.stored(),
        )
        baseline = self.study.trials.filter(is_baseline=True, state=State.COMPLETE).first()
        if baseline is None:
            return
        for complete in self.study.trials.filter(state=State.COMPLETE, gain=None):
            gain, error = self.objective.gain(
                Judgement.from_stored(complete.query_scores), Judgement.from_stored(baseline.query_scores)
            )
            self.study.trials.filter(pk=complete.pk).update(gain=gain, gain_error=error)

    def _fail(self, row: TuningTrial, message: str) -> None:
        self._end(row, State.FAILED, message=message[:500])
        if row.is_baseline:
            self.study.finish(Status.FAILED, f"The configuration in use could not be judged. {message}")

    def _cut_off(self, row: TuningTrial, message: str) -> bool:
        """Undo a trial; what must not be missed is queued again. False when another worker did so."""
        with self._transaction():
            if not self._end(row, State.CUT_OFF, message=message):
                return False
            self.study.give_trial_back()
            if row.is_baseline or self.study.sampler == TuningStudy.Sampler.GRID:
                self.search.enqueue_trial(dict(row.values), user_attrs={BASELINE: True} if row.is_baseline else {})
        return True

    def _end(self, row: TuningTrial, state: TuningTrial.State, **facts: object) -> bool:
        """Write the end of a trial into its row and the journal; False when it had ended already."""
        with self._transaction():
            running = TuningTrial.objects.filter(pk=row.pk, state=State.RUNNING)
            if not running.update(state=state, finished_at=timezone.now(), **facts):
                return False
            told = {State.COMPLETE: TrialState.COMPLETE, State.PRUNED: TrialState.PRUNED}.get(state, TrialState.FAIL)
            self.search.tell(row.number, facts.get("score"), state=told)  # type: ignore[arg-type]
        return True

    def _transaction(self) -> transaction.Atomic:
        return transaction.atomic(using=router.db_for_write(TuningStudy))
