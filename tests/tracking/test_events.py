"""What a database cannot hold is refused before it gets there, with a code."""

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from django_recs.exceptions import EventRefused
from django_recs.tracking.events import (
    NewEvent,
    as_integer,
    as_number,
    as_price,
    as_text,
    browser_event_id,
    derived_event_id,
    server_event_id,
)

MakeEvent = Callable[..., NewEvent]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "veiw_item"}, "unknown_type"),
        ({"item_id": ""}, "missing_item"),
        ({"type": "refund", "item_id": ""}, "missing_item"),
        ({"type": "rate"}, "missing_rating"),
        ({"item_id": "x" * 65}, "too_long"),
        ({"customer_id": "x" * 65}, "too_long"),
        ({"visitor_id": "x" * 33}, "too_long"),
        ({"order_id": "x" * 65}, "too_long"),
        ({"currency": "EURO"}, "too_long"),
        ({"country": "GBR"}, "too_long"),
        ({"item_id": "a\0b"}, "bad_text"),
        ({"item_id": "\ud800"}, "bad_text"),
        ({"order_id": "7\udfff"}, "bad_text"),
        ({"quantity": 0}, "out_of_range"),
        ({"quantity": -1}, "out_of_range"),
        ({"quantity": 1_000_001}, "out_of_range"),
        ({"price": Decimal("-0.01")}, "out_of_range"),
        ({"price": Decimal("1e10")}, "out_of_range"),
        ({"price": Decimal("NaN")}, "bad_number"),
        ({"price": Decimal("Infinity")}, "bad_number"),
        ({"rating": float("nan"), "type": "rate"}, "bad_number"),
        ({"rating": float("inf"), "type": "rate"}, "bad_number"),
        ({"rating": 101.0, "type": "rate"}, "out_of_range"),
        ({"slot": -1}, "out_of_range"),
        ({"slot": 32_768}, "out_of_range"),
        ({"model_version_id": 2**63}, "out_of_range"),
        ({"occurred_at": datetime(2026, 3, 1)}, "bad_time"),  # noqa: DTZ001 that is the point
        ({"received_at": datetime(2026, 3, 1)}, "bad_time"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_stored_is_refused(new_event: MakeEvent, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        new_event(**fields)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "fields",
    [
        {"item_id": "x" * 64},
        {"item_id": "😀 שלום \u202e"},
        {"type": "search", "item_id": ""},
        {"type": "begin_checkout", "item_id": ""},
        {"type": "refund", "item_id": "", "order_id": "7"},
        {"quantity": 1_000_000, "price": Decimal("9999999999.99"), "slot": 32_767},
        {"type": "rate", "rating": 0.0},
    ],
)
def test_what_can_be_stored_is_not_refused(new_event: MakeEvent, fields: dict[str, Any]) -> None:
    event = new_event(**fields)

    assert {name: getattr(event, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("value", "code"),
    [([1], "too_deep"), ({"a": 1}, "too_deep"), (True, "bad_text"), (1.5, "bad_text")],
)
def test_an_id_is_text_or_a_whole_number(value: object, code: str) -> None:
    assert [as_text("item_id", given) for given in (None, "a", 7)] == ["", "a", "7"]
    with pytest.raises(EventRefused) as refused:
        as_text("item_id", value)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("two", "bad_number"),
        (True, "bad_number"),
        (float("nan"), "bad_number"),
        ("1e400", "bad_number"),
        (10**400, "bad_number"),
        (None, "bad_number"),
        ([1], "too_deep"),
    ],
)
def test_a_number_is_finite(value: object, code: str) -> None:
    assert [as_number("rating", given) for given in (1, 1.5, "2")] == [1.0, 1.5, 2.0]
    with pytest.raises(EventRefused) as refused:
        as_number("rating", value)
    assert refused.value.code == code


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert [as_integer("quantity", given) for given in (3, 3.0, "3.0")] == [3, 3, 3]
    with pytest.raises(EventRefused, match="bad_number: quantity is 1.5"):
        as_integer("quantity", 1.5)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("free", "bad_number"),
        (float("nan"), "bad_number"),
        (float("inf"), "bad_number"),
        (True, "bad_number"),
        ({}, "too_deep"),
        ("1e99999", "out_of_range"),
        (-1, "out_of_range"),
    ],
)
def test_a_price_is_kept_in_cents(value: object, code: str) -> None:
    assert [as_price(given) for given in (1, 0.1, "2.345", Decimal("7"))] == [
        Decimal("1.00"),
        Decimal("0.10"),
        Decimal("2.34"),
        Decimal("7.00"),
    ]
    with pytest.raises(EventRefused) as refused:
        as_price(value)
    assert refused.value.code == code


def test_a_browser_cannot_take_the_id_of_an_order_line() -> None:
    order_line = derived_event_id(("purchase", "1001", "a", "0"))
    random = uuid.uuid4()

    assert browser_event_id(str(random)) == random
    assert browser_event_id(str(order_line)) != order_line
    assert browser_event_id("purchase\x1f1001\x1fa\x1f0") != order_line


def test_event_ids_of_the_shop() -> None:
    random = uuid.uuid4()

    assert server_event_id(random) == random
    assert server_event_id(str(random)) == random
    assert server_event_id("order 7") == server_event_id("order 7") != server_event_id("order 8")
    assert server_event_id(None) != server_event_id(None)
    assert derived_event_id(("a", "\ud800")) == derived_event_id(("a", "\ud800"))
