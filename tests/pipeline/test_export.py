"""Events of the database as arrays: who and what is in them, and in which order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from django_recs.models import Purpose, Visitor
from django_recs.pipeline import export
from django_recs.pipeline.export import export_interactions
from tests.pipeline.rows import CART, PURCHASE, START, VIEW, add_products, event, listed, store

pytestmark = pytest.mark.django_db


def test_events_are_sorted_by_unit_then_time_then_record() -> None:
    a, b, c = add_products(3)
    store(
        event(item=a, customer="1", day=5),
        event(item=b, customer="2", day=4),
        event("add_to_cart", item=b, customer="1", day=3),
        event("purchase", item=c, customer="1", day=5, order="o1", quantity=4),
    )
    assert listed(export_interactions().interactions) == [
        ("c:1", b, CART, 3, 1.0, -1),
        ("c:1", a, VIEW, 5, 1.0, -1),
        ("c:1", c, PURCHASE, 5, 4.0, 0),
        ("c:2", b, VIEW, 4, 1.0, -1),
    ]


def test_the_whole_catalogue_is_there_with_padding_first() -> None:
    items = add_products(3)
    store(event(item=items[1], customer="1"))
    data = export_interactions()
    assert list(data.interactions.item_ids) == ["", *items]
    assert data.interactions.item.tolist() == [2]
    assert data.content.texts[2] == "blue thing 2"


def test_events_without_consent_to_personalisation_stay_out() -> None:
    (item,) = add_products(1)
    store(
        event(item=item, customer="none", purposes=Purpose.NONE),
        event(item=item, customer="others", purposes=Purpose.ANALYTICS | Purpose.MARKETING),
        event(item=item, customer="yes", purposes=Purpose.PERSONALISATION),
    )
    data = export_interactions()
    assert list(data.interactions.unit_ids) == ["c:yes"]


def test_bots_and_people_without_any_id_stay_out() -> None:
    (item,) = add_products(1)
    store(event(item=item, visitor="bot", is_bot=True), event(item=item), event(item=item, visitor="guest"))
    assert listed(export_interactions().interactions) == [("v:guest", item, VIEW, 0, 1.0, -1)]


@pytest.mark.parametrize("event_type", ["view_item_list", "dismiss", "search", "remove_from_cart", "begin_checkout"])
def test_types_that_show_no_liking_stay_out(event_type: str) -> None:
    (item,) = add_products(1)
    store(event(event_type, item=item, customer="1"))
    assert len(export_interactions().interactions) == 0


def test_a_type_with_a_weight_in_the_settings_teaches(settings: Settings) -> None:
    settings.DJANGO_RECS = {"EVENT_WEIGHTS": {"view_item_list": 0.1, "view_item": 0.0}}
    (item,) = add_products(1)
    store(event("view_item_list", item=item, customer="1"), event("view_item", item=item, customer="1"))
    assert export_interactions().interactions.event_type.tolist() == [0]


def test_items_that_the_catalogue_does_not_know_are_left_out_and_counted() -> None:
    (item,) = add_products(1)
    store(event(item="gone", customer="1"), event(item=item, customer="2"), event(item="gone too", customer="2"))
    data = export_interactions()
    assert listed(data.interactions) == [("c:2", item, VIEW, 0, 1.0, -1)]
    assert list(data.interactions.unit_ids) == ["c:2"]
    assert data.unknown_item_count == 2


def test_a_merged_visitor_is_the_customer() -> None:
    a, b, c = add_products(3)
    Visitor.objects.create(visitor_id="x", customer_id="1", merged_at=START)
    store(
        event(item=a, visitor="x", day=1),
        event(item=b, customer="1", visitor="x", day=2),
        event(item=c, customer="1", visitor="another", day=3),
        event(item=a, customer="2", visitor="x", day=4),
        event(item=a, visitor="another", day=5),
    )
    assert listed(export_interactions().interactions) == [
        ("c:1", a, VIEW, 1, 1.0, -1),
        ("c:1", b, VIEW, 2, 1.0, -1),
        ("c:1", c, VIEW, 3, 1.0, -1),
        ("c:2", a, VIEW, 4, 1.0, -1),
        ("v:another", a, VIEW, 5, 1.0, -1),
    ]


def test_until_leaves_later_events_unread() -> None:
    a, b = add_products(2)
    store(event(item=a, customer="1", day=1), event(item=b, customer="1", day=2))
    data = export_interactions(until=START + timedelta(days=2))
    assert data.interactions.item.tolist() == [1]


def test_pages_read_every_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 3)
    items = add_products(2)
    store(*(event(item=items[number % 2], customer=str(number % 4), day=number) for number in range(9)))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        data = export_interactions()
    assert sorted((data.interactions.time // 86_400).tolist()) == [
        int(START.timestamp()) // 86_400 + n for n in range(9)
    ]
    assert sum("django_recs_event" in query["sql"] for query in queries) == 4  # three full pages and an empty one


def test_time_is_in_whole_seconds_and_fractions_are_cut() -> None:
    (item,) = add_products(1)
    store(event(item=item, customer="1", day=1.75 / 86_400))
    assert export_interactions().interactions.time.tolist() == [int(START.timestamp()) + 1]


def test_an_empty_table_gives_empty_arrays() -> None:
    add_products(2)
    data = export_interactions()
    assert (len(data.interactions), data.interactions.unit_count, data.interactions.item_count) == (0, 0, 2)


def test_equal_data_has_an_equal_fingerprint_and_one_more_event_another() -> None:
    (item,) = add_products(1)
    store(event(item=item, customer="1"))
    first, again = export_interactions().fingerprint, export_interactions().fingerprint
    store(event(item=item, customer="1"))
    other = export_interactions().fingerprint
    assert first == again
    assert first != other
    assert len(first) == 64
