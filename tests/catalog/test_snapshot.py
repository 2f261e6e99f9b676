"""The catalogue as training sees it."""

import math
from decimal import Decimal

import numpy as np
import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from django_recs.catalog import Catalog, item_content
from django_recs.catalog.snapshot import narrowed
from tests.shop.models import Product
from tests.shop.recs import ShopCatalog

pytestmark = pytest.mark.django_db


def test_all_products_are_told_also_those_that_may_not_be_shown() -> None:
    first, second = sorted(
        [
            Product.objects.create(title="Mug", description="Stoneware", category="Kitchen", brand="Clay", price="9.5"),
            Product.objects.create(title="Bowl", stock=0, price=None),
        ],
        key=lambda product: product.pk,
    )
    mug = 1 if first.title == "Mug" else 2

    item_ids, content = item_content(ShopCatalog())

    assert item_ids == ("", str(first.pk), str(second.pk))
    assert (content.texts[0], content.texts[mug], content.texts[3 - mug]) == ("", "Mug\nStoneware", "Bowl")
    assert (content.categories[0], content.categories[mug], content.categories[3 - mug]) == ((), ("Kitchen",), ())
    assert (content.attributes[mug], content.attributes[3 - mug]) == ({"brand": "Clay"}, {})
    assert content.prices[mug] == 9.5
    assert math.isnan(content.prices[0])
    assert math.isnan(content.prices[3 - mug])
    assert content.available.tolist() == [False, mug == 1, mug == 2]


def test_negative_prices_are_unknown() -> None:
    Product.objects.create(title="Mug", price=Decimal("-1.00"))

    _, content = item_content(ShopCatalog())

    assert math.isnan(content.prices[1])


def test_an_empty_shop_has_only_padding() -> None:
    item_ids, content = item_content(ShopCatalog())

    assert item_ids == ("",)
    assert content.available.tolist() == [False]


def test_only_the_columns_that_are_named_are_read(django_assert_num_queries: object) -> None:
    Product.objects.create(title="Mug")

    sql = str(narrowed(ShopCatalog(), Product.objects.all()).query)
    assert "brand" in sql
    assert "is_published" not in sql
    with django_assert_num_queries(2):  # type: ignore[operator]
        item_content(ShopCatalog())


def test_a_method_may_read_any_column(django_assert_num_queries: object) -> None:
    class Counting(Catalog[Product]):
        model = Product
        text = "stock_text"

        def stock_text(self, product: Product) -> str:
            return f"{product.title}: {product.stock}"

    Product.objects.create(title="Mug", stock=3)

    with django_assert_num_queries(2):  # type: ignore[operator]
        _, content = item_content(Counting())
    assert content.texts == ["", "Mug: 3"]


def test_items_without_an_id_and_repeated_ids_are_left_out() -> None:
    class ByBrand(Catalog[Product]):
        model = Product
        item_id_field = "brand"

    for brand in ("Clay", "", "Clay", "x" * 65):
        Product.objects.create(title="Mug", brand=brand)

    item_ids, content = item_content(ByBrand())

    assert item_ids == ("", "Clay")
    assert len(content.texts) == 2


def test_paths_through_other_tables_cost_no_query_per_item(django_assert_num_queries: object) -> None:
    class Codes(Catalog[Permission]):
        model = Permission
        text = ("name", "content_type__model")

    class Roles(Catalog[Group]):
        model = Group
        categories = ("permissions__content_type__model",)
        attributes = {"first": "permissions__codename"}

    permissions = Permission.objects.filter(codename__in=("delete_event", "view_event")).order_by("codename")
    for name in ("reader", "writer"):
        Group.objects.create(name=name).permissions.set(permissions)

    with django_assert_num_queries(2):  # type: ignore[operator]
        _, codes = item_content(Codes())
    with django_assert_num_queries(4):  # type: ignore[operator]
        _, roles = item_content(Roles())

    assert "Can view event\nevent" in codes.texts
    assert roles.categories == [(), ("event", "event"), ("event", "event")]
    assert [sorted(attributes) for attributes in roles.attributes] == [[], ["first"], ["first"]]


def test_vectors_that_exist_already_come_in_by_name() -> None:
    class Sounding(Catalog[Product]):
        model = Product
        item_id_field = "title"
        vectors = {"sound": "sound_of", "supplier": lambda product: SUPPLIED.get(product.title)}

        def get_queryset(self) -> "QuerySet[Product]":
            return Product.objects.order_by("title")

        def sound_of(self, product: Product) -> object:
            return [product.stock, 0.5]

    Product.objects.bulk_create(Product(title=title, stock=place) for place, title in enumerate("abcdef"))

    item_ids, content = item_content(Sounding())

    place = {item_id: number for number, item_id in enumerate(item_ids)}
    assert content.vectors["sound"].dtype == np.float32
    assert content.vectors["sound"][[place["a"], place["c"]]].tolist() == [[0, 0.5], [2, 0.5]]
    told = {title: content.vectors["supplier"][place[title]].tolist() for title in "abc"}
    assert told == {"a": [1, 2], "b": [3, 4], "c": [5, 6]}
    assert np.isnan(content.vectors["supplier"][[0, place["d"], place["e"], place["f"]]]).all()


SUPPLIED = {
    "a": (1, 2),
    "b": "[3.0, 4.0]",
    "c": np.array([5, 6], dtype="<f4").tobytes(),
    "d": [7, 8, 9],  # of another length than most
    "e": [math.nan, 1],
    "f": {"not": "numbers"},
}


def test_a_catalogue_whose_vectors_are_all_missing_has_none() -> None:
    class Silent(Catalog[Product]):
        model = Product
        vectors = {"sound": lambda product: None}

    Product.objects.create(title="Mug")

    assert item_content(Silent())[1].vectors == {}
