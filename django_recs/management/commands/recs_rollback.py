"""Make the model version live again that the live one replaced."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_recs.exceptions import PromotionRefused
from django_recs.serving.registry import roll_back


class Command(BaseCommand):
    help = "Make the model version live again that the live one replaced."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = roll_back()
        except PromotionRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{version} is live."))
