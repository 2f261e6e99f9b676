"""What is said of the data that a version learned from."""

import pytest

from django_recs import __version__
from django_recs.models import Purpose, Visitor
from django_recs.pipeline.dataset import describe
from django_recs.pipeline.export import export_interactions
from tests.pipeline.rows import START, add_products, event, store

pytestmark = pytest.mark.django_db


def test_the_data_is_counted_with_what_was_left_out_and_why() -> None:
    a, b, _ = add_products(3)
    Visitor.objects.create(visitor_id="known", customer_id="1", merged_at=START)
    store(
        event(item=a, customer="1", day=1),
        event(item=b, visitor="known", day=2),
        event(item=b, visitor="guest", day=2),
        event("purchase", item=a, customer="1", day=3, order="o", quantity=3),
        event("refund", item=a, customer="1", day=4, order="o"),
        event(item="gone", customer="1", day=5),
        event(item=a, customer="2", day=5, purposes=Purpose.ANALYTICS),
        event(item=a, customer="3", day=5, is_bot=True),
        event("view_item_list", item=a, customer="4", day=6, is_bot=True),  # teaches nothing in any case
    )
    data = export_interactions()

    assert describe(data, trained_until=99) == {
        "code_version": __version__,
        "fingerprint": data.fingerprint,
        "trained_until": 99,
        "first_event_at": "2024-03-02T00:00:00+00:00",
        "event_count": 4,
        "events_by_type": {"view_item": 3, "purchase": 1},
        "refund_count": 1,
        "unit_count": 2,
        "customer_count": 1,
        "item_count": 3,
        "silent_item_count": 1,
        "purpose": "personalisation",
        "unknown_item_count": 1,
        "bot_event_count": 1,
        "unconsented_event_count": 1,
    }


def test_of_no_data_nothing_is_said() -> None:
    add_products(2)

    described = describe(export_interactions(), trained_until=0)

    assert (described["first_event_at"], described["event_count"], described["events_by_type"]) == (None, 0, {})
    assert described["silent_item_count"] == 2
