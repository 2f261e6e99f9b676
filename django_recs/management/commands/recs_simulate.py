"""``recs_simulate``: writes a simulated shop into a folder."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from django_recs.engine.simulation import SimulationConfig, simulate_shop, write_shop


class Command(BaseCommand):
    help = (
        "Writes a simulated shop: products.jsonl, pictures/, events.jsonl (for recs_import), visitors.jsonl, and the "
        "hidden truth in truth.npz. The same options give the same files."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="Where the files go; it is made when it does not exist.")
        parser.add_argument("--products", type=int, default=600)
        parser.add_argument("--shoppers", type=int, default=2_000)
        parser.add_argument("--days", type=int, default=120)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--end",
            type=date.fromisoformat,
            default=None,
            help="First day after the simulation, such as 2025-07-01. Default: today in UTC.",
        )

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        end = options["end"] or timezone.now().astimezone(UTC).date()
        try:
            config = SimulationConfig(
                product_count=options["products"],
                shopper_count=options["shoppers"],
                day_count=options["days"],
                seed=options["seed"],
                end=int(datetime.combine(end, time(), tzinfo=UTC).timestamp()),
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        shop = simulate_shop(config)
        write_shop(shop, folder)
        self.stdout.write(
            f"{folder}: {len(shop.products):,} products, {config.shopper_count:,} shoppers, "
            f"{len(shop.events):,} events in {config.day_count} days before {end}."
        )
