"""Which products a condition is about."""

from decimal import Decimal
from typing import Any

import pytest

from django_recs.catalog import get_catalog
from django_recs.engine.artifacts import Artifact
from django_recs.models import ModelVersion, Rule
from django_recs.serving.live import live_model
from django_recs.serving.merchandising import Condition, ProductFacts
from tests.serving.shop_fixtures import ITEM_IDS, NAMES
from tests.shop.models import Product

MUG = Product(title="Stoneware Mug", description="Holds tea", category="Mugs", brand="Hario", price=12)


def holds(product: Product = MUG, **columns: Any) -> bool:
    rule = Rule(name="x", action="hide", **columns)
    return Condition.of(rule).holds_for(ProductFacts(get_catalog(), "mug-1", product))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, True),
        ({"item_ids": ["mug-1", "other"]}, True),
        ({"item_ids": ["other"]}, False),
        ({"categories": ["mugs"]}, True),
        ({"categories": ["Mug"]}, False),
        ({"attributes": {"brand": ["Kinto", "HARIO"]}}, True),
        ({"attributes": {"brand": ["Kinto"]}}, False),
        ({"attributes": {"colour": ["red"]}}, False),
        ({"price_from": Decimal("12")}, True),
        ({"price_from": Decimal("12.01")}, False),
        ({"price_to": Decimal("12")}, True),
        ({"price_from": Decimal("1"), "price_to": Decimal("11.99")}, False),
        ({"words": "TEA mug"}, True),
        ({"words": "tea bowl"}, False),
        ({"categories": ["Mugs"], "price_to": Decimal("5")}, False),
    ],
)
def test_all_that_is_given_must_hold(columns: dict[str, Any], expected: bool) -> None:
    assert holds(**columns) is expected


def test_a_product_without_a_price_is_in_no_range() -> None:
    nameless = Product(title="x", price=None)

    assert not holds(nameless, price_from=Decimal(0))
    assert not holds(nameless, price_to=Decimal(9))


def test_a_catalogue_that_raises_says_nothing(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def fail(self: object, product: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(type(get_catalog()), "get_categories", fail)

    assert holds(categories=["Mugs"]) is False
    assert "could not say what a rule asks" in caplog.text


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"categories": ["tableware"]}, ["mug", "bowl", "plate"]),
        ({"attributes": {"brand": ["Hario"]}}, ["mug", "lamp"]),
        ({"attributes": {"brand": ["Hario"]}, "price_from": Decimal(2)}, ["lamp"]),
        ({"price_to": Decimal(2)}, ["mug", "bowl"]),
        ({"item_ids": [ITEM_IDS["sofa"], "unknown"]}, ["sofa"]),
        ({"categories": ["Nothing"]}, []),
    ],
)
def test_where_to_look_by_what_was_known_at_training(
    shelves: ModelVersion, columns: dict[str, Any], expected: list[str]
) -> None:
    among = Condition.of(Rule(name="x", action="filter", **columns)).among(_artifact())

    assert among is not None
    assert [NAMES[index - 1] for index in among.nonzero()[0].tolist()] == expected


def test_words_and_old_artifacts_leave_everything_open(shelves: ModelVersion) -> None:
    assert Condition.of(Rule(name="x", action="filter", words="tea")).among(_artifact()) is None
    old = Artifact(manifest={}, item_ids=_artifact().item_ids, blend=_artifact().blend)
    assert Condition.of(Rule(name="x", action="filter", categories=["Tableware"])).among(old) is None


def _artifact() -> Artifact:
    model = live_model()
    assert model is not None
    return model.artifact
