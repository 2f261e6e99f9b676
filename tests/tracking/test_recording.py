"""What the shop's own code records: with consent, inside its transaction, and never in its way."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from django_recs.catalog import registry
from django_recs.models import Event, Purpose, RefusedEvent
from django_recs.tracking import OrderLine, make_token, store_events, track, track_order
from tests.shop.models import Customer, Product

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def request(consent: str = "personalisation", user: Any = None, agent: str = FIREFOX, **headers: str) -> HttpRequest:
    made = RequestFactory().get("/", headers={"User-Agent": agent, **headers})
    made.COOKIES["recs_consent"] = consent
    made.COOKIES["recs_visitor"] = signing.TimestampSigner(salt="django_recs.visitor").sign("f00d")
    made.user = user or AnonymousUser()
    return made


def people() -> list[tuple[str, str, str, int]]:
    return list(Event.objects.order_by("pk").values_list("type", "customer_id", "visitor_id", "purposes"))


@pytest.fixture
def ann() -> Customer:
    return Customer.objects.create_user("ann", password="secret")


def test_track_stores_what_it_was_told(ann: Customer) -> None:
    product = Product.objects.create(title="Lamp")
    list_id, event_id = uuid.uuid4(), uuid.uuid4()

    event = track(
        "add_to_cart",
        request=request(user=ann),
        item=product,
        quantity=2,
        price="3.50",
        currency="eur",
        event_id=event_id,
        token=make_token(list_id, "similar", 4, "model"),
        slot=1,
    )

    assert event is not None
    row = Event.objects.values().get()
    received_at = row["received_at"]
    assert timezone.now() - received_at < timedelta(minutes=1)
    assert row == {
        "id": event.pk,
        "event_id": event_id,
        "type": "add_to_cart",
        "item_id": str(product.pk),
        "customer_id": str(ann.pk),
        "visitor_id": "f00d",
        "occurred_at": received_at,
        "received_at": received_at,
        "purposes": 1,
        "is_bot": False,
        "source": "server",
        "quantity": 2,
        "price": Decimal("3.50"),
        "currency": "EUR",
        "order_id": "",
        "rating": None,
        "list_id": list_id,
        "placement": "similar",
        "slot": 1,
        "model_version_id": 4,
        "rung": "model",
        "device": "desktop",
        "country": "",
    }


@pytest.mark.parametrize(
    ("consent", "gpc", "stored"),
    [
        ("none", "0", [("purchase", "", "", 0), ("refund", "", "", 0)]),
        ("personalisation", "1", [("purchase", "", "", 0), ("refund", "", "", 0)]),
        (
            "marketing",
            "0",
            [("view_item", "7", "", 4), ("purchase", "7", "", 4), ("refund", "7", "", 4)],
        ),
        (
            "analytics",
            "0",
            [("view_item", "7", "f00d", 2), ("purchase", "7", "f00d", 2), ("refund", "7", "f00d", 2)],
        ),
        (
            "personalisation.analytics",
            "0",
            [("view_item", "7", "f00d", 3), ("purchase", "7", "f00d", 3), ("refund", "7", "f00d", 3)],
        ),
    ],
)
def test_consent_decides_what_is_stored_of_whom(
    consent: str, gpc: str, stored: list[tuple[str, str, str, int]]
) -> None:
    for event_type in ("view_item", "purchase", "refund"):
        made = request(consent, **{"Sec-GPC": gpc})
        track(event_type, request=made, customer=7, item="a", order_id="1001")

    assert people() == stored


def test_without_a_request_consent_must_be_said(ann: Customer) -> None:
    assert track("view_item", customer=ann, item="a") is None
    track("purchase", customer=ann, item="a", order_id="1")
    track("purchase", customer=ann, item="b", order_id="1", purposes=Purpose.PERSONALISATION)
    track("view_item", visitor_id="f00d", item="a", purposes=Purpose.ANALYTICS)

    assert people() == [
        ("purchase", "", "", 0),
        ("purchase", str(ann.pk), "", 1),
        ("view_item", "", "f00d", 2),
    ]


def test_a_refund_finds_the_person_who_bought(ann: Customer) -> None:
    track_order(request=request(user=ann), order_id="1001", lines=[OrderLine(item="a", quantity=3)])

    track("refund", order_id="1001", item="a", quantity=1)
    track("refund", order_id="other", item="a")

    assert people() == [
        ("purchase", str(ann.pk), "f00d", 1),
        ("refund", str(ann.pk), "f00d", 1),
        ("refund", "", "", 0),
    ]


def test_a_refund_of_a_whole_order_finds_the_person_who_bought(ann: Customer, new_event: Any) -> None:
    track_order(request=request(user=ann), order_id="1001", lines=[OrderLine(item="a"), OrderLine(item="a")])
    store_events([new_event(type="purchase", order_id="77", customer_id="7", purposes=3, source="import")])

    track("refund", order_id="1001")
    track("refund", order_id="1001", item="another spelling of a")
    track("refund", order_id=77, item="a")
    track("refund", item="a")

    assert people()[3:] == [
        ("refund", str(ann.pk), "f00d", 1),
        ("refund", str(ann.pk), "f00d", 1),
        ("refund", "7", "", 3),
        ("refund", "", "", 0),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_looked_up_is_recorded_without_it(ann: Customer, caplog: pytest.LogCaptureFixture) -> None:
    """The failing statement really reaches the database, so that PostgreSQL would refuse all that follows it."""

    def fail(execute: Any, sql: str, *arguments: Any) -> Any:
        is_lookup = sql.lstrip("( ").startswith("SELECT") and "django_recs_event" in sql
        return execute("SELECT * FROM no_such_table", (), *arguments[1:]) if is_lookup else execute(sql, *arguments)

    with transaction.atomic(), connection.execute_wrapper(fail):
        Product.objects.create(title="stands for the order")
        order = track_order(request=request(user=ann), order_id="1001", lines=[OrderLine(item="a")])
        refund = track("refund", order_id="1001", item="a")
        track("refund", order_id="1001\ud800", item="a")

    assert (Product.objects.count(), len(order), refund is not None) == (1, 1, True)
    assert people() == [("purchase", str(ann.pk), "f00d", 1), ("refund", "", "", 0), ("refund", "", "", 0)]
    assert "The lists that an order came from could not be read." in caplog.text
    assert "The buyer of what is refunded could not be read." in caplog.text


def test_an_order_is_recorded_once_a_line() -> None:
    lines = [
        OrderLine(item="a", quantity=2, price=Decimal("3.50")),
        OrderLine(item="b"),
        OrderLine(item="a", price="3.00"),
    ]

    first = track_order(request=request(), order_id=1001, lines=lines, currency="EUR")
    again = track_order(request=request(), order_id=1001, lines=lines, currency="EUR")

    assert (len(first), again) == (3, [])
    rows = Event.objects.order_by("item_id", "quantity").values_list("item_id", "quantity", "price", "order_id")
    assert list(rows) == [("a", 1, Decimal("3.00"), "1001"), ("a", 2, Decimal("3.50"), "1001"), ("b", 1, None, "1001")]


def test_an_order_without_consent_keeps_neither_number_nor_device() -> None:
    track_order(request=request("none"), order_id="1001", lines=[OrderLine(item="a"), OrderLine(item="b")])
    again = track_order(request=request("none"), order_id="1001", lines=[OrderLine(item="a")])
    track("refund", order_id="1001", item="a")
    assert track("refund", order_id="1001") is None

    rows = Event.objects.order_by("type", "item_id").values_list("type", "item_id", "order_id", "device", "purposes")
    assert list(rows) == [("purchase", "a", "", "", 0), ("purchase", "b", "", "", 0), ("refund", "a", "", "", 0)]
    assert again == []
    assert not RefusedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_rolled_back_leaves_no_event() -> None:
    with pytest.raises(RuntimeError, match="no stock"), transaction.atomic():
        assert len(track_order(request=request(), order_id="1001", lines=[OrderLine(item="a")])) == 1
        raise RuntimeError("no stock")

    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_order_is_kept_when_its_events_cannot_be_stored(caplog: pytest.LogCaptureFixture) -> None:
    def fail(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT") and "django_recs_event" in sql:
            raise OperationalError("table is gone")
        return execute(sql, *arguments)

    with transaction.atomic(), connection.execute_wrapper(fail):
        Product.objects.create(title="stands for the order")
        assert track_order(request=request(), order_id="1001", lines=[OrderLine(item="a")]) == []

    assert (Product.objects.count(), Event.objects.count()) == (1, 0)
    assert "Events of the shop could not be stored: purchase" in caplog.text


def test_a_bad_line_is_kept_apart_and_its_neighbours_are_stored(caplog: pytest.LogCaptureFixture) -> None:
    lines = [OrderLine(item="a"), OrderLine(item="b", quantity=0), OrderLine(item="c")]

    stored = track_order(request=request(), order_id="1001", lines=lines)

    assert sorted(event.item_id for event in stored) == ["a", "c"]
    assert RefusedEvent.objects.values_list("code", "source").get() == ("out_of_range", "server")
    assert "An event of the shop was refused: out_of_range: quantity is 0" in caplog.text


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"event_type": "veiw_item", "item": "a"}, "unknown_type"),
        ({"event_type": "view_item"}, "missing_item"),
        ({"event_type": "view_item", "item": "a\0"}, "bad_text"),
        ({"event_type": "rate", "item": "a", "rating": float("nan")}, "bad_number"),
        ({"event_type": "view_item", "item": "a", "price": "free"}, "bad_number"),
        ({"event_type": "view_item", "item": "a", "order_id": "\ud800"}, "bad_text"),
        ({"event_type": "view_item", "item": "a", "slot": "first"}, "bad_number"),
        ({"event_type": "view_item", "item": "a", "quantity": None}, "bad_number"),
    ],
)
def test_the_shop_is_told_in_its_log_and_not_by_an_error(
    event: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert track(request=request(), **event) is None

    assert not Event.objects.exists()
    assert RefusedEvent.objects.values_list("code", flat=True).get() == code
    assert code in caplog.text


def test_a_known_event_id_is_recorded_once() -> None:
    assert track("view_item", request=request(), item="a", event_id="click 7") is not None
    assert track("view_item", request=request(), item="a", event_id="click 7") is None

    assert Event.objects.count() == 1


def test_a_robot_is_marked() -> None:
    track("view_item", request=request(agent="Googlebot/2.1"), item="a")

    assert Event.objects.get().is_bot


def test_times_of_the_shop_are_kept_unless_they_lie_ahead() -> None:
    last_year = datetime(2025, 1, 1, tzinfo=UTC)
    track("view_item", request=request(), item="a", occurred_at=last_year)
    track("view_item", request=request(), item="b", occurred_at=timezone.now() + timedelta(days=1))

    old, ahead = Event.objects.order_by("item_id")
    assert old.occurred_at == last_year
    assert ahead.occurred_at == ahead.received_at


def test_an_order_is_attributed_to_the_list_its_item_was_chosen_from(
    ann: Customer, django_assert_num_queries: Any
) -> None:
    older, newer, stale = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    now = timezone.now()
    chosen: list[tuple[str, str, uuid.UUID, datetime]] = [
        ("select_item", "a", older, now - timedelta(days=3)),
        ("add_to_cart", "a", newer, now - timedelta(days=2)),
        ("view_item_list", "a", uuid.uuid4(), now - timedelta(days=1)),
        ("select_item", "b", stale, now - timedelta(days=31)),
    ]
    for event_type, item, list_id, occurred_at in chosen:
        token = make_token(list_id, "for_you", 5, "model")
        track(event_type, request=request(user=ann), item=item, token=token, slot=2, occurred_at=occurred_at)
    told = uuid.uuid4()
    lines = [OrderLine(item="a"), OrderLine(item="b"), OrderLine(item="c", token=make_token(told, "cart", 6, "counts"))]

    events = track_order(request=request(user=ann), order_id="1001", lines=lines)

    assert {
        event.item_id: (event.list_id, event.placement, event.slot, event.model_version_id) for event in events
    } == {
        "a": (newer, "for_you", 2, 5),
        "b": (None, "", None, None),
        "c": (told, "cart", None, 6),
    }


@pytest.mark.parametrize(
    ("consent", "is_attributed"),
    [("none", False), ("marketing", False), ("analytics", True), ("personalisation.analytics", True)],
)
def test_attribution_needs_consent(consent: str, is_attributed: bool) -> None:
    click = request("personalisation.analytics")
    track("select_item", request=click, item="a", token=make_token(uuid.uuid4(), "for_you", 5, "model"))

    events = track_order(request=request(consent), order_id="1001", lines=[OrderLine(item="a")])

    assert [bool(event.list_id) for event in events] == [is_attributed]


def test_a_product_without_a_catalogue_is_an_event_without_an_item(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registry, "_registered", [])

    assert track("view_item", request=request(), item=Product()) is None
    assert track_order(request=request(), order_id="1", lines=[OrderLine(item=Product()), OrderLine(item="a")])

    assert list(RefusedEvent.objects.values_list("code", flat=True)) == ["missing_item", "missing_item"]
    assert "No catalogue is registered" in caplog.text


def test_a_time_without_a_zone_is_the_shops() -> None:
    track("view_item", request=request(), item="a", occurred_at=datetime(2025, 1, 1))  # noqa: DTZ001

    assert Event.objects.get().occurred_at == datetime(2025, 1, 1, tzinfo=UTC)
