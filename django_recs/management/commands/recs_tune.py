"""Search for better hyper-parameters in this process, with a line per trial and the table of the best at the end."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.exceptions import RecsError
from django_recs.models import TunedConfiguration, TuningStudy, TuningTrial

Status = TuningStudy.Status
NEWEST = 0
"""Stands for the newest study where an argument names none."""


class Command(BaseCommand):
    help = "Search for better hyper-parameters on the validation period; the next training starts with the winner."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--minutes", type=_positive(float), help="time to search, 30 when left out")
        parser.add_argument("--trials", type=_positive(int), help="configurations at the most, 100 when left out")
        parser.add_argument("--sampler", choices=TuningStudy.Sampler.values, default=TuningStudy.Sampler.BAYESIAN)
        parser.add_argument("--pruner", choices=TuningStudy.Pruner.values, default=TuningStudy.Pruner.MEDIAN)
        parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="search these parameters or parts")
        parser.add_argument("--workers", type=_positive(int), default=1, help="processes that share the search")
        parser.add_argument("--queue", action="store_true", help="leave the search to Celery workers")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--resume", **_STUDY, help="join a study that goes on, or go on with one that ended")
        what.add_argument("--stop", **_STUDY, help="end a study that goes on")
        what.add_argument("--show", **_STUDY, help="only print a study, or the newest")
        what.add_argument("--apply", nargs="+", type=int, metavar=("STUDY", "TRIAL"), help="use a trial, or the best")
        what.add_argument("--forget", action="store_true", help="go back to the defaults")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._dispatch(options)
        except RecsError as error:
            raise CommandError(str(error)) from error

    def _dispatch(self, options: dict[str, Any]) -> None:
        from django_recs.pipeline.tuning.report import as_text
        from django_recs.pipeline.tuning.studies import stop

        if options["forget"]:
            forgot = TunedConfiguration.forget()
            self.stdout.write("The next training starts with the defaults." if forgot else "No tuning is in use.")
        elif options["apply"]:
            self._apply(*options["apply"][:2])
        elif options["show"] is not None:
            self.stdout.write(as_text(_find(options["show"])))
        elif options["stop"] is not None:
            study = _find(options["stop"])
            self.stdout.write(f"Tuning {study} is stopped." if stop(study) else f"Tuning {study} had ended already.")
        else:
            self._search(self._study(options), options)

    def _apply(self, study_pk: int, number: int | None = None) -> None:
        from django_recs.pipeline.tuning.studies import best_trial

        study = _find(study_pk)
        complete = study.trials.filter(state=TuningTrial.State.COMPLETE).select_related("study")
        trial = best_trial(study) if number is None else complete.filter(number=number).first()
        if trial is None:
            raise CommandError(f"{study} has no such complete trial; look with --show {study.pk}.")
        TunedConfiguration.use(trial, chosen_by="recs_tune --apply")
        self.stdout.write(f"The next training starts with {trial}; the gate decides whether it goes live.")

    def _study(self, options: dict[str, Any]) -> TuningStudy:
        from django_recs.pipeline.tuning.studies import new_study

        minutes, trials = options["minutes"] or 30.0, options["trials"] or 100
        if options["resume"] is None:
            return new_study(
                trigger="recs_tune",
                sampler=options["sampler"],
                pruner=options["pruner"],
                minutes=minutes,
                trial_limit=trials,
                only=options["only"],
            )
        study = _find(options["resume"])
        if study.is_finished:
            study.reopen(minutes=minutes, trial_count=trials)
        return study

    def _search(self, study: TuningStudy, options: dict[str, Any]) -> None:
        if options["queue"]:
            self._queue(study, options["workers"])
            return
        try:
            from django_recs.pipeline.tuning.processes import more_workers
            from django_recs.pipeline.tuning.worker import work_off
        except ImportError as error:
            raise CommandError('Optuna is not installed: pip install "django-recs[train]".') from error
        from django_recs.pipeline.tuning.report import as_text, trial_line
        from django_recs.pipeline.tuning.studies import conclude, stop

        self.stderr.write(
            f"Tuning {study}: {len(study.parameters)} parameters, at most {study.budget_minutes:g} minutes and "
            f"{study.trial_limit} trials. Ctrl-C stops it; --resume {study.pk} goes on."
        )
        try:
            with more_workers(study.pk, options["workers"] - 1):
                work_off(study.pk, on_trial=lambda trial: self.stderr.write(trial_line(trial)))
        except KeyboardInterrupt:
            stop(study)
            self.stdout.write(as_text(study))
            raise CommandError(
                f"Stopped by hand. --resume {study.pk} goes on, --apply {study.pk} uses the best."
            ) from None
        conclude(study)
        study.refresh_from_db()
        self.stdout.write(as_text(study))
        if study.status in {Status.FAILED, Status.STOPPED}:
            raise CommandError(f"Tuning {study}: {study.get_status_display()}.")
        if not study.is_finished:
            self.stdout.write(f"Another worker still works on {study}; look with --show {study.pk}.")

    def _queue(self, study: TuningStudy, workers: int) -> None:
        try:
            from django_recs.tasks import queue_tuning
        except ImportError as error:
            raise CommandError('Celery is not installed: pip install "django-recs[celery]".') from error
        queue_tuning(study, workers=workers)
        self.stdout.write(f"Tuning {study} waits for {workers} workers of the queue gpu.")


_STUDY: dict[str, Any] = {"nargs": "?", "type": int, "const": NEWEST, "metavar": "STUDY"}


def _find(pk: int) -> TuningStudy:
    study = TuningStudy.objects.filter(**({"pk": pk} if pk != NEWEST else {})).first()
    if study is None:
        known = ", ".join(str(study.pk) for study in TuningStudy.objects.all()[:5]) or "none"
        raise CommandError(f"There is no tuning study{f' {pk}' if pk else ''}. The newest: {known}.")
    return study


def _positive(number: type[int] | type[float]) -> Callable[[str], int | float]:
    def parse(text: str) -> int | float:
        value = number(text)
        if value <= 0:
            raise ArgumentTypeError(f"{text} is not above 0")
        return value

    parse.__name__ = number.__name__
    return parse
