"""Placements in the admin: editing, and looking before saving."""

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_recs.models import Event, ModelVersion, Placement
from tests.admin.conftest import Record, SignIn
from tests.admin.test_training_runs import text_of
from tests.shop.models import Product

LIST = "/admin/django_recs/placement/"
SIMILAR = f"{LIST}similar/change/"
ALL = ("view_placement", "add_placement", "change_placement")


def settings_of(**changes: Any) -> dict[str, Any]:
    """The form as the browser sends it."""
    form = {"title": "Alike", "strategy": "similar", "limit": "4", "min_items": "1", "is_active": "on"}
    return {**form, **changes}


def shown(response: Any) -> list[str]:
    return [item.title for item in response.context["preview"].items]


def test_a_shelf_can_be_renamed_and_resized(sign_in: SignIn) -> None:
    response = sign_in(*ALL).post(SIMILAR, settings_of(limit="6"))

    assert response.status_code == 302
    placement = Placement.objects.get(slug="similar")
    assert (placement.title, placement.limit) == ("Alike", 6)


def test_the_name_in_templates_stays(sign_in: SignIn) -> None:
    sign_in(*ALL).post(SIMILAR, settings_of(slug="other"))

    assert not Placement.objects.filter(slug="other").exists()


def test_who_may_not_view_events_sees_no_shelf_of_a_customer(
    sign_in: SignIn, record: Record, live: ModelVersion, products: dict[str, Product]
) -> None:
    record(item_id=str(products["pot"].pk), customer_id="7", visitor_id="")
    editor = sign_in("view_placement", "change_placement")

    response = editor.post(SIMILAR, settings_of(strategy="recently_viewed", preview_customer="7", _preview="1"))

    assert shown(response) == []
    assert "you need the right to view events" in text_of(response)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": "0"}, "greater than or equal to 1"),
        ({"limit": "51"}, "less than or equal to 50"),
        ({"limit": "4", "min_items": "5"}, "Enter 4 or less."),
        ({"limit": "many"}, "Enter a whole number."),
        ({"strategy": "magic"}, "is not one of the available choices"),
        ({"title": ""}, "This field is required."),
    ],
)
def test_errors_say_what_to_enter_and_nothing_is_saved(sign_in: SignIn, changes: dict[str, str], words: str) -> None:
    before = Placement.objects.filter(slug="similar").values().get()

    response = sign_in(*ALL).post(SIMILAR, settings_of(**changes))

    assert words in text_of(response)
    assert "Constraint" not in text_of(response)
    assert Placement.objects.filter(slug="similar").values().get() == before


def test_the_list_is_edited_in_place_with_the_same_rules(sign_in: SignIn) -> None:
    client = sign_in(*ALL)
    names = list(Placement.objects.values_list("slug", flat=True))
    form = {"form-TOTAL_FORMS": len(names), "form-INITIAL_FORMS": len(names), "_save": "Save"}
    for place, name in enumerate(names):
        form |= {f"form-{place}-slug": name, f"form-{place}-limit": 8, f"form-{place}-min_items": 2}

    before = list(Placement.objects.values_list("slug", "limit", "min_items"))
    refused = client.post(LIST, {**form, "form-0-min_items": 9})
    assert "Enter 8 or less." in text_of(refused)
    assert list(Placement.objects.values_list("slug", "limit", "min_items")) == before

    client.post(LIST, form)
    assert set(Placement.objects.values_list("limit", "min_items", "is_active")) == {(8, 2, False)}


def test_a_preview_shows_the_shelf_and_saves_and_counts_nothing(
    sign_in: SignIn, live: ModelVersion, products: dict[str, Product]
) -> None:
    before = list(Placement.objects.order_by("slug").values())
    form = settings_of(limit="2", preview_item=str(products["mug"].pk), _preview="1")

    response = sign_in(*ALL).post(SIMILAR, form)

    assert (response.status_code, len(shown(response))) == (200, 2)
    assert "2 of at most 2 items, ranked by the live model:" in text_of(response)
    assert 'value="Alike"' in response.content.decode()
    assert list(Placement.objects.order_by("slug").values()) == before
    assert Event.objects.count() == 0


