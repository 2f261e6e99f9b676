"""What rules make of a list: each action alone, and the order in which they apply."""

from typing import Any

import pytest

from django_recs.catalog import get_catalog
from django_recs.models import Rule
from django_recs.serving.merchandising import Arranged, Merchandising, ProductFacts
from tests.shop.models import Product

LIST = ("mug a", "mug b", "mug c", "tea a", "tea b", "pot c")
"""Category and brand of six products, best first; scores 6 to 1."""


def arranged(*rules: Rule, names: tuple[str, ...] = LIST, extra: tuple[str, ...] = (), limit: int = 6) -> list[str]:
    """The names in the order that the rules make; ``extra`` was read for a pin only."""
    items = [_item(name, score=float(len(names) - place), place=place) for place, name in enumerate(names)]
    items += [_item(name, score=0.0, place=99, is_own=False) for name in extra]
    return [item.facts.item_id for item in Merchandising.of(rules).arrange(items, limit=limit)]


def _item(name: str, *, score: float, place: int, is_own: bool = True) -> Arranged:
    category, brand = name.split()
    product = Product(title=name, category=category, brand=brand, price=5)
    return Arranged(facts=ProductFacts(get_catalog(), name, product), score=score, place=place, is_own=is_own)


def rule(action: str, pk: int = 1, **columns: Any) -> Rule:
    return Rule(pk=pk, name=action, action=action, **columns)


def test_without_a_rule_the_list_stays() -> None:
    assert arranged(limit=4) == ["mug a", "mug b", "mug c", "tea a"]


def test_hide_takes_off_and_show_only_takes_off_the_others() -> None:
    assert arranged(rule("hide", categories=["mug"])) == ["tea a", "tea b", "pot c"]
    assert arranged(rule("filter", categories=["mug", "pot"])) == ["mug a", "mug b", "mug c", "pot c"]
    both = rule("filter", categories=["mug"]), rule("filter", attributes={"brand": ["a", "b"]})
    assert arranged(*both) == ["mug a", "mug b"]


def test_boost_and_bury_multiply_scores() -> None:
    assert arranged(rule("boost", categories=["tea"], factor=2), limit=3) == ["mug a", "tea a", "mug b"]
    assert arranged(rule("bury", categories=["mug"], factor=0.1)) == [
        "tea a",
        "tea b",
        "pot c",
        "mug a",
        "mug b",
        "mug c",
    ]
    together = rule("boost", categories=["pot"], factor=3), rule("boost", attributes={"brand": ["c"]}, factor=3)
    assert arranged(*together, limit=3) == ["mug c", "pot c", "mug a"]  # 12, 9 and 6


def test_a_cap_passes_over_what_is_too_many() -> None:
    assert arranged(rule("cap", most=1, cap_by="category")) == ["mug a", "tea a", "pot c"]
    assert arranged(rule("cap", most=2, cap_by="brand"), limit=5) == ["mug a", "mug b", "mug c", "tea a", "tea b"]
    assert arranged(rule("cap", most=1, categories=["mug"])) == ["mug a", "tea a", "tea b", "pot c"]
    assert arranged(rule("cap", most=0, categories=["mug"])) == ["tea a", "tea b", "pot c"]


def test_a_quota_is_reached_as_early_as_its_share_allows() -> None:
    own = rule("quota", share_percent=50, attributes={"brand": ["c"]})

    assert arranged(own, limit=4) == ["mug a", "mug c", "mug b", "pot c"]
    assert arranged(rule("quota", share_percent=100, categories=["pot"]), limit=3) == ["pot c", "mug a", "mug b"]


def test_a_pin_takes_its_place_and_the_others_keep_their_order() -> None:
    assert arranged(rule("pin", position=2, item_ids=["pot c"]), limit=4) == ["mug a", "pot c", "mug b", "mug c"]
    assert arranged(rule("pin", position=1, categories=["tea"]), limit=3) == ["tea a", "mug a", "mug b"]


def test_of_several_pinned_products_the_first_that_may_be_shown_is_taken() -> None:
    assert arranged(rule("pin", position=1, item_ids=["gone x", "tea b", "pot c"]), limit=2) == ["tea b", "mug a"]


def test_a_pinned_product_need_not_be_on_the_list() -> None:
    pin = rule("pin", position=1, item_ids=["hat d"])

    assert arranged(pin, extra=("hat d",), limit=3) == ["hat d", "mug a", "mug b"]
    assert arranged(pin, names=(), extra=("hat d",)) == []
    assert arranged(rule("hide", categories=["sock"]), extra=("hat d",), limit=2) == ["mug a", "mug b"]


def test_of_two_pins_for_one_place_the_older_wins() -> None:
    pins = rule("pin", pk=2, position=1, item_ids=["tea b"]), rule("pin", pk=1, position=1, item_ids=["pot c"])

    assert arranged(*pins, limit=3) == ["pot c", "tea b", "mug a"]


def test_a_pin_behind_the_end_of_a_short_list_comes_last() -> None:
    assert arranged(rule("pin", position=5, item_ids=["tea a"]), names=("tea a", "mug a")) == ["mug a", "tea a"]
    assert arranged(rule("pin", position=9, item_ids=["pot c"]), limit=3) == ["mug a", "mug b", "mug c"]


@pytest.mark.parametrize("action", ["hide", "filter"])
def test_hiding_comes_before_pinning(action: str) -> None:
    off = rule("hide", categories=["pot"]) if action == "hide" else rule("filter", categories=["mug", "tea"])

    assert arranged(off, rule("pin", pk=2, position=1, item_ids=["pot c"]), limit=2) == ["mug a", "mug b"]


def test_pins_count_towards_caps_and_quotas() -> None:
    pin = rule("pin", position=3, item_ids=["mug b"])

    assert arranged(pin, rule("cap", pk=2, most=1, cap_by="category")) == ["tea a", "pot c", "mug b"]
    quota = rule("quota", pk=2, share_percent=50, categories=["pot"])
    assert arranged(rule("pin", position=1, item_ids=["pot c"]), quota, limit=2) == ["pot c", "mug a"]


def test_a_boost_comes_before_a_cap() -> None:
    rules = rule("boost", attributes={"brand": ["c"]}, factor=9), rule("cap", pk=2, most=1, cap_by="category")

    assert arranged(*rules) == ["mug c", "pot c", "tea a"]
