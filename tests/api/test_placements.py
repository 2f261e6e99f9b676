"""``GET v1/placements/{slug}/`` and ``GET v1/fragments/{slug}/``: the visitor's own list and nobody else's."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django.fixtures import Settings as DjangoSettings
from rest_framework.settings import api_settings

from django_recs.models import ModelVersion
from django_recs.tracking.attribution import read_token
from tests.serving.shop_fixtures import statements
from tests.serving.test_ladder import failing
from tests.shop.models import Customer, Product

Products = dict[str, Product]


@pytest.fixture
def anna(db: None, happened: Callable[..., object], products: Products) -> Customer:
    """Looked at the pot; the bowl's companions are other people's."""
    anna = Customer.objects.create_user("anna")
    happened("view_item", products["pot"], customer_id=str(anna.pk), visitor_id="")
    return anna


@pytest.fixture
def shopper(client: Client, anna: Customer) -> Client:
    client.force_login(anna)
    client.cookies["recs_consent"] = "personalisation"
    return client


@pytest.mark.usefixtures("live")
def test_a_list_as_json(client: Client, products: Products) -> None:
    mug, bowl = products["mug"], products["bowl"]

    response = client.get("/recs/v1/placements/similar/", {"item": str(mug.pk), "limit": 1})
    body = response.json()
    attribution = read_token(body.pop("token"))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert body == {
        "placement": "similar",
        "title": "You might also like",
        "rung": "model",
        "items": [
            {
                "item_id": str(bowl.pk),
                "slot": 0,
                "title": "Bowl",
                "url": f"/products/{bowl.pk}/",
                "image_url": "",
                "price": "2.00",
                "reason": "Similar to Mug",
            }
        ],
    }
    assert attribution is not None
    assert (attribution.placement, attribution.rung) == ("similar", "model")


@pytest.mark.usefixtures("live")
def test_a_basket_is_given_as_several_items(client: Client, products: Products) -> None:
    basket = {"items": [str(products["mug"].pk), str(products["pot"].pk)]}

    body = client.get("/recs/v1/placements/frequently_bought_together/", basket).json()

    assert sorted(item["title"] for item in body["items"]) == ["Bowl", "Lamp"]


@pytest.mark.usefixtures("live")
def test_the_session_says_who_asks(shopper: Client) -> None:
    body = shopper.get("/recs/v1/placements/for_you/", {"limit": 1}).json()

    assert (body["rung"], [item["title"] for item in body["items"]]) == ("model", ["Lamp"])


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", ["user", "customer", "customer_id", "visitor", "visitor_id", "identity", "request"])
def test_no_parameter_names_somebody_else(name: str, client: Client, anna: Customer) -> None:
    client.cookies["recs_consent"] = "personalisation"

    response = client.get("/recs/v1/placements/for_you/", {name: str(anna.pk), "limit": 1})
    client.cookies["recs_visitor"] = "guest"
    forged = client.get("/recs/v1/placements/recently_viewed/", {name: "guest"})

    assert (response.status_code, response.json()["rung"]) == (200, "popularity")
    assert forged.json()["items"] == []


@pytest.mark.usefixtures("live")
def test_without_consent_or_with_gpc_the_list_is_the_same_as_for_a_stranger(
    shopper: Client, client_of_a_stranger: Client
) -> None:
    url = "/recs/v1/placements/for_you/"
    stranger = client_of_a_stranger.get(url).json()
    with_gpc = shopper.get(url, headers={"Sec-GPC": "1"}).json()
    del shopper.cookies["recs_consent"]
    without_consent = shopper.get(url).json()

    for body in (stranger, with_gpc, without_consent):
        del body["token"]
    assert with_gpc == without_consent == stranger
    assert stranger["rung"] == "popularity"


@pytest.fixture
def client_of_a_stranger() -> Client:
    return Client()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "51"},
        {"limit": "many"},
        {"item": "x" * 65},
        {"item": "\x00"},
        {"items": ["1"] * 51},
        {"items": ["x" * 65]},
    ],
)
def test_a_malformed_parameter_is_refused(query: dict[str, object], client: Client) -> None:
    response = client.get("/recs/v1/placements/similar/", query)

    assert response.status_code == 400
    assert list(response.json()) == list(query)
    assert client.get("/recs/v1/fragments/similar/", query).status_code == 400


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("item", ["nonsense", "7", "'; DROP TABLE shop_product; --", "ÄÖÜ", "😀"])
def test_an_item_that_no_product_has_is_left_out(item: str, client: Client) -> None:
    response = client.get("/recs/v1/placements/frequently_bought_together/", {"item": item})

    assert (response.status_code, response.json()["items"]) == (200, [])


@pytest.mark.django_db
def test_an_unknown_placement_is_not_found(client: Client) -> None:
    response = client.get("/recs/v1/placements/nowhere/")

    assert response.status_code == 404
    assert response.json()["detail"].startswith("There is no placement 'nowhere'.")
    assert client.get("/recs/v1/fragments/nowhere/").status_code == 204


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["placements", "fragments"])
def test_lists_are_only_read(method: str, path: str, client: Client) -> None:
    assert getattr(client, method)(f"/recs/v1/{path}/trending/").status_code == 405


@pytest.mark.usefixtures("live")
def test_a_fragment_is_the_shelf_as_html(client: Client) -> None:
    response = client.get("/recs/v1/fragments/trending/", {"limit": 2})

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")
    assert response["X-Robots-Tag"] == "noindex"
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert response.content.decode().startswith("<section")
    assert response.content.decode().count("data-recs-item=") == 2


@pytest.mark.django_db
def test_an_empty_fragment_has_no_body(client: Client) -> None:
    response = client.get("/recs/v1/fragments/trending/")

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.usefixtures("live")
def test_with_the_database_down_the_answers_are_empty_and_well(shopper: Client) -> None:
    with failing(""):
        body = shopper.get("/recs/v1/placements/trending/").json()
        fragment = shopper.get("/recs/v1/fragments/trending/")

    assert (body["items"], body["rung"], body["token"]) == ([], "empty", "")
    assert fragment.status_code == 204


@pytest.mark.usefixtures("live")
def test_a_list_is_read_without_writing_or_setting_cookies(shopper: Client) -> None:
    with statements() as executed:
        response = shopper.get("/recs/v1/placements/for_you/")

    assert response.cookies == {}
    assert executed
    assert all(sql.startswith(("SELECT", "(SELECT")) for sql in executed)


def test_a_shop_may_limit_the_rate(live: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django_recs.api.placements import PlacementThrottle

    monkeypatch.setattr(PlacementThrottle, "THROTTLE_RATES", {"recs_placements": "2/min"})
    codes = [client.get("/recs/v1/placements/trending/").status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_without_a_rate_there_is_no_limit_whatever_else_the_shop_limits(
    live: ModelVersion, client: Client, settings: DjangoSettings
) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"other": "1/day"}}
    assert api_settings.DEFAULT_THROTTLE_RATES == {"other": "1/day"}

    assert client.get("/recs/v1/placements/trending/").status_code == 200
