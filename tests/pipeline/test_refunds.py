"""What was sent back does not teach."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_recs.models import Event, Purpose, Visitor
from django_recs.pipeline.export import export_interactions
from tests.pipeline.rows import START, add_products, event, store
from tests.pipeline.test_export import listed

pytestmark = pytest.mark.django_db


def purchase(item: str, *, day: float = 0, order: str = "o", quantity: int = 1, customer: str = "1") -> Event:
    return event("purchase", item=item, customer=customer, day=day, order=order, quantity=quantity)


def refund(item: str = "", *, day: float = 9, order: str = "", quantity: int = 1, customer: str = "1") -> Event:
    return event("refund", item=item, customer=customer, day=day, order=order, quantity=quantity)


def bought() -> list[tuple[str, int, float]]:
    return [(item, day, pieces) for _, item, _, day, pieces, _ in listed(export_interactions().interactions)]


def test_a_refund_of_an_order_takes_from_its_line() -> None:
    a, b = add_products(2)
    store(purchase(a, order="o1", quantity=3), purchase(b, order="o1"), purchase(a, day=2, order="o2"))
    store(refund(a, order="o1", quantity=2))
    assert bought() == [(a, 0, 1.0), (b, 0, 1.0), (a, 2, 1.0)]


def test_a_line_sent_back_whole_is_gone() -> None:
    a, b = add_products(2)
    store(purchase(a, quantity=2), purchase(b), refund(a, order="o", quantity=5))
    assert bought() == [(b, 0, 1.0)]


def test_a_refund_without_an_item_takes_the_whole_order() -> None:
    a, b = add_products(2)
    store(purchase(a, quantity=7), purchase(b), purchase(b, day=1, order="o2"), refund(order="o"))
    assert bought() == [(b, 1, 1.0)]


def test_a_refund_without_an_order_takes_from_the_latest_purchase_before_it() -> None:
    a, _ = add_products(2)
    store(purchase(a, order="o1", quantity=2), purchase(a, day=3, order="o2"), purchase(a, day=5, order="o3"))
    store(refund(a, day=4, quantity=2))
    assert bought() == [(a, 0, 1.0), (a, 5, 1.0)]


def test_a_refund_of_somebody_else_or_of_an_unknown_order_takes_nothing() -> None:
    (a,) = add_products(1)
    store(purchase(a), refund(a, customer="2"), refund(a, order="unknown"))
    assert bought() == [(a, 0, 1.0)]


def test_views_of_an_item_sent_back_stay() -> None:
    (a,) = add_products(1)
    store(event(item=a, customer="1", day=1), purchase(a, day=2), refund(a, order="o"))
    assert bought() == [(a, 1, 1.0)]


def test_a_purchase_as_a_guest_is_refunded_to_the_account() -> None:
    (a,) = add_products(1)
    Visitor.objects.create(visitor_id="x", customer_id="1", merged_at=START)
    store(event("purchase", item=a, visitor="x", order="o"), refund(a, day=3))
    assert bought() == []


def test_what_was_known_at_a_moment_does_not_know_later_refunds() -> None:
    (a,) = add_products(1)
    store(purchase(a, day=1, quantity=2), refund(a, day=3, order="o"))
    data = export_interactions()
    then = int((START + timedelta(days=2)).timestamp())
    assert data.as_of(then).quantity.tolist() == [2.0]
    assert data.interactions.quantity.tolist() == [1.0]


def test_a_question_about_a_window_sees_its_refunds_in_the_truth_and_not_in_the_history() -> None:
    a, b = add_products(2)
    store(purchase(a, day=1), purchase(a, day=1, order="o1", quantity=2), purchase(b, day=5, order="o2"))
    store(purchase(a, day=6, order="o3"), purchase(a, day=9, order="o4"))
    store(refund(a, day=2, order="o1"), refund(a, day=5, order="o"), refund(b, day=7, order="o2"))
    data = export_interactions()
    start, end = (int((START + timedelta(days=days)).timestamp()) for days in (4, 8))
    assert [(item, day, pieces) for _, item, _, day, pieces, _ in listed(data.asked_at(start, end))] == [
        (a, 1, 1.0),  # sent back in the window: still part of the history
        (a, 1, 1.0),  # one of two was sent back before the window
        (a, 6, 1.0),  # b of day 5 was sent back on day 7: nobody wanted it
    ]


rows = st.tuples(
    st.sampled_from(["view_item", "purchase", "purchase", "refund", "dismiss"]),
    st.integers(0, 3),  # item; 0: none, 3: unknown to the catalogue
    st.integers(0, 2),  # person: customer 1, visitor x who is customer 1, visitor y
    st.integers(0, 5),  # day
    st.sampled_from(["", "o1", "o2"]),
    st.integers(1, 3),  # pieces
    st.sampled_from([Purpose.ALL, Purpose.ALL, Purpose.ANALYTICS]),
    st.sampled_from([False, False, True]),  # bot
)
Row = tuple[str, int, int, int, str, int, Purpose, bool]


def twin(table: list[Row], items: list[str]) -> list[tuple[str, str, int, float]]:
    """The same rules in plain Python: (unit, item, day, pieces) sorted by unit, day and record."""
    people = ["c:1", "c:1", "v:y"]
    valid = [row for row in table if Purpose.PERSONALISATION in row[6] and not row[7] and row[1] != 3]
    lines = [
        [people[person], items[item], day, float(pieces), event_type, order]
        for event_type, item, person, day, order, pieces, _, _ in valid
        if event_type in {"view_item", "purchase"} and item
    ]
    returns = [row for row in valid if row[0] == "refund" and (row[1] or row[4])]
    for _, item, person, day, order, pieces, _, _ in sorted(returns, key=lambda row: row[3]):
        to_return = float("inf") if item == 0 else float(pieces)
        for line in sorted((line for line in lines if line[4] == "purchase"), key=lambda line: line[2])[::-1]:
            of_order = order and line[5] == order and item in {0, items.index(line[1])}
            of_person = not order and line[0] == people[person] and line[1] == items[item] and line[2] <= day
            if of_order or of_person:
                taken = min(line[3], to_return)
                line[3] -= taken
                to_return -= taken
    kept = [line for line in lines if line[3] > 0]
    return by_unit_and_day([(unit, item, day, pieces) for unit, item, day, pieces, *_ in kept])


def by_unit_and_day(lines: list[tuple[str, str, int, float]]) -> list[tuple[str, str, int, float]]:
    return sorted(lines, key=lambda line: (line[0], line[2]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(rows, max_size=14))
def test_any_small_table_equals_its_plain_python_twin(table: list[Row]) -> None:
    with transaction.atomic():
        items = ["", *add_products(2)]
        Visitor.objects.create(visitor_id="x", customer_id="1", merged_at=START)
        people = [{"customer": "1"}, {"visitor": "x"}, {"visitor": "y"}]
        for kind, item, person, day, order, pieces, purposes, is_bot in table:
            named = event(kind, item=[*items, "unknown"][item], day=day, order=order, quantity=pieces, **people[person])
            named.purposes, named.is_bot = int(purposes), is_bot
            store(named)
        exported = listed(export_interactions().interactions)
        found = by_unit_and_day([(unit, item, day, pieces) for unit, item, _, day, pieces, _ in exported])
        transaction.set_rollback(True)
    assert found == twin(table, items)
