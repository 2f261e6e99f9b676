"""Stored rules on the shelves of the shop."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.models import ModelVersion, Placement, Rule
from django_recs.serving import placements, recommend
from django_recs.serving.placements import find_rules
from tests.serving.shop_fixtures import Happened, statements
from tests.serving.test_ladder import failing
from tests.serving.test_recommending import page_of
from tests.shop.models import Customer, Product

Products = dict[str, Product]
THREE_SHELVES = ("for_you", "similar", "recently_viewed")

pytestmark = pytest.mark.django_db


def titles(shelf: Iterable[Any]) -> list[str]:
    return [item.title.lower() for item in shelf]


def make(action: str, **columns: Any) -> Rule:
    return Rule.objects.create(name=action, action=action, **columns)


def test_a_stored_rule_reads_back_as_it_was_written(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 0}
    now = timezone.now()
    rule = make(
        "boost",
        factor=1.5,
        placements=["for_you"],
        item_ids=["a", "ä"],
        categories=["Mugs"],
        attributes={"brand": ["Hario", "“K”"]},
        price_from=Decimal("1.50"),
        words="tea",
        starts_at=now,
        ends_at=now + timedelta(days=1),
    )
    make("hide", is_active=False, categories=["x"])

    (found,) = find_rules()

    names = [field.attname for field in Rule._meta.concrete_fields]
    rule.refresh_from_db()
    assert {name: getattr(found, name) for name in names} == {name: getattr(rule, name) for name in names}
    with failing(""):
        assert [kept.pk for kept in find_rules()] == [rule.pk]


def test_rules_cost_no_query_of_their_own(
    shelves: ModelVersion, products: Products, happened: Happened, settings: DjangoSettings
) -> None:
    settings.DJANGO_RECS |= {"RELOAD_SECONDS": 60}
    make("boost", factor=2, categories=["Decor"])
    make("pin", position=1, item_ids=[str(products["sofa"].pk)])
    anna = Customer.objects.create_user("anna")
    happened("view_item", products["pot"], customer_id=str(anna.pk), visitor_id="")

    def page() -> list[str]:
        request = page_of(anna)
        shelves = [recommend(slug, request=request, item=products["mug"]) for slug in THREE_SHELVES]
        return [titles(shelf)[0] for shelf in shelves]

    with statements() as first_of_the_process:
        assert page() == ["sofa"] * 3
    with statements() as executed:
        page()

    # placements with rules, pointer, history, three times products; later history and products
    assert (len(first_of_the_process), len(executed)) == (6, 4)


def test_a_rule_is_in_force_in_its_period_and_on_its_placements_only(shelves: ModelVersion, products: Products) -> None:
    now = timezone.now()
    rule = make("hide", categories=["Decor"])
    assert titles(recommend("trending", limit=2)) == ["mug", "bowl"]

    for columns in (
        {"is_active": False},
        {"starts_at": now + timedelta(hours=1), "is_active": True},
        {"starts_at": None, "ends_at": now - timedelta(hours=1)},
        {"ends_at": None, "placements": ["for_you"]},
    ):
        Rule.objects.filter(pk=rule.pk).update(**columns)
        assert titles(recommend("trending", limit=1)) == ["vase"], columns

    Rule.objects.filter(pk=rule.pk).update(placements=["for_you", "trending"], starts_at=now - timedelta(hours=1))
    assert titles(recommend("trending", limit=1)) == ["mug"]


def test_show_only_looks_through_the_whole_range(shelves: ModelVersion, products: Products) -> None:
    make("filter", categories=["Light", "Furniture"])

    assert titles(recommend("for_you", limit=1)) == ["lamp"]


def test_a_pinned_product_is_shown_although_nobody_wants_it(shelves: ModelVersion, products: Products) -> None:
    make("pin", position=2, item_ids=[str(products["sofa"].pk)], placements=["trending"])

    shelf = recommend("trending", limit=3)

    assert titles(shelf) == ["vase", "sofa", "mug"]
    assert str(shelf.items[1].reason) == "Picked by the shop"
    assert [item.slot for item in shelf] == [0, 1, 2]


def test_a_pin_does_not_overrule_the_shop_or_the_shopper(
    shelves: ModelVersion, products: Products, happened: Happened
) -> None:
    make("pin", position=1, item_ids=[str(products["sofa"].pk)])
    Product.objects.filter(title="Sofa").update(stock=0)
    assert titles(recommend("trending", limit=1)) == ["vase"]

    Product.objects.filter(title="Sofa").update(stock=1)
    happened("dismiss", products["sofa"])
    assert titles(recommend("trending", limit=1)) == ["sofa"]
    assert titles(recommend("trending", limit=1, visitor_id="guest")) == ["vase"]
    assert titles(recommend("trending", limit=1, item=products["sofa"])) == ["vase"]


def test_a_pin_does_not_fill_an_empty_shelf(shelves: ModelVersion, products: Products) -> None:
    make("pin", position=1, item_ids=[str(products["sofa"].pk)])

    assert len(recommend("frequently_bought_together", item=products["plate"])) == 0


def test_rules_can_be_tried_before_they_are_stored(shelves: ModelVersion, products: Products) -> None:
    make("hide", categories=["Decor"])
    draft = Rule(name="draft", action="hide", categories=["Tableware"])

    assert titles(recommend("trending", limit=1)) == ["mug"]
    assert titles(recommend("trending", limit=1, rules=[draft])) == ["vase"]
    assert titles(recommend("trending", limit=2, rules=[])) == ["vase", "mug"]


def test_rules_are_asked_of_the_products_of_this_moment(shelves: ModelVersion, products: Products) -> None:
    make("hide", price_from=Decimal(100))
    Product.objects.filter(title="Vase").update(price=100)

    assert titles(recommend("trending", limit=1)) == ["mug"]


def test_rules_without_a_model_work_on_what_is_popular(products: Products, happened: Happened) -> None:
    happened("purchase", products["pot"])
    happened("view_item", products["mug"])
    make("hide", item_ids=[str(products["pot"].pk)])

    assert titles(recommend("for_you", request=page_of())) == ["mug"]


@pytest.mark.parametrize(
    "columns",
    [
        {"action": "boost"},
        {"action": "boost", "factor": 0.5},
        {"action": "bury", "factor": 1},
        {"action": "cap"},
        {"action": "quota", "share_percent": 101},
        {"action": "pin", "position": 0},
        {"action": "magic"},
        {"action": "hide", "price_from": 2, "price_to": 1},
        {"action": "hide", "starts_at": timezone.now(), "ends_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_the_database_refuses_rules_that_mean_nothing(columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Rule.objects.create(name="x", **columns)


def test_placements_and_rules_are_read_by_one_query(settings: DjangoSettings) -> None:
    make("hide", categories=["x"])

    with statements() as executed:
        assert placements.find_placement("cart_complements").price_ceiling_percent == 100
        assert len(find_rules()) == 1

    assert len(executed) == 1
    assert Placement.objects.count() == 21


def test_a_process_that_starts_without_the_database_finds_its_rules_later(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 0}
    rule = make("hide", categories=["x"])
    with failing(""):
        assert find_rules() == ()

    assert [found.pk for found in find_rules()] == [rule.pk]
