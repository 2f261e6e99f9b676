"""One product has one item id, however it is spelled and whoever says it."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.template import Context, Template

from django_recs.catalog import registry
from django_recs.models import Event, Purpose
from django_recs.tracking import OrderLine, track, track_order
from django_recs.tracking.items import canonical_item_id, item_id_of
from tests.shop.models import Customer, Product

LAMP = uuid.UUID("0F00d000-0000-4000-8000-00000000ABCD")
SPELLINGS = [LAMP.hex, str(LAMP).upper(), f"{{{LAMP}}}", str(LAMP)]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_uuid_is_written_with_hyphens_and_small_letters(spelling: str) -> None:
    assert (item_id_of(spelling), canonical_item_id(spelling)) == (str(LAMP), str(LAMP))


@pytest.mark.parametrize("item_id", ["a", "", "\ud800", "a\0b", "x" * 65])
def test_what_no_product_can_have_stays_as_it_is(item_id: str) -> None:
    assert canonical_item_id(item_id) == item_id


def test_without_a_catalogue_ids_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", [])

    assert canonical_item_id(LAMP.hex) == LAMP.hex


@pytest.mark.django_db
def test_every_way_in_writes_the_same_id(client: Any, tmp_path: Path) -> None:
    client.cookies["recs_consent"] = "personalisation"
    body = {"name": "view_item", "item_id": LAMP.hex, "event_id": "1"}
    client.post("/recs/v1/events/", json.dumps(body), content_type="application/json")
    track("view_item", item=LAMP.hex.upper(), visitor_id="f00d", purposes=Purpose.ALL)
    track_order(order_id="1", lines=[OrderLine(item=LAMP.hex), OrderLine(item=Product(pk=LAMP))])
    file = tmp_path / "e.csv"
    file.write_text(f"item_id,customer_id,occurred_at\n{LAMP.hex},7,2026-03-01\n")
    call_command("recs_import", str(file), purposes="all", verbosity=0)

    assert list(Event.objects.values_list("item_id", flat=True)) == [str(LAMP)] * 5


@pytest.mark.django_db
def test_a_row_of_another_model_is_no_item(caplog: pytest.LogCaptureFixture) -> None:
    page = Template('{% load recs %}a{% recs_track "view_item" item=item %}b').render(Context({"item": Customer()}))

    assert page == "ab"
    assert track("view_item", item=Customer(), visitor_id="f00d", purposes=Purpose.ALL) is None
    assert "shop.Customer is not the catalogue's model, shop.Product." in caplog.text


def test_a_catalogue_that_fails_does_not_break_the_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> str:
        raise LookupError("the shop's fault")

    monkeypatch.setattr(registry.get_catalog(), "item_id", fail)

    page = Template('{% load recs %}a{% recs_track "view_item" item=item %}b').render(Context({"item": Product()}))

    assert page == "ab"
    assert "the shop's fault" in caplog.text
