"""Judge a published version once more, by what happened since it was trained."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.engine.artifacts import ArtifactRefused
from django_recs.exceptions import TooLittleData
from django_recs.management.versions import find_version
from django_recs.models import ModelVersion
from django_recs.serving.registry import live_version


class Command(BaseCommand):
    help = "Judge a model version by the events since it was trained, against each of its voices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", nargs="?", help="number of the version, such as 3 or v3; else the live one")
        parser.add_argument("--stored", action="store_true", help="only print the figures from its training")

    def handle(self, *args: Any, **options: Any) -> None:
        from django_recs.pipeline.reevaluate import evaluate_again
        from django_recs.pipeline.report import as_text

        version = self._version(options["version"])
        if options["stored"]:
            self.stdout.write(as_text(version.metrics))
            return
        try:
            self.stdout.write(as_text(evaluate_again(version)))
        except (TooLittleData, ArtifactRefused, OSError) as error:
            raise CommandError(f"{error} Use --stored for the figures from its training.") from error

    def _version(self, text: str | None) -> ModelVersion:
        version = find_version(text) if text else live_version()
        if version is None:
            raise CommandError("No model version is live: train one with recs_train.")
        return version
