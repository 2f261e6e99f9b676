"""Make a model version the live one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.exceptions import PromotionRefused
from django_recs.management.versions import find_version
from django_recs.serving.registry import promote


class Command(BaseCommand):
    help = "Make a model version the live one, after checking every file of its artifact."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", help="number of the version, such as 3 or v3")
        parser.add_argument("--force", action="store_true", help="also a version that the gate rejected")

    def handle(self, *args: Any, **options: Any) -> None:
        version = find_version(options["version"])
        try:
            promote(version, force=options["force"])
        except PromotionRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{version} is live."))
