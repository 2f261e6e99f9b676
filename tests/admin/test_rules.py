"""Merchandising rules in the admin: writing them in plain words, and seeing what they change before saving."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_recs.admin.rule_words import rule_sentence
from django_recs.models import Event, ModelVersion, Rule
from tests.admin.conftest import Record, SignIn
from tests.admin.test_training_runs import text_of
from tests.shop.models import Product

LIST = "/admin/django_recs/rule/"
ADD = f"{LIST}add/"
ALL = ("view_rule", "add_rule", "change_rule", "delete_rule")

Products = dict[str, Product]


def rule_of(**changes: Any) -> dict[str, Any]:
    """The form as the browser sends it."""
    return {"name": "No decor", "action": "hide", "categories": "Decor", "is_active": "on", **changes}


@pytest.fixture
def editor(sign_in: SignIn) -> Client:
    return sign_in(*ALL)


def test_a_rule_is_written_line_by_line(editor: Client) -> None:
    form = rule_of(
        action="cap",
        most="2",
        cap_by="brand",
        categories=" Mugs \n\nTea  pots\r\nMugs",
        attributes="brand: Hario\nbrand:Kinto",
        item_ids="a\nb",
        price_from="1.5",
        placements=["for_you", "trending"],
    )

    assert editor.post(ADD, form).status_code == 302

    rule = Rule.objects.get()
    assert (rule.categories, rule.item_ids, rule.attributes, rule.placements) == (
        ["Mugs", "Tea pots"],
        ["a", "b"],
        {"brand": ["Hario", "Kinto"]},
        ["for_you", "trending"],
    )
    assert (rule.most, rule.cap_by, rule.is_active) == (2, "brand", True)
    page = editor.get(f"{LIST}{rule.pk}/change/").content.decode()
    assert "Mugs\nTea pots</textarea>" in page
    assert "brand: Hario\nbrand: Kinto</textarea>" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"action": "magic"}, "is not one of the available choices"),
        ({"categories": ""}, "Say which products it is about"),
        (
            {"action": "boost", "factor": "0.5"},
            "such as 2. To move products down, choose Bury.",
        ),
        ({"action": "boost"}, "Enter a number above 1"),
        ({"action": "bury", "factor": "2"}, "Enter a number between 0 and 1, such as 0.5. To show none, choose Hide."),
        ({"action": "cap"}, "Enter a number from 0 to 50."),
        ({"action": "quota", "share_percent": "101"}, "Enter a number from 1 to 100."),
        ({"action": "pin", "position": "0"}, "Enter a number from 1 to 50."),
        ({"attributes": "Hario"}, "“Hario” is no pair. Write a name, a colon and a value: brand: Hario"),
        ({"attributes": "colour: red"}, "The catalogue has no attribute “colour”. It has: brand."),
        ({"price_from": "9", "price_to": "1"}, "The upper price is below the lower one."),
        (
            {"starts_at_0": "2026-02-02", "starts_at_1": "0:00", "ends_at_0": "2026-02-01", "ends_at_1": "0:00"},
            "The end lies before the beginning.",
        ),
        ({"placements": ["nowhere"]}, "nowhere is not one of the available choices"),
        ({"cap_by": "secret__field"}, "secret__field is not one of the available choices"),
    ],
)
def test_errors_say_what_to_enter_and_nothing_is_saved(editor: Client, changes: dict[str, Any], words: str) -> None:
    response = editor.post(ADD, rule_of(**changes))

    assert words in text_of(response)
    assert "Constraint" not in text_of(response)
    assert Rule.objects.count() == 0


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"action": "hide", "categories": ["Decor", "Tea"]}, "Hide: in Decor or Tea"),
        ({"action": "filter", "price_to": "20"}, "Show only: up to 20"),
        ({"action": "boost", "factor": 1.5, "attributes": {"brand": ["A", "B"]}}, "Boost × 1.5: brand A or B"),
        ({"action": "bury", "factor": 0.25, "words": "blue mug"}, "Bury × 0.25: with the words “blue mug”"),
        ({"action": "cap", "most": 2, "cap_by": "category"}, "At most 2 of each category: all products"),
        ({"action": "cap", "most": 1, "price_from": "5", "price_to": "9.5"}, "At most 1 of them: 5 to 9.5"),
        ({"action": "quota", "share_percent": 30, "price_from": "5"}, "At least 30 % of the shelf: from 5"),
        ({"action": "pin", "position": 1, "item_ids": ["a", "b", "c", "d"]}, "Pin at position 1: a, b, c and 1 more"),
    ],
)
def test_a_rule_as_a_sentence(columns: dict[str, Any], sentence: str) -> None:
    assert rule_sentence(Rule(name="x", **columns)) == sentence


def test_a_dry_run_shows_what_changes_and_saves_and_counts_nothing(
    editor: Client, shelves: ModelVersion, products: Products
) -> None:
    form = rule_of(placements=["trending"], _try="1")

    response = editor.post(ADD, form)

    (trial,) = response.context["dry_run"].changed
    assert [(cell.item.title, cell.change) for cell in trial.now] == [
        ("Vase", "out"),
        ("Mug", ""),
        ("Bowl", ""),
        ("Pot", ""),
        ("Lamp", ""),
        ("Plate", ""),
    ]
    assert [(cell.item.title, cell.note) for cell in trial.then] == [
        ("Mug", "was number 2"),
        ("Bowl", "was number 3"),
        ("Pot", "was number 4"),
        ("Lamp", "was number 5"),
        ("Plate", "was number 6"),
    ]
    assert "1 of 1 lists would change." in text_of(response)
    assert "2 of 8 products meet the conditions" in text_of(response)
    assert (Rule.objects.count(), Event.objects.count()) == (0, 0)


def test_a_dry_run_is_for_customers_too_when_one_may_see_what_they_did(
    sign_in: SignIn, shelves: ModelVersion, products: Products, record: Record
) -> None:
    record(item_id=str(products["mug"].pk), customer_id="7", visitor_id="")
    record(item_id=str(products["pot"].pk), customer_id="8", visitor_id="", purposes=2)
    form = rule_of(action="pin", position="1", categories="Furniture", placements=["for_you"], _try="1")

    seen = sign_in(*ALL, "view_event").post(ADD, form)
    unseen = sign_in(*ALL).post(ADD, form)

    assert [trial.shopper for trial in seen.context["dry_run"].trials] == ["Customer 7", "Somebody unknown"]
    assert [trial.shopper for trial in unseen.context["dry_run"].trials] == ["Somebody unknown"]
    assert "with the right to view events" in text_of(unseen)


def test_a_dry_run_of_a_stored_rule_compares_with_the_rule_as_it_is(
    editor: Client, shelves: ModelVersion, products: Products
) -> None:
    rule = Rule.objects.create(name="No decor", action="hide", categories=["Decor"])
    form = rule_of(categories="Decor", placements=["trending"], _try="1")

    same = editor.post(f"{LIST}{rule.pk}/change/", form)
    other = editor.post(f"{LIST}{rule.pk}/change/", {**form, "categories": "Tableware"})

    assert "No list of these shoppers would change." in text_of(same)
    (trial,) = other.context["dry_run"].changed
    assert (trial.now[0].item.title, trial.then[0].item.title) == ("Mug", "Vase")


def test_a_rule_about_nothing_says_so(editor: Client, shelves: ModelVersion, products: Products) -> None:
    response = editor.post(ADD, rule_of(categories="Dekor", _try="1"))

    assert "No product meets the conditions. Check the spelling" in text_of(response)


def test_a_dry_run_of_wrong_fields_shows_the_errors(editor: Client) -> None:
    response = editor.post(ADD, rule_of(action="boost", _try="1"))

    assert response.context["dry_run"] is None
    assert "Enter a number above 1" in text_of(response)


def test_who_may_only_look_neither_saves_nor_tries(sign_in: SignIn) -> None:
    rule = Rule.objects.create(name="x", action="hide", categories=["Decor"])
    client = sign_in("view_rule")
    address = f"{LIST}{rule.pk}/change/"

    statuses = [client.post(address, rule_of(**extra)).status_code for extra in ({}, {"_try": "1"})]

    assert statuses == [403, 403]
    assert client.get(address).status_code == 200
    assert "_try" not in client.get(address).content.decode()
    assert Rule.objects.get().name == "x"
    assert client.post(f"{LIST}999/change/", rule_of(_try="1")).status_code == 404


def test_the_empty_list_says_what_a_rule_is_for(editor: Client) -> None:
    page = text_of(editor.get(LIST))

    assert "No rule yet" in page
    assert "Write the first rule" in page


def test_the_list_says_what_each_rule_does_and_when(editor: Client) -> None:
    Rule.objects.create(name="One", action="boost", factor=2, categories=["Tea"], placements=["for_you"])
    Rule.objects.create(name="Two", action="hide", words="x", is_active=False)

    page = text_of(editor.get(LIST))

    for words in ("Boost × 2", "in Tea", "for_you", "In force", "every shelf", "Off", "In which order do rules apply?"):
        assert words in page


def test_queries_do_not_grow_with_the_rules(editor: Client) -> None:
    counts = []
    for batch in range(2):
        for place in range(5):
            Rule.objects.create(name=f"{batch}{place}", action="hide", categories=["x"])
        with CaptureQueriesContext(connection) as queries:
            editor.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 8


def test_hostile_words_are_shown_as_text(editor: Client, shelves: ModelVersion, products: Products) -> None:
    hostile = '"><script>alert(1)</script>'
    Product.objects.filter(title="Vase").update(title=hostile)
    Rule.objects.create(name=hostile, action="hide", categories=[hostile], words=hostile)

    pages = [
        editor.get(LIST),
        editor.get(f"{LIST}{Rule.objects.get().pk}/change/"),
        editor.post(ADD, rule_of(name=hostile, placements=["trending"], _try="1")),
    ]

    assert hostile in [cell.item.title for cell in pages[2].context["dry_run"].changed[0].now]
    assert ["<script>alert(1)" in page.content.decode() for page in pages] == [False, False, False]
