"""``POST v1/events/``: what browsers send, whatever it is."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import InterfaceError, OperationalError, connection
from django.test import Client, override_settings
from django.utils import timezone

from django_recs.models import Event, Purpose, RefusedEvent, Visitor
from django_recs.tracking import make_token
from tests.shop.models import Customer

pytestmark = pytest.mark.django_db
URL = "/recs/v1/events/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Send = Callable[..., Any]


def view_of(item: object, **more: Any) -> dict[str, Any]:
    return {"name": "view_item", "item_id": item, "event_id": str(uuid.uuid4()), **more}


@pytest.fixture
def send(client: Client) -> Send:
    """Posts a body, JSON unless it is bytes, from a browser that allows personalisation and analytics."""
    client.cookies["recs_consent"] = "personalisation.analytics"

    def post(body: Any, *, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(URL, data, content_type=content_type, headers={"User-Agent": FIREFOX, **headers})

    return post


def test_one_event_is_stored(send: Send) -> None:
    response = send(view_of("a"))

    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicate": 0, "rejected": []})
    row = Event.objects.get()
    assert (row.type, row.item_id, row.purposes, row.is_bot, row.source, row.device) == (
        "view_item",
        "a",
        3,
        False,
        "rest",
        "desktop",
    )
    cookie = response.cookies["recs_visitor"]
    assert row.visitor_id == signing.TimestampSigner(salt="django_recs.visitor").unsign(cookie.value)
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_a_beacon_is_text(send: Send) -> None:
    response = send({"events": [view_of("a"), view_of("b")]}, content_type="text/plain;charset=UTF-8")

    assert response.json() == {"accepted": 2, "duplicate": 0, "rejected": []}
    rows = set(Event.objects.values_list("item_id", "source"))
    assert rows == {("a", "beacon"), ("b", "beacon")}
    assert Event.objects.values("visitor_id").distinct().count() == 1


def test_the_same_batch_five_times_shuffled_is_stored_once(send: Send) -> None:
    events = [view_of(f"i{number}") for number in range(6)]

    answers = [send({"events": events[shift:] + events[:shift]}).json() for shift in range(5)]

    assert [(answer["accepted"], answer["duplicate"]) for answer in answers] == [(6, 0)] + [(0, 6)] * 4
    assert Event.objects.count() == 6


@pytest.mark.parametrize("place", [0, 25, 49])
@pytest.mark.parametrize(
    ("poison", "code"),
    [
        (b'{"name": "view_item", "event_id": "p", "item_id": "a\\u0000"}', "bad_text"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "\\ud800"}', "bad_text"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "\xff"}', "bad_text"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "%s"}' % (b"x" * 65), "too_long"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "quantity": NaN}', "bad_number"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "price": NaN}', "bad_number"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "price": 1e400}', "bad_number"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "rating": -Infinity}', "bad_number"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "quantity": 99999999999999999999}', "out_of_range"),
        (b'{"name": "view_item", "event_id": "p", "item_id": "a", "slot": -1}', "out_of_range"),
        (b'{"name": "view_item", "event_id": "p", "item_id": {"deep": [1]}}', "too_deep"),
        (b'{"name": "veiw_item", "event_id": "p", "item_id": "a"}', "unknown_type"),
        (b'{"name": "view_item", "event_id": "p"}', "missing_item"),
        (b'"p"', "not_an_object"),
    ],
)
def test_one_bad_event_among_fifty_is_refused_alone(send: Send, place: int, poison: bytes, code: str) -> None:
    events = [json.dumps(view_of(f"i{number}")).encode() for number in range(49)]
    events.insert(place, poison)

    response = send(b'{"events": [%s]}' % b", ".join(events))

    (rejected,) = response.json()["rejected"]
    assert (response.status_code, response.json()["accepted"]) == (202, 49)
    assert (rejected["index"], rejected["code"]) == (place, code)
    assert rejected["id"] == (None if code == "not_an_object" else "p")
    assert Event.objects.count() == 49
    assert RefusedEvent.objects.values_list("code", "source").get() == (code, "rest")


def test_nobody_can_add_orders(client: Client) -> None:
    client.cookies["recs_consent"] = "personalisation"
    forged = [view_of("a", name=name, transaction_id="1001") for name in ("purchase", "refund")]

    response = client.post(URL, json.dumps({"events": forged}), content_type="application/json")

    assert [rejected["code"] for rejected in response.json()["rejected"]] == ["server_only", "server_only"]
    assert not Event.objects.exists()


def test_a_refused_event_is_kept_for_inspection(send: Send) -> None:
    send({"events": [view_of("a\0<b>", event_id="1")]})

    refused = RefusedEvent.objects.get()
    assert refused.detail == "item_id contains a NUL character."
    assert json.loads(refused.body) == {"name": "view_item", "item_id": "a\0<b>", "event_id": "1"}


@pytest.mark.parametrize(
    ("consent", "headers", "accepted", "purposes"),
    [
        (None, {}, 0, None),
        ("none", {}, 0, None),
        ("personalisation", {"Sec-GPC": "1"}, 0, None),
        ("personalisation", {}, 1, Purpose.PERSONALISATION),
        ("analytics", {}, 1, Purpose.ANALYTICS),
        ("marketing", {}, 1, Purpose.MARKETING),
        ("personalisation.analytics.marketing", {}, 1, Purpose.ALL),
    ],
)
def test_consent_decides(
    client: Client, send: Send, consent: str | None, headers: dict[str, str], accepted: int, purposes: Purpose | None
) -> None:
    client.cookies.clear()
    if consent is not None:
        client.cookies["recs_consent"] = consent

    response = send({"events": [view_of("a"), view_of("a\0")][: 1 + (accepted == 0)]}, **headers)

    assert (response.status_code, response.json()) == (202, {"accepted": accepted, "duplicate": 0, "rejected": []})
    assert list(Event.objects.values_list("purposes", flat=True)) == ([] if purposes is None else [purposes])
    assert not RefusedEvent.objects.exists()
    assert ("recs_visitor" in response.cookies) is (consent not in (None, "none", "marketing") and accepted == 1)


def test_withdrawal_stops_and_forgets(client: Client, send: Send) -> None:
    send(view_of("a"))
    client.cookies["recs_consent"] = "none"

    response = send({"events": [view_of("b")]})

    assert response.json()["accepted"] == 0
    assert (response.cookies["recs_visitor"].value, response.cookies["recs_visitor"]["max-age"]) == ("", 0)
    assert Event.objects.count() == 1


def test_a_signed_in_customer_is_named_by_key(client: Client, send: Send) -> None:
    ann = Customer.objects.create_user("ann", password="secret")
    client.force_login(ann)

    send(view_of("a"))

    row = Event.objects.get()
    assert (row.customer_id, bool(row.visitor_id)) == (str(ann.pk), True)


def test_a_guest_keeps_the_id_and_is_merged_at_login(client: Client, send: Send) -> None:
    ann = Customer.objects.create_user("ann", password="secret")
    send(view_of("a"))
    assert "recs_visitor" not in send(view_of("b")).cookies
    (visitor_id,) = set(Event.objects.values_list("visitor_id", flat=True))

    # A real login with the browser's cookies: the test client's own login() sends none.
    client.post("/admin/login/", {"username": "ann", "password": "secret"})
    assert not Visitor.objects.exists()  # no member of staff, so the admin refused
    Customer.objects.update(is_staff=True)
    client.post("/admin/login/", {"username": "ann", "password": "secret"})

    assert Visitor.objects.values_list("visitor_id", "customer_id").get() == (visitor_id, str(ann.pk))


def test_the_token_alone_says_which_list_it_was(send: Send) -> None:
    list_id = uuid.uuid4()
    forged = {"list_id": str(uuid.uuid4()), "placement": "mine", "model_version_id": 1, "rung": "mine"}

    send({"events": [view_of("a", **forged, slot=2, token=make_token(list_id, "similar", 9, "model"))]})
    send({"events": [view_of("b", **forged, slot=3, token="forged")]})

    rows = Event.objects.order_by("item_id").values_list("list_id", "placement", "model_version_id", "rung", "slot")
    assert list(rows) == [(list_id, "similar", 9, "model", 2), (None, "", None, "", 3)]


@pytest.mark.parametrize("skew_days", [-3_650, 0, 3_650])
def test_the_clock_of_the_browser_is_corrected(send: Send, skew_days: int) -> None:
    clock = timezone.now() + timedelta(days=skew_days)
    created = (clock - timedelta(hours=1)).isoformat()

    send({"sent_at": clock.isoformat(), "events": [view_of("a", created_at=created), view_of("b")]})

    old, new = Event.objects.order_by("item_id")
    assert old.received_at - old.occurred_at == timedelta(hours=1)
    assert new.occurred_at == new.received_at


def test_a_batch_without_a_readable_clock_counts_as_now(send: Send) -> None:
    send({"sent_at": "yesterday", "events": [view_of("a", created_at=0)]})

    row = Event.objects.get()
    assert row.occurred_at == row.received_at


def test_robots_are_marked(send: Send) -> None:
    send(view_of("a"), **{"User-Agent": "Googlebot/2.1"})
    send(view_of("b"), **{"Sec-Purpose": "prefetch;prerender"})

    assert list(Event.objects.values_list("is_bot", flat=True)) == [True, True]


@pytest.mark.parametrize(
    "body",
    [b" ", b"{", b"[]", b"7", b'"text"', b'{"events": {}}', b'{"events": null}', b"[" * 60_000, b"\xff\xfe", b"null"],
)
def test_what_is_no_request_of_events_is_malformed(send: Send, body: bytes) -> None:
    response = send(body)

    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert not Event.objects.exists()


def test_a_large_body_is_refused_unread(send: Send) -> None:
    largest = json.dumps(view_of("a", padding="")).encode()
    fits = largest.replace(b'"padding": ""', b'"padding": "%s"' % (b"x" * (65_536 - len(largest))))

    assert (len(fits), send(fits).status_code) == (65_536, 202)
    response = send(fits + b" ")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert send(b"x" * 10_000_000).status_code == 413


@override_settings(DJANGO_RECS={"EVENT_BATCH_LIMIT": 2})
def test_a_long_batch_is_refused_whole(send: Send) -> None:
    assert send({"events": [view_of("a")] * 2}).json()["accepted"] == 1
    response = send({"events": [view_of("b")] * 3})

    assert (response.status_code, response.json()["code"]) == (413, "too_many")
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [("application/x-www-form-urlencoded", {}), ("", {}), ("application/json", {"Content-Encoding": "gzip"})],
)
def test_other_types_are_refused(send: Send, content_type: str, headers: dict[str, str]) -> None:
    response = send(view_of("a"), content_type=content_type, **headers)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_type")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Origin": "http://testserver"}, 202),
        ({"Origin": "https://testserver"}, 202),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
    ],
)
def test_other_sites_are_kept_out(headers: dict[str, str], status: int) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["recs_consent"] = "personalisation"

    response = client.post(URL, json.dumps(view_of("a")), content_type="text/plain", headers=headers)

    assert response.status_code == status
    assert Event.objects.count() == (1 if status == 202 else 0)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post(client: Client, method: str) -> None:
    assert getattr(client, method)(URL).status_code == 405


@pytest.mark.parametrize("error", [OperationalError("locked"), InterfaceError("closed")])
def test_database_trouble_asks_for_the_same_events_later(send: Send, error: Exception) -> None:
    def fail(*arguments: object) -> None:
        raise error

    body = {"events": [view_of("a"), view_of("b")]}
    with connection.execute_wrapper(fail):
        refused = send(body)
    stored = send(body)

    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert stored.json() == {"accepted": 2, "duplicate": 0, "rejected": []}


def test_nothing_to_store_writes_nothing(send: Send, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = send({"events": []})

    assert response.json() == {"accepted": 0, "duplicate": 0, "rejected": []}
    assert "recs_visitor" in response.cookies


def test_a_batch_costs_a_handful_of_statements(send: Send, django_assert_num_queries: Any) -> None:
    """Two inserts, because of SQLite's limit of parameters, and a savepoint around them."""
    events = [view_of(f"i{number}") for number in range(50)]

    with django_assert_num_queries(4 if connection.vendor == "sqlite" else 3):
        send({"events": events})
