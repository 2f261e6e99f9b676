"""Judge a published version once more, by what happened since it was trained, and keep the figures."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.engine.artifacts import ArtifactRefused
from django_recs.exceptions import TooLittleData
from django_recs.management.versions import find_version
from django_recs.model_cards import as_markdown, model_card
from django_recs.models import ModelVersion
from django_recs.serving.registry import live_version


class Command(BaseCommand):
    help = "Judge a model version by the events since it was trained, against each of its voices, and store the table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", nargs="?", help="number of the version, such as 3 or v3; else the live one")
        parser.add_argument("--json", action="store_true", help="print the table as JSON")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--stored", action="store_true", help="only print the figures from its training")
        instead.add_argument("--card", action="store_true", help="only print its model card, as Markdown")

    def handle(self, *args: Any, **options: Any) -> None:
        version = self._version(options["version"])
        if options["card"]:
            self.stdout.write(as_markdown(model_card(version)), ending="")
            return
        table = version.metrics if options["stored"] else self._judge(version)
        self.stdout.write(self._printed(table, as_json=options["json"]))

    def _judge(self, version: ModelVersion) -> dict[str, Any]:
        from django_recs.pipeline.reevaluate import evaluate_again

        try:
            table: dict[str, Any] = evaluate_again(version).table
        except (TooLittleData, ArtifactRefused, OSError) as error:
            raise CommandError(f"{error} Use --stored for the figures from its training.") from error
        return table

    def _printed(self, table: dict[str, Any], *, as_json: bool) -> str:
        from django_recs.pipeline.report import as_text

        return json.dumps(table, indent=1, allow_nan=False) if as_json else as_text(table)

    def _version(self, text: str | None) -> ModelVersion:
        version = find_version(text) if text else live_version()
        if version is None:
            raise CommandError("No model version is live: train one with recs_train.")
        return version
