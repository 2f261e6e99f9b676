"""The script in a real browser, under a strict Content-Security-Policy."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import django_recs
from django_recs.models import Event
from tests.shop.pages import LIST_ID

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

SCRIPT = Path(django_recs.__file__).parent / "static" / "django_recs" / "recs.js"
ALLOWED = "personalisation.analytics"


def test_the_script_is_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) <= 3 * 1024


pytest_browser = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.shop.pages"),
]


def in_browser(test: Any) -> Any:
    """Marks a test that drives Chromium through the pages of the test shop."""
    for mark in pytest_browser:
        test = mark(test)
    return test


@pytest.fixture
def shop(browser: "Chrome", live_server: Any, settings: Any) -> Iterator[Callable[..., None]]:
    """Opens a page of the shop; ``consent`` is the cookie's value, None for no cookie."""
    settings.DEBUG = False

    def open_page(path: str = "/", consent: str | None = ALLOWED) -> None:
        browser.get(f"{live_server.url}/fragment/")  # cookies need a page, and this one has no script
        browser.delete_all_cookies()
        browser.execute_script("sessionStorage.clear()")
        if consent is not None:
            browser.add_cookie({"name": "recs_consent", "value": consent})
        browser.get_log("browser")
        browser.get(f"{live_server.url}{path}")

    yield open_page
    browser.get("about:blank")


def events(**expected: Any) -> list[Any]:
    """The stored events of these columns, when they are all there; what is there after five seconds otherwise."""
    count, names = expected["count"], expected["names"]
    for _ in range(50):
        rows = list(Event.objects.order_by("type", "item_id").values_list(*names))
        if len(rows) >= count:
            break
        time.sleep(0.1)
    return rows


