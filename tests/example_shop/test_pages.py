"""The shop over plain HTTP, as a visitor without JavaScript meets it."""

import re
import uuid

import pytest

from tests.example_shop.running import RunningShop
from tests.example_shop.visiting import Visitor

pytestmark = pytest.mark.xdist_group("browser")  # one test process fills the shop, for these and for the browser

ADDRESS = {"name": "A Visitor", "email": "a@example.org", "street": "Road 1", "postcode": "1", "city": "Town"}


@pytest.fixture
def visitor(running_shop: RunningShop) -> Visitor:
    return Visitor(url=running_shop.url)


@pytest.fixture
def sku(running_shop: RunningShop) -> str:
    """The product of which there is most."""
    return str(running_shop.rows("SELECT sku FROM shop_product ORDER BY stock DESC LIMIT 1")[0][0])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/c/kitchen/", 200),
        ("/c/kitchen-mugs/?sort=-price&page=2", 200),
        ("/c/kitchen/?sort=nonsense&page=nonsense", 200),
        ("/search/", 200),
        ("/search/?q=mug", 200),
        ("/search/?q=%00%F0%9F%8D%B5%25", 200),
        ("/p/KI00001/", 200),
        ("/p/none/", 404),
        ("/c/none/", 404),
        ("/cart/", 200),
        ("/account/login/", 200),
        ("/account/register/", 200),
        ("/privacy/", 200),
    ],
)
def test_pages_answer_under_a_strict_policy(visitor: Visitor, path: str, status: int) -> None:
    page = visitor.get(path)

    assert page.status == status
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; object-src 'none'")
    if status == 200:
        assert not re.search(r"<style|<[^>]+\s(?:style|on\w+)=|<script(?![^>]*\ssrc=)", page.text)


@pytest.mark.parametrize("path", ["/", "/c/kitchen/", "/search/?q=mug", "/search/?q=zzzz", "/cart/", "/p/KI00001/"])
def test_every_page_has_a_shelf(visitor: Visitor, path: str) -> None:
    assert "data-recs-list=" in visitor.get(path).text


@pytest.mark.parametrize("path", ["/checkout/", "/account/", "/account/orders/1/", "/checkout/thank-you/1/"])
def test_pages_that_are_not_for_everybody(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)

    assert page.status == 404 or page.url.split("?")[0].endswith(("/account/login/", "/cart/"))


def test_a_search_finds_words_anywhere(visitor: Visitor, running_shop: RunningShop) -> None:
    title, brand = running_shop.rows("SELECT title, brand FROM shop_product WHERE sku = 'KI00001'")[0]

    found = visitor.get(f"/search/?q={title.split()[-1]}+{brand}").text

    assert 'href="/p/KI00001/"' in found


def test_consent_needs_no_script(visitor: Visitor) -> None:
    assert 'action="/privacy/consent/"' in visitor.get("/").text

    page = visitor.submit("/", "/privacy/consent/", choice="some", purposes="analytics", next="/cart/")

    assert page.url == f"{visitor.url}/cart/"
    assert visitor.cookie("recs_consent") == "analytics"
    assert "May we remember" not in page.text


@pytest.mark.parametrize(
    ("choice", "cookie"), [("all", "personalisation.analytics.marketing"), ("none", "none"), ("some", "none")]
)
def test_a_choice_is_kept(visitor: Visitor, choice: str, cookie: str) -> None:
    visitor.submit("/", "/privacy/consent/", choice=choice)

    assert visitor.cookie("recs_consent") == cookie
    assert visitor.cookie("recs_visitor") is None


def test_consent_does_not_lead_out_of_the_shop(visitor: Visitor) -> None:
    page = visitor.submit("/", "/privacy/consent/", choice="none", next="https://example.org/")

    assert page.url == f"{visitor.url}/"


def test_global_privacy_control_is_not_asked_again(running_shop: RunningShop) -> None:
    visitor = Visitor(url=running_shop.url, headers={"Sec-GPC": "1"})

    assert "May we remember" not in visitor.get("/").text
    assert "We obey it" in visitor.get("/privacy/").text


def test_a_page_without_consent_writes_nothing(visitor: Visitor, running_shop: RunningShop, sku: str) -> None:
    tables = ("django_recs_event", "django_recs_refusedevent", "django_session")
    before = [running_shop.count(table) for table in tables]

    for path in ("/", f"/p/{sku}/", "/c/kitchen/", "/search/?q=mug"):
        visitor.get(path)

    assert [running_shop.count(table) for table in tables] == before
    assert {cookie.name for cookie in visitor.cookies} <= {"csrftoken"}


