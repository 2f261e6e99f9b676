"""The whole way in a real browser: the shop's pages, the script, the beacon, the model and the next page.

One test is one visitor: a browser without cookies. What arrived is read from the shop's own database.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.example_shop.running import RunningShop

pytestmark = pytest.mark.browser

ResultT = TypeVar("ResultT")
SECONDS = 30.0
PASSWORD = "a fine long password"


class Shopper:
    """One person with an empty browser in front of the shop."""

    def __init__(self, browser: Chrome, shop: RunningShop) -> None:
        self.browser = browser
        self.shop = shop
        browser.set_window_size(1280, 900)
        browser.get(f"{shop.url}/privacy/")  # cookies and storage can be cleared only where they belong
        browser.delete_all_cookies()
        browser.execute_script("sessionStorage.clear(); localStorage.clear();")
        self.complaints()
        self.newest_before = self._newest_event()

    def open(self, path: str) -> None:
        self.browser.get(self.shop.url + path)

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str, *, arrives_at: str = "") -> None:
        """Click as a person does, and wait for the page that follows, if one does."""
        self.show(selector)
        self.find(selector).click()
        if arrives_at:
            self.wait(lambda: re.search(arrives_at, self.browser.current_url), f"the page {arrives_at}")

    def show(self, selector: str) -> None:
        """Scroll until it is in the middle of the window."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.find(f"main [name={name}]").send_keys(value)

    def consent(self, choice: str) -> None:
        self.click(f"form.consent button[value={choice}]")
        self.wait(lambda: not self.browser.find_elements(By.CSS_SELECTOR, "form.consent"), "the banner to go")

    def shelf(self, placement: str) -> list[str]:
        """Item ids on a shelf, in order."""
        links = self.browser.find_elements(By.CSS_SELECTOR, f"[data-placement={placement}] [data-recs-item]")
        return [str(link.get_attribute("data-recs-item")) for link in links]

    def cookies(self) -> dict[str, str]:
        return {cookie["name"]: cookie["value"] for cookie in self.browser.get_cookies()}

    def events(self) -> list[tuple[str, str, str, str]]:
        """(type, item, customer, visitor) of what came from browsers since this shopper came, the oldest first."""
        return self.shop.rows(
            "SELECT type, item_id, customer_id, visitor_id FROM django_recs_event WHERE id > ? ORDER BY id",
            self.newest_before,
        )

    def wait_for_event(self, event_type: str, item: str = "") -> tuple[str, str, str, str]:
        def found() -> tuple[str, str, str, str] | None:
            return next(
                (event for event in self.events() if event[0] == event_type and (not item or event[1] == item)), None
            )

        return self.wait(found, f"{event_type} {item}")

    def wait(self, check: Callable[[], ResultT | None], what: str) -> ResultT:
        return WebDriverWait(self.browser, SECONDS, poll_frequency=0.1).until(
            lambda _: check() or False, f"{what} did not come"
        )

    def complaints(self) -> list[str]:
        """What the console said since the last call; a violated policy would be here."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def _newest_event(self) -> int:
        return int(self.shop.rows("SELECT COALESCE(MAX(id), 0) FROM django_recs_event")[0][0])


@pytest.fixture
def shopper(browser: Chrome, running_shop: RunningShop) -> Iterator[Shopper]:
    yield Shopper(browser, running_shop)
    # What has gathered by now must not arrive while the next shopper is watched.
    browser.get(f"{running_shop.url}/privacy/")
    browser.execute_script("window.recs.consent([])")
    time.sleep(0.3)


def products_of(shop: RunningShop, category: str, count: int) -> list[str]:
    rows = shop.rows(
        "SELECT sku FROM shop_product JOIN shop_category ON shop_category.id = category_id"
        " WHERE slug = ? AND stock > 5 ORDER BY sku LIMIT ?",
        category,
        count,
    )
    return [str(sku) for (sku,) in rows]


def test_a_guest_who_consents_sees_shelves_follow_the_clicks(shopper: Shopper) -> None:
    shopper.open("/")
    assert shopper.cookies().keys() <= {"csrftoken"}
    shopper.consent("all")
    before = shopper.shelf("for_you")
    assert len(before) == 12
    assert shopper.shelf("recently_viewed") == []

    viewed = products_of(shopper.shop, "garden-planters", 2) + products_of(shopper.shop, "garden-seeds", 2)
    for sku in viewed:
        shopper.open(f"/p/{sku}/")
        _, _, customer, visitor = shopper.wait_for_event("view_item", sku)
        assert customer == ""
        assert re.fullmatch("[0-9a-f]{32}", visitor)
        assert shopper.shelf("similar")
    shopper.open("/")

    assert shopper.shelf("recently_viewed") == viewed[::-1]
    assert shopper.shelf("for_you") != before
    assert "for_you from the rung model" in shopper.browser.page_source
    assert shopper.complaints() == []


def test_impressions_clicks_and_the_sale_quote_the_same_list(shopper: Shopper) -> None:
    (seen,) = products_of(shopper.shop, "pantry-tea", 1)
    shopper.open(f"/p/{seen}/")
    shopper.consent("all")
    shopper.wait_for_event("view_item", seen)
    shopper.open("/")
    sku = shopper.shelf("for_you")[0]
    shopper.show("[data-placement=for_you]")
    shopper.wait_for_event("view_item_list", sku)
    shopper.click("[data-placement=for_you] [data-recs-item]", arrives_at=f"/p/{sku}/$")
    shopper.wait_for_event("select_item", sku)
    shopper.wait_for_event("view_item", sku)
    shopper.click(".buy .button", arrives_at="/cart/$")
    shopper.open("/checkout/")
    shopper.fill(name="A Guest", email="guest@example.org", street="Road 1", postcode="1", city="Town")
    shopper.click("main form .button", arrives_at="/checkout/thank-you/")
    shopper.wait_for_event("purchase", sku)

    rows = shopper.shop.rows(
        "SELECT type, placement, slot, rung, list_id FROM django_recs_event"
        " WHERE id > ? AND item_id = ? AND list_id IS NOT NULL",
        shopper.newest_before,
        sku,
    )
    first = {row[0]: row[1:] for row in reversed(rows) if row[1] == "for_you"}
    assert set(first) >= {"view_item_list", "select_item", "purchase"}
    clicked = first["select_item"]
    assert clicked[:3] == ("for_you", 0, "model")
    assert first["purchase"][3] == first["view_item_list"][3] == clicked[3]


def test_what_is_not_for_me_goes_at_once_and_stays_away(shopper: Shopper) -> None:
    shopper.open("/")
    assert not shopper.find("[data-placement=for_you] [data-recs-dismiss]").is_displayed()
    shopper.consent("all")
    first, second = shopper.shelf("for_you")[:2]

    button = shopper.find("[data-placement=for_you] [data-recs-dismiss]")
    shopper.show("[data-placement=for_you]")
    shopper.browser.execute_script("arguments[0].focus()", button)
    button.click()

    shopper.wait(lambda: shopper.shelf("for_you")[0] == second, "the next item in its place")
    shopper.wait_for_event("dismiss", first)
    shopper.open("/")
    assert first not in shopper.shelf("for_you")
    assert first not in shopper.shelf("trending")
    assert shopper.complaints() == []


def test_a_guest_becomes_a_customer_and_buys(shopper: Shopper) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-teapots", 1)
    shopper.open("/")
    shopper.consent("all")
    shopper.open(f"/p/{sku}/")
    _, _, _, visitor = shopper.wait_for_event("view_item", sku)

    name = f"browser-{uuid.uuid4().hex[:8]}"
    shopper.open("/account/register/")
    shopper.fill(username=name, password1=PASSWORD, password2=PASSWORD)
    shopper.click("main form .button", arrives_at="/account/$")
    (customer,) = shopper.shop.rows("SELECT id FROM auth_user WHERE username = ?", name)[0]
    assert shopper.shop.rows("SELECT customer_id FROM django_recs_visitor WHERE visitor_id = ?", visitor) == [
        (str(customer),)
    ]
    assert sku in shopper.shelf("recently_viewed")

    shopper.open(f"/p/{sku}/")
    shopper.click(".buy .button", arrives_at="/cart/$")
    assert "1" in shopper.find(".count").text
    shopper.click(".summary .button", arrives_at="/checkout/$")
    shopper.fill(name="A Customer", street="Road 1", postcode="1", city="Town", email="customer@example.org")
    shopper.click("main form .button", arrives_at="/checkout/thank-you/")

    number = shopper.browser.current_url.rstrip("/").rsplit("/", 1)[1]
    assert shopper.shop.rows(
        "SELECT type, item_id, quantity, customer_id, purposes FROM django_recs_event WHERE order_id = ?", number
    ) == [("purchase", sku, 1, str(customer), 7)]
    shopper.open("/account/")
    shopper.click(".orders a", arrives_at=f"/account/orders/{number}/$")
    assert {event[0] for event in shopper.events()} >= {"view_item", "add_to_cart", "begin_checkout", "purchase"}
    assert shopper.complaints() == []


@pytest.mark.parametrize("answer", ["none", ""])
def test_without_consent_nothing_is_remembered(shopper: Shopper, answer: str) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    shopper.open("/")
    if answer:
        shopper.consent(answer)
    for path in (f"/p/{sku}/", "/c/kitchen/", "/search/?q=mug", "/"):
        shopper.open(path)
    time.sleep(1.5)  # longer than events gather before they are sent

    assert shopper.events() == []
    assert shopper.cookies().keys() <= {"csrftoken", "recs_consent"}
    assert shopper.shelf("recently_viewed") == []
    assert shopper.shelf("trending")
    assert shopper.complaints() == []


def test_a_withdrawal_forgets_the_visitor(shopper: Shopper) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    shopper.open(f"/p/{sku}/")
    shopper.consent("all")
    shopper.wait_for_event("view_item", sku)
    assert "recs_visitor" in shopper.cookies()

    shopper.open("/privacy/")
    shopper.click("main form button[value=none]")
    shopper.wait(lambda: "recs_visitor" not in shopper.cookies(), "the end of the visitor cookie")

    assert shopper.cookies()["recs_consent"] == "none"
    count = len(shopper.events())
    shopper.open(f"/p/{sku}/")
    time.sleep(1.5)
    assert len(shopper.events()) == count


def test_only_some_purposes_can_be_allowed(shopper: Shopper) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    shopper.open(f"/p/{sku}/")
    shopper.click("form.consent summary")
    shopper.click("form.consent input[value=analytics]")
    shopper.consent("some")
    shopper.wait_for_event("view_item", sku)

    assert shopper.cookies()["recs_consent"] == "analytics"
    assert shopper.shop.rows("SELECT DISTINCT purposes FROM django_recs_event WHERE id > ?", shopper.newest_before) == [
        (2,)
    ]


def test_global_privacy_control_is_obeyed(shopper: Shopper) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    browser = shopper.browser
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Sec-GPC": "1"}})
    script = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"},
    )
    try:
        # Even a consent from before does not outweigh the signal.
        browser.add_cookie({"name": "recs_consent", "value": "personalisation.analytics.marketing", "path": "/"})
        for path in ("/", f"/p/{sku}/"):
            shopper.open(path)
            assert not browser.find_elements(By.CSS_SELECTOR, "form.consent")
        time.sleep(1.5)
        assert shopper.events() == []
        assert "recs_visitor" not in shopper.cookies()
        shopper.open("/privacy/")
        assert "Global Privacy Control" in shopper.find("main").text
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
        browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_page_scrolls_sideways(shopper: Shopper, width: int) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    paths = ("/", "/c/kitchen/", "/search/?q=mug", f"/p/{sku}/", "/cart/", "/account/login/", "/account/register/")
    shopper.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        too_wide = []
        for path in (*paths, "/privacy/"):
            shopper.open(path)
            page, screen = shopper.browser.execute_script(
                "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert screen == width
            if page > screen:
                too_wide.append((path, page))
        assert too_wide == []
    finally:
        shopper.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_strict_policy_is_violated_nowhere(shopper: Shopper) -> None:
    (sku,) = products_of(shopper.shop, "kitchen-mugs", 1)
    shopper.open("/")
    shopper.consent("all")
    for path in ("/", "/c/kitchen/", "/search/?q=mug", f"/p/{sku}/", "/cart/", "/account/login/", "/privacy/"):
        shopper.open(path)
        assert "recs" in shopper.browser.execute_script("return Object.keys(window)")
    shopper.open("/account/login/")
    shopper.fill(username="admin", password="larkmoor-demo")
    shopper.click("main form .button", arrives_at="/account/$")
    for model in ("event", "modelversion", "trainingrun", "placement", "refusedevent"):
        shopper.open(f"/admin/django_recs/{model}/")

    assert shopper.complaints() == []
