"""From what a browser sent to an event, or to one refusal with a code."""

import json
import math
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_recs.exceptions import EventRefused
from django_recs.tracking import NewEvent, make_token
from django_recs.tracking.bodies import Sender, event_from_body, parse_json, sent_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENDER = Sender(
    customer_id="7",
    visitor_id="f00d",
    purposes=3,
    is_bot=False,
    device="mobile",
    country="AT",
    source="beacon",
    received_at=NOON,
)


def read(**body: Any) -> NewEvent:
    return event_from_body(body, sender=SENDER, sent_at=None)


def test_every_key_fills_its_column() -> None:
    list_id, event_id = uuid.uuid4(), uuid.uuid4()

    event = read(
        name="add_to_cart",
        event_id=str(event_id),
        item_id=42,
        quantity=2,
        price=3.5,
        currency="eur",
        transaction_id="T1",
        rating=4,
        slot="0",
        token=make_token(list_id, "similar", 9, "model"),
        created_at=1_000_000,
        sent_at=1_060_000,
    )

    assert event == NewEvent(
        event_id=event_id,
        type="add_to_cart",
        item_id="42",
        customer_id="7",
        visitor_id="f00d",
        purposes=3,
        is_bot=False,
        source="beacon",
        device="mobile",
        country="AT",
        quantity=2,
        price=Decimal("3.50"),
        currency="EUR",
        order_id="T1",
        rating=4.0,
        slot=0,
        list_id=list_id,
        placement="similar",
        model_version_id=9,
        rung="model",
        occurred_at=NOON - timedelta(seconds=60),
        received_at=NOON,
    )


def test_a_client_cannot_say_who_it_is_nor_where_a_list_came_from() -> None:
    event = read(
        name="view_item",
        event_id="1",
        item_id="a",
        customer_id="somebody else",
        visitor_id="somebody else",
        purposes=7,
        is_bot=True,
        source="import",
        country="DE",
        list_id=str(uuid.uuid4()),
        placement="for_you",
        model_version_id=1,
        rung="model",
    )

    assert (event.customer_id, event.visitor_id, event.purposes, event.is_bot) == ("7", "f00d", 3, False)
    assert (event.source, event.country) == ("beacon", "AT")
    assert (event.list_id, event.placement, event.model_version_id, event.rung) == (None, "", None, "")


@pytest.mark.parametrize(
    "token",
    ["forged", "", None, "W10:1w:x", make_token(uuid.uuid4(), "p", 1, "r")[:-1] + "!"],
    ids=["forged", "empty", "none", "another key", "one character changed"],
)
def test_a_forged_token_attributes_nothing(token: str | None) -> None:
    event = read(name="select_item", event_id="1", item_id="a", slot=3, token=token)

    assert (event.list_id, event.placement, event.model_version_id, event.rung) == (None, "", None, "")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("text", "not_an_object"),
        ([], "not_an_object"),
        (None, "not_an_object"),
        ({}, "missing_event_id"),
        ({"event_id": "1", "item_id": "a"}, "unknown_type"),
        ({"event_id": "1", "item_id": "a", "name": "buy"}, "unknown_type"),
        ({"event_id": "1", "item_id": "a", "name": ["view_item"]}, "too_deep"),
        ({"event_id": "1", "item_id": "a", "name": 1.5}, "bad_text"),
        ({"event_id": "1", "item_id": "a", "name": "refund"}, "server_only"),
        ({"event_id": "1", "item_id": "a", "name": "purchase"}, "server_only"),
        ({"item_id": "a", "name": "view_item"}, "missing_event_id"),
        ({"event_id": "x" * 129, "item_id": "a", "name": "view_item"}, "too_long"),
        ({"event_id": "\ud800", "item_id": "a", "name": "view_item"}, "bad_text"),
        ({"event_id": "1", "name": "view_item"}, "missing_item"),
        ({"event_id": "1", "name": "view_item", "item_id": {"id": "a"}}, "too_deep"),
        ({"event_id": "1", "name": "view_item", "item_id": "a\0"}, "bad_text"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "quantity": math.nan}, "bad_number"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "quantity": 1.5}, "bad_number"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "quantity": 10**9}, "out_of_range"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "price": "free"}, "bad_number"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "price": -1}, "out_of_range"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "currency": "€"}, "bad_currency"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "currency": "EURO"}, "bad_currency"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "slot": 40_000}, "out_of_range"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "created_at": "noon"}, "bad_time"),
        ({"event_id": "1", "name": "rate", "item_id": "a"}, "missing_rating"),
        ({"event_id": "1", "name": "rate", "item_id": "a", "rating": 101}, "out_of_range"),
        ({"event_id": "1", "name": "view_item", "item_id": "a", "transaction_id": "x" * 65}, "too_long"),
    ],
)
def test_each_fault_has_its_code(raw: object, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        event_from_body(raw, sender=SENDER, sent_at=None)

    assert refused.value.code == code


def test_broken_characters_and_numbers_stay_in_their_event() -> None:
    body = b'[{"a": "\xff"}, {"a": NaN}, {"a": 1e400}, {"a": %s}, {"a": "\\ud800"}]' % (b"9" * 5_000)

    broken, nan, huge, long, surrogate = (event["a"] for event in parse_json(body))

    assert (broken, surrogate) == ("\udcff", "\ud800")
    assert math.isnan(nan)
    assert (huge, long) == (math.inf, math.inf)


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b"[" * 100_000, b'{"a": 1}{'])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


def test_the_answer_names_an_event_by_what_it_was_sent_as() -> None:
    assert [sent_id(raw) for raw in ({"event_id": "e1"}, {"event_id": 1}, {}, [], {"event_id": "x" * 200})] == [
        "e1",
        None,
        None,
        None,
        "x" * 128,
    ]


ODD_TEXT = st.sampled_from(
    ["", " ", "a", "\0", "\ud800", "٣", "1e400", "NaN", "-0", "0x1", "1_0", "😀", "x" * 200, "2026-01-01", "9" * 5_000]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
    max_leaves=5,
)
KEYS = ("event_id", "item_id", "quantity", "price", "currency", "transaction_id", "rating", "slot", "token")


@given(st.dictionaries(st.sampled_from((*KEYS, "created_at", "sent_at")), ANY_JSON))
def test_whatever_is_sent_is_an_event_or_a_refusal(body: dict[str, Any]) -> None:
    sent = parse_json(json.dumps({"event_id": "1", "name": "view_item", "item_id": "a", **body}).encode())

    try:
        event = event_from_body(sent, sender=SENDER, sent_at=None)
    except EventRefused as refused:
        assert refused.code
    else:
        assert NOON - timedelta(days=7) <= event.occurred_at <= NOON
