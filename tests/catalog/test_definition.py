"""What a `Catalog` reads of a product, and which products it lets be shown."""

import uuid
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db.models import Q
from django.test.utils import override_settings

from django_recs.catalog import Catalog
from tests.shop.models import Product
from tests.shop.recs import ShopCatalog

CATALOG = ShopCatalog()


@pytest.fixture
def mug(db: None) -> Product:
    return Product.objects.create(title="Mug", description="Stoneware", category="Kitchen", brand="Clay", price="9.50")


def test_a_product_is_read_through_the_names_in_the_class(mug: Product) -> None:
    assert CATALOG.item_id(mug) == str(mug.pk)
    assert CATALOG.get_title(mug) == "Mug"
    assert CATALOG.get_text(mug) == "Mug\nStoneware"
    assert CATALOG.get_categories(mug) == ("Kitchen",)
    assert CATALOG.get_attributes(mug) == {"brand": "Clay"}
    assert CATALOG.get_price(mug) == 9.5
    assert CATALOG.get_price_text(mug) == "9.50"
    assert CATALOG.get_url(mug) == f"/products/{mug.pk}/"
    assert CATALOG.get_image_url(mug) == ""


def test_values_come_from_paths_methods_and_functions() -> None:
    class Odd(Catalog[Product]):
        model = Product
        title = "shout"
        text = (lambda product: product.title * 2, "shout", "maker__name")
        categories = "labels"
        attributes = {"maker": "maker__name", "empty": "description"}
        price = "cheap"
        image = "photo"

        def shout(self, product: Product) -> str:
            return product.title.upper()

        def labels(self, product: Product) -> list[str]:
            return ["Home", "", "Kitchen"]

        def cheap(self, product: Product) -> Decimal:
            return Decimal("1.25")

    product = SimpleNamespace(
        title="ab", description="", maker=SimpleNamespace(name="Clay"), photo=SimpleNamespace(url="/media/ab.png")
    )
    catalog = Odd()

    assert catalog.get_title(product) == "AB"
    assert catalog.get_text(product) == "abab\nAB\nClay"
    assert catalog.get_categories(product) == ("Home", "Kitchen")
    assert catalog.get_attributes(product) == {"maker": "Clay"}
    assert catalog.get_price(product) == 1.25
    assert catalog.get_image_url(product) == "/media/ab.png"


def test_a_catalogue_that_names_nothing_still_shows_products() -> None:
    class Bare(Catalog[Product]):
        model = Product

    product = Product(title="Mug", price=Decimal(9))

    assert Bare().get_title(product) == "Mug"
    assert (Bare().get_text(product), Bare().get_categories(product), Bare().get_attributes(product)) == ("", (), {})
    assert (Bare().get_price(product), Bare().get_price_text(product), Bare().get_image_url(product)) == (None, "", "")


@pytest.mark.parametrize("price", [None, "", "n/a", Decimal("NaN"), float("inf"), -1, object(), 10**400])
def test_a_price_that_is_no_sane_number_is_unknown(price: object) -> None:
    product = SimpleNamespace(price=price)

    assert CATALOG.get_price(product) is None
    assert CATALOG.get_price_text(product) == ""


def test_prices_follow_the_language_of_the_page() -> None:
    with override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True):
        assert CATALOG.get_price_text(SimpleNamespace(price=1234.5)) == "1.234,50"


def test_products_come_with_one_query_and_only_those_that_may_be_shown(
    mug: Product, django_assert_num_queries: object
) -> None:
    sold_out = Product.objects.create(title="Bowl", stock=0)
    hidden = Product.objects.create(title="Cup", is_published=False)
    ids = [str(mug.pk), str(sold_out.pk), str(hidden.pk), str(uuid.uuid4())]

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert CATALOG.products(ids) == {str(mug.pk): mug}


@pytest.mark.parametrize(
    "item_id", ["", "nonsense", "x" * 65, "1\x00", "\ud800", "9" * 40, "None", "00000000-0000-0000-0000-00000000000g"]
)
def test_ids_that_no_product_can_have_are_ignored_without_a_query(
    item_id: str, db: None, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert CATALOG.products([item_id]) == {}
    assert CATALOG.canonical_id(item_id) is None


def test_an_id_is_written_as_the_catalogue_writes_it(mug: Product) -> None:
    assert CATALOG.canonical_id(mug.pk.hex.upper()) == str(mug.pk)


class ByTitle(Catalog[Product]):
    model = Product
    item_id_field = "title"
    available = Q(stock__gt=0)


class ByStock(Catalog[Product]):
    model = Product
    item_id_field = "stock"


def test_items_may_be_known_by_another_field_than_the_key(mug: Product) -> None:
    assert ByTitle().item_id(mug) == "Mug"
    assert ByTitle().products(["Mug", "Bowl", "\x00"]) == {"Mug": mug}


def test_integer_ids_beyond_the_column_are_ignored(mug: Product) -> None:
    assert ByStock().products(["1", "9" * 30, "-" + "9" * 30, "1.5", "one"]) == {"1": mug}
    assert ByStock().canonical_id("007") == "7"
