"""Markup for the script: nothing personal in it, nothing written by it, and no page that fails because of it."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from django_recs.catalog import registry
from django_recs.models import Event
from tests.shop.models import Product


def render(source: str, **context: Any) -> str:
    return Template("{% load recs %}" + source).render(Context(context))


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def sent_by(html: str) -> list[dict[str, Any]]:
    """What the script would send for this markup."""
    return [json.loads(attributes["data-recs-event"] or "") for _, attributes in _Elements(html).found]


def test_an_event_of_the_page() -> None:
    product = Product(title="Lamp")

    assert sent_by(render('{% recs_track "view_item" item=product %}', product=product)) == [
        {"name": "view_item", "item_id": str(product.pk)}
    ]
    assert sent_by(render('{% recs_track "search" %}')) == [{"name": "search"}]
    assert sent_by(render('{% recs_track "rate" item="a" order_id="7" quantity=2 price=3.5 currency="EUR" %}')) == [
        {"name": "rate", "item_id": "a", "transaction_id": "7", "quantity": 2, "price": 3.5, "currency": "EUR"}
    ]


def test_hostile_values_stay_values() -> None:
    hostile = "\"'><script>alert(1)</script>"

    html = render('{% recs_track "view_item" item=item %}', item=hostile)

    assert "<script" not in html
    assert sent_by(html) == [{"name": "view_item", "item_id": hostile}]


def test_a_mistake_in_a_template_does_not_break_the_page(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert render('a{% recs_track "veiw_item" item="1" %}b') == "ab"
    assert "unknown event type: 'veiw_item'" in caplog.text
    assert render('a{% recs_track "purchase" item="1" %}b') == "ab"
    assert "reports a purchase, which only track and track_order may record" in caplog.text
    monkeypatch.setattr(registry, "_registered", [])
    assert render('a{% recs_track "view_item" item=product %}b', product=Product()) == "ab"
    assert "has no item id" in caplog.text


def test_the_script_carries_its_configuration() -> None:
    assert _Elements(render("{% recs_script %}")).found == [
        (
            "script",
            {
                "src": "/static/django_recs/recs.js",
                "data-events": "/recs/v1/events/",
                "data-consent-cookie": "recs_consent",
                "data-batch": "20",
                "defer": None,
            },
        )
    ]


@pytest.mark.parametrize("through", ["context", "request"])
def test_the_script_takes_the_nonce_of_the_page(through: str) -> None:
    request: HttpRequest = RequestFactory().get("/")
    context: dict[str, Any] = {"request": request}
    if through == "context":
        context["csp_nonce"] = "n0nce"
    else:
        request.csp_nonce = "n0nce"

    ((_, attributes),) = _Elements(render("{% recs_script %}", **context)).found

    assert attributes["nonce"] == "n0nce"


@pytest.mark.urls("django_recs.urls")
def test_a_shop_without_the_urls_has_no_script(caplog: pytest.LogCaptureFixture) -> None:
    assert render("a{% recs_script %}b") == "ab"
    assert "include" in caplog.text


@pytest.mark.django_db
def test_rendering_asks_and_writes_nothing() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["recs_consent"] = "personalisation"
    product = Product.objects.create(title="Lamp")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        render('{% recs_track "view_item" item=product %}{% recs_script %}', product=product, request=request)

    assert queries.captured_queries == []
    assert not Event.objects.exists()
