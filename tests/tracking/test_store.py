"""Once per event id, and a bad event never takes its neighbours with it."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_recs.models import Event, RefusedEvent
from django_recs.signals import events_recorded
from django_recs.tracking import NewEvent, store, store_events
from django_recs.tracking.bulk import store_many
from django_recs.tracking.store import FIELD_NAMES, refusal_body

pytestmark = pytest.mark.django_db
MakeEvent = Callable[..., NewEvent]


def poisoned(event: NewEvent, name: str, value: Any) -> NewEvent:
    """An event that validation let through although no database takes it."""
    object.__setattr__(event, name, value)
    return event


POISONS = [("item_id", "\ud800"), ("quantity", 2**70), ("occurred_at", None)]


def test_every_field_is_stored_as_it_was(new_event: MakeEvent) -> None:
    event = new_event(
        type="purchase",
        customer_id="c",
        visitor_id="v",
        purposes=3,
        is_bot=True,
        source="rest",
        quantity=2,
        price=Decimal("3.50"),
        currency="EUR",
        order_id="7",
        rating=4.5,
        list_id=uuid.uuid4(),
        placement="for_you",
        slot=0,
        model_version_id=9,
        rung="model",
        device="tablet",
        country="DE",
    )

    result = store_events([event])

    row = Event.objects.get()
    assert {name: getattr(row, name) for name in FIELD_NAMES} == {name: getattr(event, name) for name in FIELD_NAMES}
    assert [stored.pk for stored in result.events] == [row.pk]


@pytest.mark.parametrize("store", [store_events, store_many])
def test_both_roads_store_the_same(store: Callable[[list[NewEvent]], Any], new_event: MakeEvent) -> None:
    event = new_event(type="rate", rating=0.5, price=Decimal("1.25"), list_id=uuid.uuid4(), is_bot=True)

    store([event, new_event(type="search", item_id="")])

    row = Event.objects.get(event_id=event.event_id)
    assert {name: getattr(row, name) for name in FIELD_NAMES} == {name: getattr(event, name) for name in FIELD_NAMES}


@pytest.mark.parametrize("store", [store_events, store_many])
def test_a_known_event_id_is_counted_and_left_as_it_was(
    store: Callable[[list[NewEvent]], Any], new_event: MakeEvent
) -> None:
    first, second = new_event(), new_event()
    changed = new_event(event_id=first.event_id, item_id="b")

    once = store([first])
    again = store([changed, second, second])

    assert (once.stored, once.duplicate, once.refused) == (1, 0, 0)
    assert (again.stored, again.duplicate, again.refused) == (1, 2, 0)
    assert set(Event.objects.values_list("event_id", "item_id")) == {(first.event_id, "a"), (second.event_id, "a")}


@pytest.mark.parametrize("store", [store_events, store_many])
@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize(("name", "value"), POISONS)
def test_one_bad_event_among_a_hundred_is_kept_apart(
    store: Callable[[list[NewEvent]], Any], place: int, name: str, value: Any, new_event: MakeEvent
) -> None:
    events = [new_event(event_id=uuid.UUID(int=number)) for number in range(100)]
    poisoned(events[place], name, value)

    result = store(events)

    assert (result.stored, result.duplicate, result.refused) == (99, 0, 1)
    assert sorted(event_id.int for event_id in Event.objects.values_list("event_id", flat=True)) == [
        number for number in range(100) if number != place
    ]
    refused = RefusedEvent.objects.get()
    assert (refused.code, refused.source) == ("database_refused", "server")
    assert str(uuid.UUID(int=place)) in refused.body


def test_a_bad_event_costs_few_statements(new_event: MakeEvent) -> None:
    events = [new_event(event_id=uuid.UUID(int=number)) for number in range(40)]
    poisoned(events[17], "item_id", "\ud800")

    with CaptureQueriesContext(connection) as queries:
        store_events(events)

    sent = [str(query["sql"]) for query in queries.captured_queries]  # "None" for what the driver could not encode
    inserts = [sql for sql in sent if sql.startswith(('INSERT INTO "django_recs_event"', "None"))]
    assert len(inserts) <= 1 + 2 * 6  # the whole, and both halves of each of log2(40) levels


def test_nothing_to_store_asks_nothing_of_the_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        result = store_events([])

    assert (result.stored, result.duplicate, result.refused, result.events) == (0, 0, 0, ())


def test_more_events_than_one_statement_holds(new_event: MakeEvent) -> None:
    result = store_events([new_event() for _ in range(1_201)])

    assert (result.stored, Event.objects.count()) == (1_201, 1_201)


@pytest.mark.parametrize("store", [store_events, store_many])
def test_an_unavailable_database_is_the_callers_to_handle(
    store: Callable[[list[NewEvent]], Any], new_event: MakeEvent
) -> None:
    def fail(*arguments: object) -> None:
        raise OperationalError("gone away")

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        store([new_event()])

    assert not RefusedEvent.objects.exists()


@pytest.fixture
def announced() -> Iterator[list[list[Event]]]:
    batches: list[list[Event]] = []

    def remember(events: list[Event], **kwargs: Any) -> None:
        batches.append(events)

    events_recorded.connect(remember)
    yield batches
    events_recorded.disconnect(remember)


def test_the_shop_hears_of_new_events_after_the_commit(
    new_event: MakeEvent, announced: list[list[Event]], django_capture_on_commit_callbacks: Any
) -> None:
    known, new = new_event(), new_event(item_id="b")
    store_events([known])

    with django_capture_on_commit_callbacks(execute=True):
        store_events([known, new])
        assert announced == []

    assert [[event.item_id for event in batch] for batch in announced] == [["b"]]


def test_a_receiver_that_fails_is_logged(
    new_event: MakeEvent, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("broken receiver")

    events_recorded.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            store_events([new_event()])
    finally:
        events_recorded.disconnect(fail)

    assert "A receiver of events_recorded failed" in caplog.text


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        ({"item_id": "a\0\ud800é"}, '{"item_id": "a\\u0000\\ud800\\u00e9"}'),
        ("x" * 3_000, '"' + "x" * 1_999),
        ({1: object}, '{"1": "<class \'object\'>"}'),
    ],
)
def test_what_was_sent_is_kept_as_plain_text(raw: object, body: str) -> None:
    assert refusal_body(raw) == body


def test_what_was_sent_may_be_nested_beyond_words() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]

    assert refusal_body(nested) == "(nested too deeply to be written down)"


def test_old_refusals_are_deleted_by_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROWS_PER_STATEMENT", 2)
    monkeypatch.setattr(store, "_PURGED_BATCHES", 2)
    for days in (20, 19, 18, 17, 16, 1):
        received_at = timezone.now() - timedelta(days=days)
        RefusedEvent.objects.create(received_at=received_at, code=str(days), source="rest")

    assert store.purge_refused() == 4
    assert list(RefusedEvent.objects.order_by("received_at").values_list("code", flat=True)) == ["16", "1"]
    assert (store.purge_refused(), store.purge_refused()) == (1, 0)
