"""Each placement with what it promises, on a real artifact and the shop's own products."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.engine.shelves.demand import Demand
from django_recs.engine.shelves.facts import ShelfFacts
from django_recs.models import Placement
from django_recs.serving import Recommendations, Rung, recommend
from django_recs.serving.live import live_model
from django_recs.serving.popularity import count_bought_in
from tests.serving.shop_fixtures import Happened
from tests.shop.models import Product

Products = dict[str, Product]
DAY = 24 * 60

pytestmark = pytest.mark.usefixtures("shelves")


def titles(shelf: Iterable[Any]) -> list[str]:
    return [item.title.lower() for item in shelf]


def reasons(shelf: Iterable[Any]) -> dict[str, str]:
    return {item.title.lower(): str(item.reason) for item in shelf}


def shelf_of(slug: str, **wanted: Any) -> Recommendations:
    """The placement as it ships, whatever its fewest items."""
    Placement.objects.update(min_items=1)
    return recommend(slug, **wanted)


def test_also_viewed_asks_for_enough_persons(products: Products) -> None:
    shelf = shelf_of("also_viewed", item=products["mug"])

    assert (reasons(shelf), shelf.rung) == ({"plate": "Often looked at together with Mug"}, Rung.COUNTS)


def test_a_shelf_names_its_anchor_also_when_only_its_id_is_known(products: Products) -> None:
    assert reasons(shelf_of("also_viewed", item=str(products["mug"].pk))) == {
        "plate": "Often looked at together with Mug"
    }


def test_bought_together_shows_several_kinds_first(products: Products) -> None:
    """Bowl and lamp are alike in strength; with the bowl already there, another one of tableware comes later."""
    shelf = shelf_of("frequently_bought_together", item=products["mug"])

    assert sorted(titles(shelf)) == ["bowl", "lamp"]
    assert set(reasons(shelf).values()) == {"Often bought together with Mug"}


def test_cart_complements_come_from_the_whole_basket_and_other_kinds_first(products: Products) -> None:
    Placement.objects.filter(slug="cart_complements").update(price_ceiling_percent=None)

    assert titles(shelf_of("cart_complements", items=[products["mug"], products["pot"]])) == [
        "rug",
        "lamp",
        "bowl",
    ]
    assert titles(shelf_of("cart_complements", items=[products["lamp"], products["bowl"]])) == ["mug"]


def test_cart_complements_cost_no_more_than_the_dearest_product_of_the_basket(products: Products) -> None:
    Product.objects.filter(title="Lamp").update(price=40)

    assert titles(shelf_of("cart_complements", items=[products["mug"], products["pot"]])) == ["bowl"]
    Placement.objects.filter(slug="cart_complements").update(price_ceiling_percent=175)  # 7, by the price of the pot
    by_id = [str(products["pot"].pk), products["mug"]]
    assert titles(shelf_of("cart_complements", items=by_id)) == ["rug", "bowl"]


def test_post_purchase_shows_what_came_next_before_what_came_along(products: Products) -> None:
    assert reasons(shelf_of("post_purchase", items=[products["pot"], products["mug"]])) == {
        "rug": "Often bought after Pot",
        "bowl": "Often bought together with Mug",
        "lamp": "Often bought together with Mug",
    }


def test_a_step_up_is_dearer_and_of_the_same_kind(products: Products) -> None:
    """By the prices of training the bowl (2) is a step up from the mug (1); the plate (3) is too dear for one."""
    assert reasons(shelf_of("upsell", item=products["mug"])) == {"bowl": "A step up from Mug"}
    Product.objects.filter(title="Bowl").update(price=0.5)
    assert titles(shelf_of("upsell", item=products["mug"])) == []


def test_buy_it_again_offers_what_is_due(products: Products, happened: Happened) -> None:
    """The pot is bought every ten days, nothing else twice."""
    happened("purchase", products["pot"], minutes_ago=9 * DAY)
    happened("purchase", products["vase"], minutes_ago=9 * DAY)

    shelf = shelf_of("buy_it_again", visitor_id="guest")

    day = date_format(timezone.localtime(timezone.now() - timedelta(days=9)), "DATE_FORMAT")
    assert reasons(shelf) == {"pot": f"You bought this before, last on {day}"}
    assert shelf.rung == Rung.COUNTS


def test_what_was_only_just_bought_is_not_offered_again(products: Products, happened: Happened) -> None:
    happened("purchase", products["pot"], minutes_ago=DAY)

    assert titles(shelf_of("buy_it_again", visitor_id="guest")) == []


def test_continue_shopping_is_what_was_left_unfinished(products: Products, happened: Happened) -> None:
    happened("view_item", products["mug"], minutes_ago=50)
    happened("purchase", products["mug"], minutes_ago=40)
    happened("view_item", products["vase"], minutes_ago=30)
    happened("add_to_cart", products["lamp"], minutes_ago=60)
    happened("view_item", products["rug"], minutes_ago=31 * DAY)
    happened("view_item", products["sofa"], minutes_ago=5)

    shelf = shelf_of("continue_shopping", visitor_id="guest", items=[products["sofa"]])

    assert reasons(shelf) == {
        "lamp": "You put this into your cart or on your wish list",
        "vase": "You looked at this",
    }
    assert titles(shelf) == ["lamp", "vase"]
    assert (shelf.rung, shelf.model_version_id) == (Rung.HISTORY, None)


def test_back_in_stock_is_news_to_this_visitor(products: Products, happened: Happened) -> None:
    now = timezone.now()
    for name, hours in {"mug": 2, "bowl": 2, "plate": 48, "pot": -1}.items():
        Product.objects.filter(title=name.title()).update(restocked_at=now - timedelta(hours=hours))
    for name in ("mug", "bowl", "plate", "pot", "lamp"):
        happened("view_item", products[name], minutes_ago=DAY)
    happened("purchase", products["bowl"], minutes_ago=60)

    shelf = shelf_of("back_in_stock_for_you", visitor_id="guest")

    assert (reasons(shelf), shelf.rung) == ({"mug": "Back in stock since you looked at it"}, Rung.HISTORY)


def test_bestsellers_count_buyers_and_ask_for_enough_of_them(products: Products) -> None:
    shelf = shelf_of("bestsellers")

    assert titles(shelf) == ["mug", "vase", "bowl", "pot", "lamp", "rug"]  # by 16, 14 and four times 6 persons
    assert set(reasons(shelf).values()) == {"Bought by many"}


def test_a_country_has_a_shelf_of_its_own_when_enough_persons_bought(products: Products, happened: Happened) -> None:
    for person in range(5):
        happened("purchase", products["rug"], visitor_id=f"at{person}", country="AT")
        happened("purchase", products["pot"], visitor_id=f"ch{person}", country="CH")
    happened("purchase", products["mug"], visitor_id="at0", country="AT")
    happened("purchase", products["rug"], visitor_id="at0", country="AT")
    happened("view_item", products["vase"], visitor_id="at1", country="AT")

    assert count_bought_in("AT") == ((str(products["rug"].pk), 5.0),)
    assert count_bought_in("DE") == ()


def test_the_daypart_shelf_shows_what_is_wanted_now_and_names_the_hour(products: Products, facts: ShelfFacts) -> None:
    lifts = np.ones_like(facts.demand.lifts)
    lifts[:, 5] = 2.0  # the lamp, at all times
    lifts[:, 1] = 0.5
    model = live_model()
    assert model is not None
    object.__setattr__(model.artifact.shelf_facts, "demand", Demand(sold=facts.demand.sold, lifts=lifts))

    shelf = shelf_of("daypart_mix")

    weekday = timezone.localtime().strftime("%A")
    assert reasons(shelf) == {"lamp": "Wanted more at this time of day than at others"}
    assert shelf.title.startswith(f"For your {weekday} ")
    assert shelf.title.rpartition(" ")[2] in {"morning", "afternoon", "evening", "night"}


def test_new_arrivals_are_new_today_whatever_was_known_at_training(products: Products, happened: Happened) -> None:
    today = timezone.localdate()
    for name, days in {"mug": 3, "bowl": 1, "plate": 61, "rug": -5}.items():
        Product.objects.filter(title=name.title()).update(launched_on=today - timedelta(days=days))

    shelf = shelf_of("new_arrivals_for_you")
    assert (titles(shelf), shelf.rung) == (["bowl", "mug"], Rung.CATALOG)
    assert set(reasons(shelf).values()) == {"New in the shop"}

    happened("view_item", products["plate"])
    assert set(reasons(shelf_of("new_arrivals_for_you", visitor_id="guest")).values()) == {
        "New in Tableware, which you often look at"
    }


def test_a_product_newer_than_the_model_is_new_too(products: Products) -> None:
    Product.objects.create(title="Jug", launched_on=timezone.localdate())

    assert titles(shelf_of("new_arrivals_for_you")) == ["jug"]


def test_reduced_products_are_reduced_now(products: Products) -> None:
    Product.objects.filter(title__in=["Mug", "Vase"]).update(list_price=10)
    Product.objects.filter(title="Bowl").update(list_price=2)

    shelf = shelf_of("on_sale_for_you")
    assert reasons(shelf) == {"mug": "Reduced by 90 %", "vase": "Reduced by 40 %"}

    Product.objects.filter(title="Mug").update(list_price=None)  # the list of reduced products is kept for a minute
    assert titles(shelf_of("on_sale_for_you")) == ["vase"]


def test_because_you_names_a_product_that_may_be_shown(products: Products, happened: Happened) -> None:
    happened("view_item", products["mug"], minutes_ago=20)
    shelf = shelf_of("because_you", visitor_id="guest")

    assert shelf.title == "Inspired by Mug"
    assert set(reasons(shelf).values()) == {"Because you looked at Mug"}
    assert "mug" not in titles(shelf)

    Product.objects.filter(title="Mug").update(is_published=False)
    assert titles(shelf_of("because_you", visitor_id="guest")) == []


def test_because_you_says_what_was_bought(products: Products, happened: Happened) -> None:
    happened("purchase", products["mug"])

    assert set(reasons(shelf_of("because_you", visitor_id="guest")).values()) == {"Because you bought Mug"}


def test_because_you_chooses_another_anchor_each_day(
    products: Products, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened("view_item", products["mug"], minutes_ago=2)
    happened("view_item", products["pot"], minutes_ago=1)
    now = time.time()
    found = []
    for day in range(2):
        monkeypatch.setattr("django_recs.serving.asking.time.time", lambda day=day: now + 86_400 * day)
        found.append(shelf_of("because_you", visitor_id="guest").title)

    assert sorted(found) == ["Inspired by Mug", "Inspired by Pot"]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock of `recommend()` to so many days after this week's Monday noon."""
    local = timezone.localtime().replace(hour=12)
    monday = (local - timedelta(days=local.weekday())).timestamp()
    return lambda days: monkeypatch.setattr("django_recs.serving.asking.time.time", lambda: monday + 86_400 * days)


