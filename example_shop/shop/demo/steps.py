"""The demo as a list of steps, each of them safe to repeat, and the file that remembers which are done."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now

from django_recs import __version__
from django_recs.conf import get_settings
from django_recs.models import Lease, ModelVersion
from shop.demo import online_retail, people, simulated
from shop.demo.assortment import load_products
from shop.models import Product

Say = Callable[[str], None]
_STEPS_VERSION = 2
"""Raised when the steps below load something new, so that a shop loaded before is brought up to date."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """How large a shop to simulate."""

    products: int = 400
    shoppers: int = 1_500
    days: int = 120
    seed: int = 1

    currency = "EUR"

    @property
    def name(self) -> str:
        return f"simulated shop {self.products}/{self.shoppers}/{self.days}/{self.seed}"

    def load(self, say: Say) -> None:
        folder = settings.VAR_DIR / "simulated"
        if not _is_simulated(folder, self):
            call_command(
                "recs_simulate",
                str(folder),
                products=self.products,
                shoppers=self.shoppers,
                days=self.days,
                seed=self.seed,
            )
        say(f"{load_products(simulated.read_products(folder)):,} products are in the shop.")
        call_command("recs_import", str(folder / "events.jsonl"), purposes="all", refused=_refused_file())
        say(f"{simulated.load_visitors(folder):,} guests turned out to be customers.")


@dataclass(frozen=True, kw_only=True)
class OnlineRetail:
    """The file of the Online Retail data set."""

    file: Path

    currency = "GBP"

    @cached_property
    def name(self) -> str:
        with self.file.open("rb") as file:
            return f"online retail {hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"

    def load(self, say: Say) -> None:
        say(f"{load_products(online_retail.read_products(self.file)):,} products are in the shop.")
        call_command("recs_import", str(self.file), preset="online-retail", purposes="all", refused=_refused_file())


@dataclass(kw_only=True)
class Progress:
    """Which steps are done, for which source, in which database. A step counts when it has ended."""

    source_name: str
    file: Path = field(default_factory=lambda: settings.VAR_DIR / "demo.json")

    def __post_init__(self) -> None:
        self._state = json.loads(self.file.read_text()) if self.file.exists() else {}
        if self._state.get("steps_version") != _STEPS_VERSION or self._state.get("database") != _database():
            self._state = {"source": self._state.get("source")} if self._state.get("database") == _database() else {}

    @property
    def other_source(self) -> str:
        """What this shop was filled with before, when that was something else."""
        known = self._state.get("source")
        return known if known and known != self.source_name else ""

    def is_done(self, step: str) -> bool:
        return step in self._state.get("done", ())

    def mark_done(self, step: str) -> None:
        done = [*self._state.get("done", ()), step]
        self._state = {
            "source": self.source_name,
            "database": _database(),
            "steps_version": _STEPS_VERSION,
            "done": done,
        }
        written = self.file.with_suffix(".new")
        written.write_text(json.dumps(self._state, indent=1))
        written.replace(self.file)


def fill_shop(source: Simulation | OnlineRetail, progress: Progress, say: Say) -> None:
    """Loads products, events, accounts and orders, whatever of it is missing."""
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("products and events", lambda: source.load(say)),
        ("accounts", people.load_accounts),
        ("demo customer", people.ensure_demo_customer),
        ("orders", people.load_orders),
    )
    for name, act in steps:
        if not (progress.is_done(name) and Product.objects.exists()):
            act()
            progress.mark_done(name)


def train_once(progress: Progress, say: Say) -> ModelVersion | None:
    """Trains unless it was done with this code and this source. Returns the newest version.

    Raises:
        CommandError: training failed, or another process is training.
    """
    step = f"training by {__version__}"
    if not (progress.is_done(step) and ModelVersion.objects.exists()):
        _await_the_dead(say)
        call_command("recs_train")
        progress.mark_done(step)
    return ModelVersion.objects.order_by("pk").last()


def _await_the_dead(say: Say) -> None:
    """A process that was killed while it trained holds its lease for a minute."""
    held = Lease.objects.filter(expires_at__gt=Now())
    if held.exists():
        say("An earlier training was cut off; waiting until its lease ends.")
    deadline = time.monotonic() + 1.5 * get_settings().training_lease_seconds
    while held.exists() and time.monotonic() < deadline:
        time.sleep(0.5)


def _is_simulated(folder: Path, wanted: Simulation) -> bool:
    """Whether a complete simulation of that size is there; its last day may be an earlier one."""
    summary = folder / "shop.json"
    if not summary.exists():
        return False
    known = json.loads(summary.read_text())
    return (known["product_count"], known["shopper_count"], known["day_count"], known["seed"]) == (
        wanted.products,
        wanted.shoppers,
        wanted.days,
        wanted.seed,
    )


def _refused_file() -> Path:
    return settings.VAR_DIR / "refused.csv"


def _database() -> str:
    parts = connection.settings_dict
    return f"{connection.vendor}:{parts['HOST']}:{parts['PORT']}:{parts['NAME']}"
