"""System checks find what a catalogue names wrongly before a request does."""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db.models import Q

from django_recs.catalog import Catalog, registry
from django_recs.checks import check_catalog
from tests.shop.models import Product


def _messages(monkeypatch: pytest.MonkeyPatch, *catalogs: type[Catalog[Product]]) -> list[CheckMessage]:
    monkeypatch.setattr(registry, "_registered", [catalog() for catalog in catalogs])
    return check_catalog(None)


def test_the_test_shop_has_no_problem() -> None:
    assert check_catalog(None) == []


def test_no_catalogue_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    (message,) = _messages(monkeypatch)

    assert message.id == "django_recs.W001"
    assert "recs.py" in str(message.hint)


def test_each_unknown_name_is_an_error_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    class Misspelt(Catalog[Product]):
        model = Product
        title = "titel"
        text = ("description", "body")
        categories = ("category__name",)
        attributes = {"maker": "brand"}
        price = "get_absolute_url"

    messages = _messages(monkeypatch, Misspelt)

    assert [(message.id, message.msg) for message in messages] == [
        ("django_recs.E002", "Misspelt.title names 'titel', which Product does not have."),
        ("django_recs.E002", "Misspelt.text[1] names 'body', which Product does not have."),
        ("django_recs.E002", "Misspelt.categories[0] names 'category__name', which Product does not have."),
    ]
    assert str(messages[0].hint).startswith("Did you mean 'title'?")
    assert str(messages[1].hint).startswith("Name a field (")


@pytest.mark.parametrize("filters", [Q(statee="live"), {"stock__gt": 0}])
def test_a_filter_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch, filters: Any) -> None:
    class Hidden(Catalog[Product]):
        model = Product
        text = ("title",)
        available = filters

    (message,) = _messages(monkeypatch, Hidden)

    assert message.id == "django_recs.E002"
    assert message.msg.startswith("Hidden.available does not fit Product: ")


class NoField(Catalog[Product]):
    model = Product
    item_id_field = "sku"


class NotUnique(Catalog[Product]):
    model = Product
    item_id_field = "title"


@pytest.mark.parametrize(
    ("catalog", "words"), [(NoField, "is not a field with a column"), (NotUnique, "is not unique")]
)
def test_item_ids_must_tell_products_apart(
    catalog: type[Catalog[Product]], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (message,) = _messages(monkeypatch, catalog)

    assert message.id == "django_recs.E003"
    assert words in message.msg
