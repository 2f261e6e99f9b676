"""One catalogue per project, found because of its module's name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_recs.catalog import Catalog, get_catalog, register, registry
from django_recs.exceptions import CatalogNotFound
from tests.shop.models import Product
from tests.shop.recs import ShopCatalog


def test_the_catalogue_in_recs_py_is_found() -> None:
    assert type(get_catalog()) is ShopCatalog


def test_registering_the_same_class_again_changes_nothing() -> None:
    before = get_catalog()

    assert register(ShopCatalog) is ShopCatalog
    assert get_catalog() is before


def test_a_second_catalogue_is_an_error_that_names_both() -> None:
    class Other(Catalog[Product]):
        model = Product

    with pytest.raises(ImproperlyConfigured) as error:
        register(Other)

    assert "tests.shop.recs.ShopCatalog" in str(error.value)
    assert "<locals>.Other" in str(error.value)
    assert type(get_catalog()) is ShopCatalog


def test_a_class_without_a_model_is_refused() -> None:
    class Modelless(Catalog[Product]):
        pass

    with pytest.raises(ImproperlyConfigured, match=r"needs `model = \.\.\.`"):
        register(Modelless)
    with pytest.raises(ImproperlyConfigured, match="is not a subclass of"):
        register(Product)  # type: ignore[type-var]


def test_without_a_catalogue_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", [])

    with pytest.raises(CatalogNotFound, match=r"Write a recs\.py in one of your INSTALLED_APPS"):
        get_catalog()