def test_discoveries_are_the_same_all_week_and_others_in_the_next(
    products: Products, happened: Happened, at: Callable[[float], None]
) -> None:
    happened("view_item", products["mug"], minutes_ago=30 * DAY)
    at(0)
    monday = titles(shelf_of("discover_weekly", visitor_id="guest"))
    happened("view_item", products[monday[0]])
    at(6)
    sunday = titles(shelf_of("discover_weekly", visitor_id="guest"))
    weeks = set()
    for week in range(1, 6):
        at(7 * week)
        weeks.add(tuple(titles(shelf_of("discover_weekly", visitor_id="guest"))))

    assert monday == sunday
    assert "mug" not in monday
    assert len(weeks) > 1


def test_discoveries_are_for_people_of_whom_something_is_known(products: Products) -> None:
    assert titles(shelf_of("discover_weekly", visitor_id="guest")) == []


def test_top_categories_take_turns(products: Products, happened: Happened) -> None:
    happened("view_item", products["plate"], minutes_ago=1)
    happened("purchase", products["sofa"], minutes_ago=2)
    happened("view_item", products["rug"], minutes_ago=3)

    shelf = shelf_of("top_categories", visitor_id="guest")

    assert titles(shelf) == ["mug", "vase", "bowl"]  # Tableware, Decor, Tableware; no other furniture, no rug
    assert reasons(shelf)["vase"] == "Popular in Decor, which you often look at"


