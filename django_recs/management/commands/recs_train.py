"""Train in this process, with a progress bar and the table of figures at the end."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.exceptions import RecsError
from django_recs.models import TrainingRun
from django_recs.tracking import purge_refused

Status = TrainingRun.Status


class Command(BaseCommand):
    help = "Train a model version, judge it against the baselines and the live version, and publish it if it is better."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--queue", action="store_true", help="leave the training to a Celery worker")
        how.add_argument(
            "--due",
            action="store_true",
            help="only take up a run that waits or was cut off, if there is one (for cron)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        purge_refused()
        try:
            if options["queue"]:
                self._queue()
            elif run := self._due_run(start_another=not options["due"]):
                self._work_off(run)
            else:
                self.stdout.write("No training run is due.")
        except RecsError as error:
            raise CommandError(str(error)) from error

    def _queue(self) -> None:
        try:
            from django_recs.tasks import queue_training
        except ImportError as error:
            raise CommandError('Celery is not installed: pip install "django-recs[celery]".') from error
        run = queue_training(trigger="recs_train --queue")
        self.stdout.write(f"Training {run} waits for a worker of the queue gpu.")

    def _due_run(self, *, start_another: bool) -> TrainingRun | None:
        from django_recs.pipeline.run import due_run

        run = due_run()
        return run or (TrainingRun.objects.queue(trigger="recs_train") if start_another else None)

    def _work_off(self, run: TrainingRun) -> None:
        from django_recs.pipeline.progress_bar import progress_bar
        from django_recs.pipeline.run import run_training

        with progress_bar(self.stderr) as on_progress:
            run = run_training(run.pk, on_progress=on_progress)
        self._report(run)

    def _report(self, run: TrainingRun) -> None:
        from django_recs.models import ModelVersion
        from django_recs.pipeline.report import as_text

        version = ModelVersion.objects.filter(run=run).first()
        if version is not None:
            self.stdout.write(as_text(version.metrics) + "\n\n")
        message = f"Training {run}: {run.get_status_display()}. {run.message}"
        if run.status == Status.PROMOTED:
            self.stdout.write(self.style.SUCCESS(message))
        elif run.status == Status.FAILED:
            raise CommandError(message)
        else:
            self.stdout.write(self.style.WARNING(message))
