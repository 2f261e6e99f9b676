"""What the catalogue says for shelves that need it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from django_recs.catalog import Catalog, get_catalog
from django_recs.catalog.problems import catalog_problems
from tests.shop.models import Product


def catalog_of(**members: Any) -> Catalog[Any]:
    return type("Shelves", (Catalog,), {"model": Product, "price": "price", **members})()


@pytest.mark.parametrize(
    ("price", "list_price", "percent"),
    [("80", "100", 20), ("99.99", "100", 0), ("100", "100", 0), ("120", "100", 0), ("5", None, 0), (None, "9", 0)],
)
def test_a_reduction_in_percent(price: str | None, list_price: str | None, percent: int) -> None:
    product = Product(
        price=None if price is None else Decimal(price), list_price=None if list_price is None else Decimal(list_price)
    )

    assert catalog_of(list_price="list_price").get_reduction(product) == percent
    assert catalog_of().get_reduction(product) == 0


def test_a_date_is_its_first_moment_and_a_naive_time_is_local() -> None:
    product = Product(launched_on=date(2026, 5, 1), restocked_at=datetime(2026, 5, 2, 8, tzinfo=UTC))

    assert get_catalog().get_available_since(product) == datetime(2026, 5, 1, tzinfo=UTC)
    assert get_catalog().get_restocked_at(product) == datetime(2026, 5, 2, 8, tzinfo=UTC)
    assert get_catalog().get_available_since(Product()) is None
    assert catalog_of().get_available_since(product) is None


def test_variants_share_a_parent() -> None:
    assert get_catalog().get_parent(Product(variant_of="mug")) == "mug"
    assert get_catalog().get_parent(Product()) == ""
    assert catalog_of().get_parent(Product(variant_of="mug")) == ""


def test_newest_and_reduced_come_from_the_shops_own_queryset(db: None) -> None:
    rows = {
        "new": {"launched_on": date(2026, 5, 2), "list_price": 9},
        "older": {"launched_on": date(2026, 5, 1), "list_price": 2},
        "undated": {"list_price": None},
        "hidden": {"launched_on": date(2026, 5, 3), "list_price": 9, "is_published": False},
    }
    for title, columns in rows.items():
        Product.objects.create(title=title, price=5, **columns)

    assert [product.title for product in get_catalog().get_newest()] == ["new", "older"]
    assert [product.title for product in get_catalog().get_reduced()] == ["new"]
    assert list(catalog_of().get_newest()) == list(catalog_of().get_reduced()) == []
    assert list(catalog_of(list_price=lambda product: 9).get_reduced()) == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"available_since": "launched_on", "restocked_at": "restocked_at", "parent": "variant_of"}, []),
        ({"available_since": "get_absolute_url"}, ["E005"]),
        ({"restocked_at": lambda product: None}, ["E005"]),
        ({"parent": "mother"}, ["E002"]),
        ({"list_price": lambda product: 9}, []),
        ({"list_price": "price_before"}, ["E002"]),
    ],
)
def test_members_that_the_database_sorts_by_are_fields(members: dict[str, Any], expected: list[str]) -> None:
    assert [problem.check_id for problem in catalog_problems(catalog_of(**members))] == expected