def test_no_results_offers_many_kinds(products: Products, happened: Happened) -> None:
    stranger = shelf_of("no_results", limit=3)
    assert len({item.product.category for item in stranger}) == 3

    happened("view_item", products["mug"])
    known = shelf_of("no_results", limit=4, visitor_id="guest")
    assert known.rung == Rung.MODEL
    assert len({item.product.category for item in known}) >= 3


@pytest.mark.parametrize("category", ["Tableware", "tableware"])
def test_any_shelf_can_be_narrowed_to_a_category(category: str, products: Products, happened: Happened) -> None:
    assert titles(shelf_of("trending", category=category)) == ["mug", "bowl", "plate"]
    assert titles(shelf_of("bestsellers", category=category)) == ["mug", "bowl"]
    happened("view_item", products["pot"])
    assert set(titles(shelf_of("for_you", visitor_id="guest", category=category))) == {"mug", "bowl", "plate"}
    Product.objects.filter(title="Mug").update(category="Gifts")
    assert titles(shelf_of("bestsellers", category=category)) == ["bowl"]


def test_of_the_variants_of_a_product_one_is_shown(products: Products) -> None:
    Product.objects.filter(title__in=["Mug", "Bowl"]).update(variant_of="set")
    Product.objects.filter(title__in=["Vase", "Pot"]).update(variant_of="other")

    assert titles(shelf_of("bestsellers")) == ["mug", "vase", "lamp", "rug"]
    mug = Product.objects.get(title="Mug")
    assert titles(shelf_of("frequently_bought_together", item=mug)) == ["lamp"]


PERSONAL = ("buy_it_again", "continue_shopping", "back_in_stock_for_you", "because_you", "discover_weekly")


@pytest.mark.parametrize("slug", [*PERSONAL, "top_categories"])
def test_personal_shelves_hide_for_strangers(slug: str, products: Products) -> None:
    shelf = shelf_of(slug)

    assert (len(shelf), shelf.rung) == (0, Rung.EMPTY)


@pytest.mark.parametrize("slug", ["also_viewed", "cart_complements", "post_purchase", "upsell"])
def test_shelves_around_items_hide_without_one(slug: str, products: Products) -> None:
    assert len(shelf_of(slug)) == 0


def test_each_default_placement_names_a_strategy_of_its_own(settings: DjangoSettings) -> None:
    assert all(placement.slug == placement.strategy for placement in Placement.objects.all())
