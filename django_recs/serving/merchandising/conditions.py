"""Which products a rule is about, by what the `Catalog` says of them and nothing else: no lookups, no expressions."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np

from django_recs.catalog import Catalog
from django_recs.engine.artifacts import Artifact
from django_recs.engine.shelves.assortment import CATEGORY, BoolArray
from django_recs.models import Rule

logger = logging.getLogger(__name__)

ReadT = TypeVar("ReadT")


class ProductFacts:
    """What conditions may ask of one product, read from the catalogue when it is asked for. Never raises."""

    def __init__(self, catalog: Catalog[Any], item_id: str, product: Any) -> None:
        self.item_id = item_id
        self._catalog = catalog
        self._product = product

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Labels in lower case, the widest first."""
        found: tuple[str, ...] = self._read(self._catalog.get_categories, ())
        return tuple(label.casefold() for label in found)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Values in lower case."""
        named: dict[str, str] = self._read(self._catalog.get_attributes, {})
        return {name: value.casefold() for name, value in named.items()}

    @cached_property
    def price(self) -> float | None:
        return self._read(self._catalog.get_price, None)

    @cached_property
    def words(self) -> str:
        """Title and text in lower case."""
        title, text = self._read(self._catalog.get_title, ""), self._read(self._catalog.get_text, "")
        return f"{title}\n{text}".casefold()

    def label(self, name: str) -> str:
        """The narrowest category for ``category``, else the attribute of that name; "" where there is none."""
        if name == CATEGORY:
            return self.categories[-1] if self.categories else ""
        return self.attributes.get(name, "")

    def _read(self, read: Callable[[Any], Any], otherwise: ReadT) -> ReadT:
        try:
            found: ReadT = read(self._product)
            return found
        except Exception:  # the shop's code may raise anything, and a page must not fail over one product
            logger.exception("The catalogue could not say what a rule asks of item %s", self.item_id)
            return otherwise


@dataclass(frozen=True, kw_only=True)
class Condition:
    """All that is given must hold; of several values of one kind, one. Upper and lower case are the same."""

    item_ids: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    price_from: float | None = None
    price_to: float | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Rule) -> Self:
        return cls(
            item_ids=tuple(map(str, rule.item_ids)),
            categories=_folded(rule.categories),
            attributes={str(name): _folded(values) for name, values in rule.attributes.items()},
            price_from=None if rule.price_from is None else float(rule.price_from),
            price_to=None if rule.price_to is None else float(rule.price_to),
            words=tuple(rule.words.casefold().split()),
        )

    def holds_for(self, item: ProductFacts) -> bool:
        return (
            (not self.item_ids or item.item_id in self.item_ids)
            and (not self.categories or not self.categories.isdisjoint(item.categories))
            and all(item.attributes.get(name, "") in values for name, values in self.attributes.items())
            and self._holds_for_price(item)
            and (not self.words or all(word in item.words for word in self.words))
        )

    def _holds_for_price(self, item: ProductFacts) -> bool:
        if self.price_from is None and self.price_to is None:
            return True
        price = item.price
        above = price is not None and (self.price_from is None or price >= self.price_from)
        return above and (self.price_to is None or (price is not None and price <= self.price_to))

    def among(self, artifact: Artifact) -> BoolArray | None:
        """(I + 1,) where to look: items that met the condition when the model was trained; None for everywhere.

        Words are not looked up: they are only asked of the products.
        """
        if artifact.shelf_facts is None:
            return None
        assortment = artifact.shelf_facts.assortment
        parts: list[BoolArray] = []
        if self.item_ids:
            listed = np.zeros(len(artifact.item_ids), dtype=np.bool_)
            listed[[index for item_id in self.item_ids if (index := artifact.index_of(item_id))]] = True
            parts.append(listed)
        if self.categories:
            parts.append(assortment.having(CATEGORY, self.categories))
        parts += [assortment.having(name, values) for name, values in self.attributes.items()]
        if self.price_from is not None:
            parts.append(assortment.prices >= self.price_from)
        if self.price_to is not None:
            parts.append(assortment.prices <= self.price_to)
        return np.logical_and.reduce(parts) if parts else None


def _folded(values: object) -> frozenset[str]:
    return frozenset(str(value).casefold() for value in values) if isinstance(values, (list, tuple)) else frozenset()