def test_the_cart_counts(visitor: Visitor, sku: str) -> None:
    visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity="2")
    page = visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity="1")
    assert 'name="quantity" type="number" value="3"' in page.text

    page = visitor.submit("/cart/", f"/cart/{sku}/set/", quantity="0")
    assert "Your cart is empty" in page.text


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "x", ""])
def test_a_quantity_that_makes_no_sense_is_refused(visitor: Visitor, sku: str, quantity: str) -> None:
    page = visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity=quantity)

    assert page.status == 400
    assert "Your cart is empty" in visitor.get("/cart/").text


def test_the_cart_holds_no_more_than_the_stock(visitor: Visitor, running_shop: RunningShop) -> None:
    sku, stock = running_shop.rows("SELECT sku, stock FROM shop_product WHERE stock > 0 ORDER BY stock LIMIT 1")[0]

    for _ in range(2):
        visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity=str(stock))

    assert f'type="number" value="{stock}"' in visitor.get("/cart/").text


def test_an_order_is_stored_with_its_events(visitor: Visitor, running_shop: RunningShop, sku: str) -> None:
    stock, price = running_shop.rows("SELECT stock, price FROM shop_product WHERE sku = ?", sku)[0]
    visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity="2")

    page = visitor.submit("/checkout/", "/checkout/", **ADDRESS)

    number = re.search(r"/checkout/thank-you/(\d+)/$", page.url)
    assert number
    assert "Thank you, A Visitor" in page.text
    assert running_shop.rows("SELECT stock FROM shop_product WHERE sku = ?", sku) == [(stock - 2,)]
    # Without consent the order is counted, and neither a person nor the order is named.
    assert running_shop.rows(
        "SELECT type, quantity, price, currency, customer_id, visitor_id, order_id, purposes"
        " FROM django_recs_event WHERE item_id = ? AND source = 'server' ORDER BY id DESC LIMIT 1",
        sku,
    ) == [("purchase", 2, price, "EUR", "", "", "", 0)]
    assert Visitor(url=running_shop.url).get(f"/checkout/thank-you/{number[1]}/").status == 404


def test_an_incomplete_address_orders_nothing(visitor: Visitor, running_shop: RunningShop, sku: str) -> None:
    visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity="1")
    before = [running_shop.count(table) for table in ("shop_order", "django_recs_event")]

    page = visitor.submit("/checkout/", "/checkout/", **(ADDRESS | {"email": "nonsense"}))

    assert "Enter a valid email address." in page.text
    assert [running_shop.count(table) for table in ("shop_order", "django_recs_event")] == before


def test_what_sold_out_meanwhile_is_not_sold(running_shop: RunningShop) -> None:
    """Two carts hold the last pieces; the second order is refused as a whole."""
    sku, stock = running_shop.rows("SELECT sku, stock FROM shop_product WHERE stock > 0 ORDER BY stock LIMIT 1")[0]
    first, second = Visitor(url=running_shop.url), Visitor(url=running_shop.url)
    for buyer in (first, second):
        buyer.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity=str(stock))
    checkout = second.get("/checkout/").text
    first.submit("/checkout/", "/checkout/", **ADDRESS)
    before = [running_shop.count(table) for table in ("shop_order", "shop_orderline", "django_recs_event")]

    assert f"{stock} ×" in checkout
    page = second.submit("/account/login/", "/checkout/", **ADDRESS)

    assert page.url.endswith("/cart/")
    assert [running_shop.count(table) for table in ("shop_order", "shop_orderline", "django_recs_event")] == before
    assert "Sold out" in second.get(f"/p/{sku}/").text


def test_an_account_has_its_own_orders_only(visitor: Visitor, running_shop: RunningShop, sku: str) -> None:
    name, password = f"visitor-{uuid.uuid4().hex[:8]}", "a fine long password"
    visitor.submit("/account/register/", "/account/register/", username=name, password1=password, password2=password)
    visitor.submit(f"/p/{sku}/", f"/cart/{sku}/add/", quantity="1")
    visitor.submit("/checkout/", "/checkout/", **ADDRESS)
    (number,) = running_shop.rows(
        "SELECT number FROM shop_order JOIN auth_user ON auth_user.id = customer_id WHERE username = ?", name
    )[0]
    (other,) = running_shop.rows("SELECT number FROM shop_order WHERE number != ? LIMIT 1", number)[0]

    assert number in visitor.get("/account/").text
    assert visitor.get(f"/account/orders/{number}/").status == 200
    assert visitor.get(f"/account/orders/{other}/").status == 404


def test_registering_does_not_lead_out_of_the_shop(visitor: Visitor) -> None:
    name, password = f"visitor-{uuid.uuid4().hex[:8]}", "a fine long password"
    action = "/account/register/?next=https://example.org/"

    page = visitor.submit(action, action, username=name, password1=password, password2=password)

    assert page.url == f"{visitor.url}/account/"
