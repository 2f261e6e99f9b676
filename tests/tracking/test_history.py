"""What a visitor did lately: only theirs, only with consent, in one query."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_recs.models import Purpose, Visitor
from django_recs.tracking import HistoryRow, NewEvent, VisitorIdentity, recent_events, store_events

pytestmark = pytest.mark.django_db
MakeEvent = Callable[..., NewEvent]


@pytest.fixture
def events(new_event: MakeEvent) -> list[NewEvent]:
    """Ann (customer 1) was guest f00d and beef before; ben is customer 2; cafe is a guest."""
    noon = new_event().occurred_at
    merged_at = noon
    Visitor.objects.create(visitor_id="f00d", customer_id="1", merged_at=merged_at)
    Visitor.objects.create(visitor_id="beef", customer_id="1", merged_at=merged_at)
    people: list[dict[str, Any]] = [
        {"visitor_id": "f00d"},
        {"visitor_id": "beef"},
        {"customer_id": "1", "visitor_id": "f00d"},
        {"customer_id": "1"},
        {"customer_id": "2", "visitor_id": "f00d"},
        {"customer_id": "2", "visitor_id": "cafe"},
        {"visitor_id": "cafe"},
    ]
    made = [
        new_event(item_id=f"i{number}", occurred_at=noon + timedelta(minutes=number), purposes=1, **person)
        for number, person in enumerate(people)
    ]
    store_events(made)
    return made


@pytest.mark.parametrize(
    ("person", "items"),
    [
        ({"customer_id": "1"}, ["i3", "i2", "i1", "i0"]),
        ({"customer_id": "1", "visitor_id": "cafe"}, ["i3", "i2", "i1", "i0"]),
        ({"customer_id": "2", "visitor_id": "f00d"}, ["i5", "i4"]),
        ({"visitor_id": "cafe"}, ["i6"]),
        ({"visitor_id": "f00d"}, ["i0"]),
        ({"visitor_id": "dead"}, []),
        ({}, []),
    ],
)
@pytest.mark.usefixtures("events")
def test_each_person_has_their_own(person: dict[str, str], items: list[str], django_assert_num_queries: Any) -> None:
    identity = VisitorIdentity(**person, purposes=Purpose.ALL)

    with django_assert_num_queries(1 if person else 0):
        rows = recent_events(identity, 10)
        again = recent_events(identity, 10)

    assert [row.item_id for row in rows] == items
    assert again == rows


def test_rows_are_the_newest(events: list[NewEvent]) -> None:
    identity = VisitorIdentity(customer_id="1", purposes=Purpose.PERSONALISATION)

    assert recent_events(identity, 1) == [HistoryRow(item_id="i3", type="view_item", occurred_at=events[3].occurred_at)]
    assert len(recent_events(identity, 2)) == 2


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("purposes", [Purpose.NONE, Purpose.ANALYTICS, Purpose.MARKETING])
def test_nothing_without_consent_to_personalisation(purposes: Purpose, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert recent_events(VisitorIdentity(customer_id="1", visitor_id="f00d", purposes=purposes), 10) == []


def test_events_under_another_consent_and_impressions_are_left_out(new_event: MakeEvent) -> None:
    store_events(
        [
            new_event(customer_id="1", item_id="counted only", purposes=Purpose.ANALYTICS),
            new_event(customer_id="1", item_id="shown", type="view_item_list", purposes=Purpose.ALL),
            new_event(customer_id="1", item_id="", type="search", purposes=Purpose.ALL),
            new_event(customer_id="1", item_id="bought", type="purchase", purposes=Purpose.ALL),
        ]
    )

    rows = recent_events(VisitorIdentity(customer_id="1", purposes=Purpose.ALL), 10)

    assert [(row.item_id, row.type) for row in rows] == [("bought", "purchase")]


def test_the_cost_does_not_grow_with_the_customer(new_event: MakeEvent) -> None:
    """Each arm of the statement is ordered and limited for itself, so that an index yields its newest rows."""
    noon = new_event().occurred_at
    Visitor.objects.create(visitor_id="f00d", customer_id="1", merged_at=noon)
    people = [{"customer_id": "1"}, {"visitor_id": "f00d"}] * 4
    store_events(
        [
            new_event(item_id=f"i{number}", occurred_at=noon + timedelta(minutes=number), purposes=1, **person)
            for number, person in enumerate(people)
        ]
    )

    with CaptureQueriesContext(connection) as queries:
        rows = recent_events(VisitorIdentity(customer_id="1", purposes=Purpose.ALL), 3)

    assert [row.item_id for row in rows] == ["i7", "i6", "i5"]
    (query,) = queries.captured_queries
    assert (query["sql"].count("LIMIT 3"), query["sql"].count("ORDER BY")) == (3, 3)
