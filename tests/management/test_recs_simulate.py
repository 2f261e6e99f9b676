"""``recs_simulate`` and the way its events take into the shop's database."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_recs.models import Event

SMALL = {"products": 12, "shoppers": 5, "days": 20, "end": "2025-07-01"}


def simulate(folder: Path, **options: object) -> str:
    said = StringIO()
    arguments = [f"--{name}={value}" for name, value in (SMALL | options).items()]
    call_command("recs_simulate", str(folder), *arguments, stdout=said)
    return said.getvalue()


def test_it_says_what_it_wrote(tmp_path: Path) -> None:
    said = simulate(tmp_path / "new" / "folder")

    event_count = (tmp_path / "new" / "folder" / "events.jsonl").read_text().count("\n")
    assert said == (
        f"{tmp_path}/new/folder: 12 products, 5 shoppers, {event_count:,} events in 20 days before 2025-07-01.\n"
    )


@pytest.mark.parametrize(("option", "problem"), [("products", "product_count is 0"), ("seed", "seed is -1")])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, option: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        simulate(tmp_path / "none", **{option: -1 if option == "seed" else 0})

    assert not (tmp_path / "none").exists()


@pytest.mark.django_db
def test_its_events_can_be_imported_as_they_are(tmp_path: Path) -> None:
    simulate(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]

    call_command("recs_import", str(tmp_path / "events.jsonl"), purposes="all", verbosity=0, stdout=StringIO())

    stored = Event.objects.order_by("pk").values_list("type", "item_id", "visitor_id", "customer_id", "order_id")
    assert list(stored) == [
        (row["type"], row["item_id"], row["visitor_id"], row["customer_id"] or "", row["order_id"] or "")
        for row in rows
    ]
