"""`recommend()` with a real artifact, a real network and the shop's own products."""

import uuid
from collections.abc import Iterable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.exceptions import PlacementNotFound
from django_recs.models import ModelVersion, Placement
from django_recs.serving import Recommendations, Rung, recommend
from django_recs.tracking.attribution import read_token
from tests.serving.shop_fixtures import Happened, statements
from tests.shop.models import Customer, Product

Products = dict[str, Product]


def titles(shelf: Iterable[object]) -> list[str]:
    return [item.title.lower() for item in shelf]  # type: ignore[attr-defined]


def page_of(customer: Customer | None = None, consent: str = "personalisation") -> HttpRequest:
    request = RequestFactory().get("/")
    request.COOKIES["recs_consent"] = consent
    request.user = customer or AnonymousUser()
    return request


@pytest.fixture
def anna(db: None) -> Customer:
    return Customer.objects.create_user("anna")


def test_for_you_answers_to_the_last_click_of_a_guest(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    happened("view_item", products["pot"], minutes_ago=5)
    first = recommend("for_you", visitor_id="guest", limit=1)
    happened("view_item", products["bowl"])
    second = recommend("for_you", visitor_id="guest", limit=1)

    assert (titles(first), first.rung) == (["lamp"], Rung.MODEL)
    assert (titles(second), second.rung) == (["mug"], Rung.MODEL)


def test_a_list_says_what_made_it_and_its_token_proves_it(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    happened("purchase", products["mug"])

    shelf = recommend("for_you", visitor_id="guest")
    attribution = read_token(shelf.token)

    assert (shelf.placement, shelf.title, shelf.model_version_id) == ("for_you", "Recommended for you", live.pk)
    assert [item.slot for item in shelf] == list(range(len(shelf)))
    assert all(item.product == products[item.title.lower()] for item in shelf)
    assert attribution is not None
    assert (attribution.list_id, attribution.placement) == (shelf.list_id, "for_you")
    assert (attribution.model_version_id, attribution.rung) == (live.pk, "model")


def test_a_new_visitor_is_not_shown_what_they_just_looked_at(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    happened("purchase", products["bowl"])
    happened("view_item", products["mug"])

    titles = [item.title for item in recommend("for_you", visitor_id="guest")]

    assert "Mug" not in titles
    assert "Bowl" in titles


def test_every_reason_is_true(live: ModelVersion, products: Products, happened: Happened) -> None:
    happened("purchase", products["mug"])
    happened("purchase", products["bowl"])

    reasons = {item.title: str(item.reason) for item in recommend("for_you", visitor_id="guest")}

    assert reasons.pop("Mug") == reasons.pop("Bowl") == "You bought this before"
    assert set(reasons.values()) == {"Fits what you looked at and bought"}


def test_a_placement_may_leave_out_what_was_bought(live: ModelVersion, products: Products, happened: Happened) -> None:
    Placement.objects.filter(slug="for_you").update(exclude_purchased=True)
    happened("purchase", products["mug"])
    happened("view_item", products["bowl"])

    shown = titles(recommend("for_you", visitor_id="guest", limit=8))

    assert "mug" not in shown
    assert "bowl" in shown or "plate" in shown


def test_what_was_dismissed_stays_away(live: ModelVersion, products: Products, happened: Happened) -> None:
    happened("view_item", products["mug"])
    happened("dismiss", products["bowl"])

    assert "bowl" not in titles(recommend("for_you", visitor_id="guest", limit=8))
    assert "bowl" not in titles(recommend("similar", item=products["mug"], visitor_id="guest", limit=8))


def test_somebody_new_sees_what_is_popular(live: ModelVersion, products: Products) -> None:
    shelf = recommend("for_you", visitor_id="nobody-yet", limit=2)

    assert (titles(shelf), shelf.rung, shelf.model_version_id) == (["vase", "mug"], Rung.POPULARITY, live.pk)
    assert str(shelf.items[0].reason) == "Popular right now"


def test_similar_starts_from_one_item_or_several(live: ModelVersion, products: Products) -> None:
    one = recommend("similar", item=products["mug"], limit=8)
    by_id = recommend("similar", item=str(products["mug"].pk), limit=8)
    both = recommend("similar", items=[products["mug"], products["bowl"]], limit=8)

    assert one.rung == Rung.MODEL
    assert titles(one)[0] == "bowl"
    assert "rug" in titles(one)  # never sold: found by its text
    assert titles(by_id) == titles(one)
    assert not {"mug", "bowl"} & set(titles(both))
    assert {str(item.reason) for item in one} == {"Similar to Mug"}


def test_bought_together_is_not_shown_for_fewer_persons_than_allowed_and_never_padded(
    live: ModelVersion, products: Products
) -> None:
    assert titles(recommend("frequently_bought_together", item=products["mug"])) == ["bowl"]
    assert titles(recommend("frequently_bought_together", item=products["lamp"])) == ["pot"]
    assert len(recommend("frequently_bought_together", item=products["plate"])) == 0
    assert len(recommend("frequently_bought_together")) == 0
    basket = recommend("frequently_bought_together", items=[products["mug"], products["pot"]])
    assert sorted(titles(basket)) == ["bowl", "lamp"]
    assert basket.rung == Rung.COUNTS


def test_recently_viewed_needs_no_model(products: Products, happened: Happened) -> None:
    for minutes_ago, name in enumerate(["vase", "mug", "vase", "pot"]):
        happened("view_item", products[name], minutes_ago=minutes_ago)
    happened("purchase", products["sofa"])

    shelf = recommend("recently_viewed", visitor_id="guest", item=products["pot"])

    assert (titles(shelf), shelf.rung, shelf.model_version_id) == (["vase", "mug"], Rung.HISTORY, None)
    assert str(shelf.items[0].reason) == "You looked at this"


def test_trending_is_the_same_for_everybody(live: ModelVersion, products: Products, happened: Happened) -> None:
    happened("purchase", products["sofa"])

    assert titles(recommend("trending", limit=2)) == ["vase", "mug"]
    assert titles(recommend("trending", limit=2, visitor_id="guest")) == ["vase", "mug"]


def test_the_shops_own_queryset_has_the_last_word(live: ModelVersion, products: Products, happened: Happened) -> None:
    happened("purchase", products["mug"])
    before = titles(recommend("for_you", visitor_id="guest", limit=8))
    Product.objects.filter(title="Vase").update(stock=0)
    Product.objects.filter(title="Bowl").update(is_published=False)
    Product.objects.filter(title="Pot").delete()

    after = titles(recommend("for_you", visitor_id="guest", limit=8))

    assert {"vase", "bowl", "pot"} <= set(before)
    assert after == [title for title in before if title not in {"vase", "bowl", "pot"}]


def test_hidden_products_are_filled_up_from_further_down(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    happened("purchase", products["mug"])
    (first,) = titles(recommend("for_you", visitor_id="guest", limit=1))
    Product.objects.filter(title=first.title()).update(stock=0)

    (second,) = titles(recommend("for_you", visitor_id="guest", limit=1))

    assert second != first


def test_a_catalogue_that_was_replaced_shows_only_what_exists(live: ModelVersion, products: Products) -> None:
    Product.objects.all().delete()
    Product.objects.create(title="Brand new")

    shelf = recommend("for_you", visitor_id="guest")

    assert (len(shelf), shelf.rung, shelf.token, shelf.list_id) == (0, Rung.EMPTY, "", None)


def test_products_newer_than_the_model_are_shown_once_they_are_wanted(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    Product.objects.all().delete()
    happened("purchase", Product.objects.create(title="Brand new"))

    shelf = recommend("for_you")

    assert (titles(shelf), shelf.rung) == (["brand new"], Rung.POPULARITY)


def test_the_only_product_does_not_recommend_itself(live: ModelVersion, products: Products) -> None:
    Product.objects.exclude(title="Mug").delete()

    assert len(recommend("similar", item=products["mug"])) == 0


def test_a_shelf_with_too_few_items_is_empty(live: ModelVersion, products: Products) -> None:
    Placement.objects.filter(slug="frequently_bought_together").update(min_items=2)

    assert len(recommend("frequently_bought_together", item=products["mug"])) == 0


def test_an_inactive_placement_is_empty_without_a_look_at_the_visitor(live: ModelVersion, products: Products) -> None:
    Placement.objects.filter(slug="trending").update(is_active=False)

    assert len(recommend("trending")) == 0


def test_an_unknown_placement_is_an_error_that_says_where_to_add_it(db: None) -> None:
    with pytest.raises(PlacementNotFound, match=r"There is no placement 'nowhere'\. Add it in the admin"):
        recommend("nowhere")


@pytest.mark.parametrize("item", ["nonsense", "", "\x00", uuid.uuid4(), 7, object()])
def test_an_item_that_no_product_has_gives_what_is_popular(
    item: object, live: ModelVersion, products: Products
) -> None:
    shelf = recommend("similar", item=item, limit=1)

    assert (titles(shelf), shelf.rung) == (["vase"], Rung.POPULARITY)


def test_a_customer_is_known_by_the_session_when_they_allow_it(
    live: ModelVersion, products: Products, happened: Happened, anna: Customer
) -> None:
    happened("view_item", products["pot"], customer_id=str(anna.pk), visitor_id="")

    allowed = recommend("for_you", request=page_of(anna), limit=1)
    directly = recommend("for_you", customer=anna, limit=1)

    assert titles(allowed) == titles(directly) == ["lamp"]


def test_without_consent_no_history_is_read_and_nobody_gets_another_page(
    live: ModelVersion, products: Products, happened: Happened, anna: Customer
) -> None:
    happened("view_item", products["pot"], customer_id=str(anna.pk), visitor_id="")

    with statements() as executed:
        shelves = [
            recommend(slug, request=page_of(anna, consent="analytics.marketing"), item=products["mug"])
            for slug in ("for_you", "recently_viewed", "similar")
        ]
    strangers = [recommend(slug, item=products["mug"]) for slug in ("for_you", "recently_viewed", "similar")]

    assert not [sql for sql in executed if '"django_recs_event"."customer_id"' in sql or str(anna.pk.hex) in sql]
    assert [(titles(shelf), shelf.rung) for shelf in shelves] == [(titles(shelf), shelf.rung) for shelf in strangers]
    assert shelves[0].rung == Rung.POPULARITY
    assert len(shelves[1]) == 0


def test_events_from_before_the_consent_are_not_used(
    live: ModelVersion, products: Products, happened: Happened
) -> None:
    happened("view_item", products["pot"], purposes=0)

    assert recommend("for_you", visitor_id="guest").rung == Rung.POPULARITY


def test_a_page_with_three_shelves_asks_little_and_writes_nothing(
    live: ModelVersion, products: Products, happened: Happened, anna: Customer, settings: DjangoSettings
) -> None:
    settings.DJANGO_RECS |= {"RELOAD_SECONDS": 60}
    happened("view_item", products["pot"], customer_id=str(anna.pk), visitor_id="")

    def page() -> list[Recommendations]:
        request = page_of(anna)
        return [
            recommend("for_you", request=request),
            recommend("similar", request=request, item=products["mug"]),
            recommend("recently_viewed", request=request),
        ]

    with statements() as first_of_the_process:
        shelves = page()
    with statements() as executed:
        page()

    assert [shelf.rung for shelf in shelves] == [Rung.MODEL, Rung.MODEL, Rung.HISTORY]
    assert (len(first_of_the_process), len(executed)) == (6, 4)
    assert all(sql.startswith(("SELECT", "(SELECT")) for sql in first_of_the_process + executed)
    assert sum("django_recs_event" in sql for sql in executed) == 1
    assert sum('FROM "shop_product"' in sql for sql in executed) == 3
