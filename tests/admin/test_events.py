"""The event browser: who may look, what is shown, and that it stays quick and safe."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_recs.admin import events
from django_recs.models import Event, RefusedEvent
from tests.admin.conftest import Record, SignIn
from tests.shop.models import Product

LIST = "/admin/django_recs/event/"
REFUSED = "/admin/django_recs/refusedevent/"
HOSTILE = '"><script>alert(1)</script>'


def rows_of(response: object) -> list[Event]:
    return list(response.context["cl"].result_list)  # type: ignore[attr-defined]


def test_without_events_the_page_says_what_to_do_next(sign_in: SignIn) -> None:
    page = sign_in("view_event").get(LIST).content.decode()

    assert "No events yet." in page
    assert "{% load recs %}{% recs_script %}" in page
    assert "recs_import" in page


def test_staff_without_the_permission_see_nothing(sign_in: SignIn, record: Record) -> None:
    event = record()
    client = sign_in("view_placement")

    assert [client.get(url).status_code for url in (LIST, f"{LIST}{event.pk}/change/", REFUSED)] == [403, 403, 403]


@pytest.mark.django_db
def test_nobody_changes_an_event_not_even_a_superuser(admin_client: object, record: Record) -> None:
    event = record(item_id="a")
    urls = [f"{LIST}add/", f"{LIST}{event.pk}/change/", f"{LIST}{event.pk}/delete/"]

    statuses = [admin_client.post(url, {"item_id": "b", "post": "yes"}).status_code for url in urls]  # type: ignore[attr-defined]

    assert statuses == [403, 403, 403]
    assert Event.objects.get().item_id == "a"


def test_a_row_names_its_item_its_visitor_and_what_happened(sign_in: SignIn, record: Record) -> None:
    lamp = Product.objects.create(title="Desk lamp", is_published=False)
    record(item_id=str(lamp.pk), type="add_to_cart", customer_id="7", order_id="R-1", is_bot=True, purposes=0)

    page = sign_in("view_event").get(LIST).content.decode()

    for words in ("Desk lamp", "Put into the cart", 'title="7"', 'title="R-1"', ">bot<", ">no consent<"):
        assert words in page


def test_the_panel_tells_how_tracking_fares(sign_in: SignIn, record: Record) -> None:
    lamp = Product.objects.create(title="Desk lamp")
    for place in range(4):
        record(item_id=str(lamp.pk), is_bot=place == 0, purposes=0 if place < 2 else 7)
    record(item_id="GONE", received_at=timezone.now() - timedelta(days=2))
    RefusedEvent.objects.create(received_at=timezone.now(), source="rest", code="bad_time", detail="", body="")

    panel = sign_in("view_event").get(LIST).context["health"]

    assert [(figure.label, figure.value, figure.is_alarming) for figure in panel.figures] == [
        ("Last event", "2 d 0 h ago", True),
        ("Events in 30 days", "5", False),
        ("May be learned from", "60 %", False),
        ("From bots", "20 %", False),
        ("Items in the catalogue", "80 %", True),
        ("Refused", "1", False),
    ]
    assert panel.figures[4].note == "Not in the catalogue, for example: GONE"
    assert [(row.type, row.total, row.bars[-1].height) for row in panel.chart.rows] == [("view_item", 5, 100.0)]
    assert [(refusal.code, refusal.label, refusal.count) for refusal in panel.refusals] == [
        ("bad_time", "Bad time", "1")
    ]


def test_the_first_event_shows_at_once_and_later_counts_rest_for_a_while(sign_in: SignIn, record: Record) -> None:
    client = sign_in("view_event")
    client.get(LIST)
    record()
    first = client.get(LIST).context["health"].figures[1].value
    record()

    assert (first, client.get(LIST).context["health"].figures[1].value) == ("1", "1")
    cache.clear()
    assert client.get(LIST).context["health"].figures[1].value == "2"


@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("type=purchase", ["bought"]),
        ("source=import", ["imported"]),
        ("is_bot__exact=1", ["crawled"]),
        ("consent=none", ["private"]),
        ("consent=personalisation", ["old", "crawled", "imported", "bought"]),
        ("day=1", ["private", "crawled", "imported", "bought"]),
        ("day=2026-01-05", ["old"]),
        ("day=2026-99-99", ["old", "private", "crawled", "imported", "bought"]),
        ("type=nonsense", ["old", "private", "crawled", "imported", "bought"]),
        ("q=bought", ["bought"]),
        ("q=BOUGHT", []),
        ("q=R-7", ["bought"]),
    ],
)
def test_filters_and_search(sign_in: SignIn, record: Record, query: str, items: list[str]) -> None:
    record(item_id="bought", type="purchase", order_id="R-7")
    record(item_id="imported", source="import")
    record(item_id="crawled", is_bot=True)
    record(item_id="private", purposes=0)
    record(item_id="old", occurred_at=timezone.datetime(2026, 1, 5, 12, tzinfo=timezone.get_default_timezone()))

    response = sign_in("view_event").get(f"{LIST}?{query}")

    assert [row.item_id for row in rows_of(response)] == items


@pytest.mark.parametrize("identifier", ["84029E", "with space", 'quote " and \\', HOSTILE])
def test_an_id_leads_to_all_events_with_it(sign_in: SignIn, record: Record, identifier: str) -> None:
    record(item_id=identifier)
    record(item_id="other")
    client = sign_in("view_event")
    link = events._link_to(identifier)
    url = link.split('href="')[1].split('"')[0].replace("&amp;", "&")

    assert [row.item_id for row in rows_of(client.get(url))] == [identifier]


def test_hostile_ids_and_titles_are_shown_as_text(sign_in: SignIn, record: Record) -> None:
    product = Product.objects.create(title=HOSTILE)
    record(item_id=str(product.pk), order_id=HOSTILE)
    event = record(item_id=HOSTILE, customer_id=HOSTILE, placement=HOSTILE)
    refused = RefusedEvent.objects.create(
        received_at=timezone.now(), source="rest", code=HOSTILE, detail=HOSTILE, body=HOSTILE
    )
    client = sign_in("view_event", "view_refusedevent")

    for url in (LIST, f"{LIST}{event.pk}/change/", REFUSED, f"{REFUSED}{refused.pk}/change/"):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_queries_do_not_grow_with_the_rows(sign_in: SignIn, record: Record) -> None:
    client = sign_in("view_event")
    product = Product.objects.create(title="Lamp")
    counts = []
    for _ in range(2):
        for _ in range(10):
            record(item_id=str(product.pk))
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 45


def test_paging_ends_at_the_limit_and_nothing_counts_the_table(
    sign_in: SignIn, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LISTED_EVENT_LIMIT", 3)
    for _ in range(5):
        record()
    client = sign_in("view_event")
    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    assert response.context["cl"].result_count == 3
    assert "These are the newest 3." in response.content.decode()
    counting = [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and "django_recs_event" in query["sql"]]
    assert all("LIMIT 3" in sql for sql in counting), counting


def test_a_filtered_page_leaves_the_figures_out(sign_in: SignIn, record: Record) -> None:
    record()

    assert sign_in("view_event").get(f"{LIST}?type=purchase").context["health"] is None


def test_an_event_shows_only_what_it_has(sign_in: SignIn, record: Record) -> None:
    event = record(item_id="a", slot=0, placement="for_you")

    page = sign_in("view_event").get(f"{LIST}{event.pk}/change/").content.decode()

    assert "Place on the shelf" in page
    assert "Order and rating" not in page


def test_refused_events_show_why_and_what_was_sent(sign_in: SignIn) -> None:
    refused = RefusedEvent.objects.create(
        received_at=timezone.now(), source="beacon", code="unknown_type", detail="No such type.", body='{"type": "x"}'
    )
    client = sign_in("view_refusedevent")
    everything = client.get(REFUSED).content.decode()

    assert "Unknown type" in everything
    assert "No such type." in everything
    assert [row.pk for row in rows_of(client.get(f"{REFUSED}?code=unknown_type"))] == [refused.pk]
    assert rows_of(client.get(f"{REFUSED}?code=bad_time")) == []
    assert "{&quot;type&quot;: &quot;x&quot;}" in client.get(f"{REFUSED}{refused.pk}/change/").content.decode()


def test_no_refused_event_is_good_news(sign_in: SignIn) -> None:
    assert "Nothing was refused." in sign_in("view_refusedevent").get(REFUSED).content.decode()