def test_a_new_placement_can_be_previewed_as_well(
    sign_in: SignIn, live: ModelVersion, products: dict[str, Product]
) -> None:
    form = settings_of(slug="home-top", strategy="trending", limit="1", _preview="1")

    response = sign_in(*ALL).post(f"{LIST}add/", form)

    assert shown(response) == ["Vase"]
    assert not Placement.objects.filter(slug="home-top").exists()


def test_an_inactive_shelf_can_be_previewed(sign_in: SignIn, live: ModelVersion, products: dict[str, Product]) -> None:
    form = settings_of(strategy="trending", limit="1", _preview="1")
    del form["is_active"]

    assert shown(sign_in(*ALL).post(SIMILAR, form)) == ["Vase"]


def test_the_shelf_of_a_customer(
    sign_in: SignIn, record: Record, live: ModelVersion, products: dict[str, Product]
) -> None:
    record(item_id=str(products["pot"].pk), customer_id="7", visitor_id="")
    form = settings_of(strategy="recently_viewed", preview_customer="7", _preview="1")

    response = sign_in(*ALL, "view_event").post(SIMILAR, form)

    assert shown(response) == ["Pot"]
    assert "from this person&#x27;s own visits" in text_of(response)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "This shelf starts from an item: enter the id of one."),
        ({"preview_item": "no such"}, "The catalogue shows no item with the id “no such”."),
        ({"preview_item": "<script>"}, "The catalogue shows no item with the id “&lt;script&gt;”."),
        ({"strategy": "for_you", "min_items": "4"}, "The shelf hides for somebody unknown."),
        ({"strategy": "trending"}, "The shelf hides: nothing good enough was found."),
    ],
)
def test_an_empty_preview_says_why(sign_in: SignIn, changes: dict[str, str], words: str) -> None:
    response = sign_in(*ALL).post(SIMILAR, settings_of(_preview="1", **changes))

    assert words in text_of(response)


def test_a_preview_of_wrong_settings_shows_the_errors(sign_in: SignIn) -> None:
    response = sign_in(*ALL).post(SIMILAR, settings_of(limit="99", _preview="1"))

    assert "less than or equal to 50" in text_of(response)
    assert response.context["preview"] is None


def test_who_may_only_look_neither_saves_nor_previews(sign_in: SignIn) -> None:
    client = sign_in("view_placement")
    before = list(Placement.objects.order_by("slug").values())

    statuses = [client.post(SIMILAR, settings_of(**extra)).status_code for extra in ({}, {"_preview": "1"})]

    assert statuses == [403, 403]
    assert client.get(SIMILAR).status_code == 200
    assert "_preview" not in client.get(SIMILAR).content.decode()
    assert list(Placement.objects.order_by("slug").values()) == before


def test_a_placement_with_an_underscore_in_its_name_is_previewed(
    sign_in: SignIn, live: ModelVersion, products: dict[str, Product]
) -> None:
    address = reverse("admin:django_recs_placement_change", args=[quote("for_you")])

    response = sign_in(*ALL).post(address, settings_of(strategy="trending", limit="1", _preview="1"))

    assert "for_5Fyou" in address
    assert shown(response) == ["Vase"]


def test_a_preview_of_an_unknown_placement_is_not_found(sign_in: SignIn) -> None:
    assert sign_in(*ALL).post(f"{LIST}nothing/change/", settings_of(_preview="1")).status_code == 404


def test_queries_do_not_grow_with_the_rows(sign_in: SignIn) -> None:
    client = sign_in(*ALL)
    counts = []
    for batch in range(2):
        for place in range(5):
            Placement.objects.create(slug=f"p{batch}{place}", title="x", strategy="trending")
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 8


def test_hostile_titles_are_shown_as_text(sign_in: SignIn, live: ModelVersion, products: dict[str, Product]) -> None:
    hostile = '"><script>alert(1)</script>'
    Product.objects.filter(pk=products["vase"].pk).update(title=hostile)
    Placement.objects.filter(slug="similar").update(title=hostile)
    client = sign_in(*ALL)
    preview = client.post(SIMILAR, settings_of(title=hostile, strategy="trending", _preview="1"))

    assert hostile in shown(preview)
    for page in (client.get(LIST), client.get(SIMILAR), preview):
        assert "<script>alert(1)" not in page.content.decode()