@in_browser
def test_impressions_carry_slot_and_list_and_only_what_was_seen(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/")

    assert events(names=("type", "item_id", "slot", "list_id", "placement", "model_version_id"), count=2) == [
        ("view_item_list", "a", 0, LIST_ID, "home", 3),
        ("view_item_list", "b", 1, LIST_ID, "home", 3),
    ]
    browser.execute_script("document.querySelector('[data-recs-item=z]').scrollIntoView()")
    assert [row[0] for row in events(names=("item_id",), count=3)] == ["a", "b", "z"]
    browser.execute_script("scrollTo(0, 0)")
    time.sleep(1.5)
    assert Event.objects.count() == 3
    assert browser.get_log("browser") == []
    assert browser.get_cookie("recs_visitor")["httpOnly"]  # type: ignore[index]


@in_browser
def test_a_click_is_quoted_by_what_follows(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/")

    browser.find_element("css selector", "[data-recs-item=a]").click()
    browser.execute_script("recs.track('add_to_cart', {item_id: 'a', quantity: 2})")
    browser.execute_script("recs.track('add_to_cart', {item_id: 'never shown'})")

    names = ("type", "item_id", "slot", "list_id", "quantity")
    assert [row for row in events(names=names, count=6) if row[0] != "view_item_list"] == [
        ("add_to_cart", "a", 0, LIST_ID, 2),
        ("add_to_cart", "never shown", None, None, 1),
        ("select_item", "a", 0, LIST_ID, 1),
        ("view_item", "a", 0, LIST_ID, 1),
    ]
    assert len(set(Event.objects.values_list("visitor_id", flat=True))) == 1


@in_browser
def test_a_button_within_an_item_does_not_select_it(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/")
    browser.find_element("css selector", "[data-recs-item=b] button").click()

    assert {row[0] for row in events(names=("type",), count=2)} == {"view_item_list"}


@in_browser
def test_another_window_is_a_choice_and_a_menu_is_none(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/")
    pressed = "document.querySelector('[data-recs-item=%s]').dispatchEvent(new MouseEvent('auxclick', %s))"
    for item, button in (("a", 2), ("b", 3), ("a", 1)):
        target = item if item == "a" else "b] a[href"
        browser.execute_script(pressed % (target, f"{{bubbles: true, button: {button}}}"))

    rows = events(names=("type", "item_id"), count=3)
    assert [row for row in rows if row[0] == "select_item"] == [("select_item", "a")]


@in_browser
def test_consent_is_in_the_value_of_the_cookie_and_not_in_its_name(
    shop: Callable[..., None], browser: "Chrome", settings: Any
) -> None:
    settings.DJANGO_RECS = {"CONSENT_COOKIE": "shop-analytics"}
    shop("/fragment/", None)
    browser.add_cookie({"name": "shop-analytics", "value": "none"})
    browser.get(browser.current_url.replace("/fragment/", "/item/"))
    time.sleep(1.5)

    requests = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [url for url in requests if "/events/" in url] == []


@in_browser
def test_what_is_left_arrives_when_the_page_is_left(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/fragment/")  # a page without events of its own
    shop("/item/")
    for _ in range(45):
        browser.execute_script("recs.track('search')")
    browser.get("about:blank")

    rows = events(names=("type",), count=46)
    assert len(rows) == 46


@in_browser
@pytest.mark.parametrize("consent", [None, "none", "necessary"])
def test_without_consent_nothing_is_sent_or_stored(
    shop: Callable[..., None], browser: "Chrome", consent: str | None
) -> None:
    shop("/", consent)
    browser.find_element("css selector", "[data-recs-item=a]").click()
    browser.execute_script("recs.track('add_to_cart', {item_id: 'a'})")
    time.sleep(1.5)

    requests = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [url for url in requests if "/events/" in url] == []
    assert browser.execute_script("return [localStorage.length, sessionStorage.length]") == [0, 0]
    assert {cookie["name"] for cookie in browser.get_cookies()} <= {"recs_consent"}
    assert not Event.objects.exists()


@in_browser
def test_global_privacy_control_is_obeyed(shop: Callable[..., None], browser: "Chrome") -> None:
    source = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
    try:
        shop("/item/")
        time.sleep(1.5)
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    assert not Event.objects.exists()
    assert browser.get_cookie("recs_visitor") is None


@in_browser
def test_consent_given_on_the_page_starts_and_withdrawal_forgets(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/", None)
    browser.execute_script("recs.consent(['personalisation'])")
    assert events(names=("item_id", "purposes"), count=2) == [("a", 1), ("b", 1)]
    browser.execute_script(
        "document.querySelector('[data-recs-item=a]').addEventListener('click', e => e.preventDefault())"
    )
    browser.find_element("css selector", "[data-recs-item=a]").click()
    assert len(events(names=("item_id",), count=3)) == 3
    assert browser.execute_script("return sessionStorage.length") == 1

    browser.execute_script("recs.track('search'); recs.consent([])")

    for _ in range(30):
        if browser.get_cookie("recs_visitor") is None:
            break
        time.sleep(0.1)
    assert browser.get_cookie("recs_visitor") is None
    assert browser.get_cookie("recs_consent")["value"] == "none"  # type: ignore[index]
    assert browser.execute_script("return sessionStorage.length") == 0
    assert Event.objects.count() == 3


@in_browser
def test_the_same_events_are_sent_again_until_they_are_stored(
    shop: Callable[..., None], browser: "Chrome", monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from django_recs.tracking import intake

    store, calls = intake.store_events, []

    def fail_once(batch: Any) -> Any:
        calls.append(sorted(str(event.event_id) for event in batch))
        if len(calls) == 1:
            raise OperationalError("locked")
        return store(batch)

    monkeypatch.setattr(intake, "store_events", fail_once)
    shop("/item/")

    assert events(names=("type",), count=1) == [("view_item",)]
    assert calls == [calls[0], calls[0]]


@in_browser
def test_a_lazy_shelf_is_fetched_from_the_shop_alone_and_watched(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/lazy/")

    assert events(names=("item_id", "slot"), count=2) == [("a", 0), ("b", 1)]
    assert browser.find_element("id", "near").text.startswith("Item a")
    assert browser.get_log("browser") == []


@in_browser
def test_a_lazy_shelf_needs_no_consent(shop: Callable[..., None], browser: "Chrome") -> None:
    shop("/lazy/", None)

    for _ in range(30):
        if browser.find_element("id", "near").text:
            break
        time.sleep(0.1)
    assert browser.find_element("id", "near").text.startswith("Item a")
    assert not Event.objects.exists()
