"""What the catalogue said of each item when the model was trained: labels and prices, for choosing among all items.

The products of this moment have the last word on what is shown; these columns only say where to look.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, Int32Array, IntArray, ItemContent
from django_recs.engine.recommender import Arrays

CATEGORY = "category"
"""The field of category labels; others are named by the catalogue, such as ``brand``."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Assortment:
    """Labels and prices of I items; those of item i are ``labels[offsets[i]:offsets[i + 1]]``, the widest first."""

    prices: FloatArray
    """(I + 1,) in the shop's main currency, NaN where unknown."""
    fields: npt.NDArray[np.str_]
    """(K,) field of each label."""
    values: npt.NDArray[np.str_]
    """(K,) what each label says, such as ``Mugs``."""
    offsets: IntArray
    """(I + 2,)"""
    labels: Int32Array
    """(L,) numbers of labels."""

    @property
    def item_count(self) -> int:
        return len(self.offsets) - 2

    @cached_property
    def categories(self) -> IntArray:
        """(I + 1,) number of the narrowest category label of each item, -1 where it has none."""
        is_category = self.fields[self.labels] == CATEGORY
        last = np.full(self.item_count + 1, -1, dtype=np.int64)
        last[self._owners[is_category]] = self.labels[is_category]  # of several the last one stays
        return last

    def category_name(self, item: int) -> str:
        """The narrowest category label of an item, "" where it has none."""
        code = int(self.categories[item])
        return "" if code < 0 else str(self.values[code])

    def having(self, field: str, values: Collection[str]) -> BoolArray:
        """(I + 1,) whether an item has one of the labels; upper and lower case are the same."""
        wanted = {value.casefold() for value in values}
        codes = [code for code in np.flatnonzero(self.fields == field) if self._folded[code] in wanted]
        found = np.zeros(self.item_count + 1, dtype=np.bool_)
        found[self._owners[np.isin(self.labels, codes)]] = True
        return found

    @cached_property
    def _folded(self) -> list[str]:
        return [str(value).casefold() for value in self.values]

    @cached_property
    def _owners(self) -> IntArray:
        return np.repeat(np.arange(self.item_count + 1), np.diff(self.offsets))

    def arrays(self) -> Arrays:
        return {
            "prices": self.prices,
            "fields": self.fields,
            "values": self.values,
            "offsets": self.offsets,
            "labels": self.labels,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Raises `ValueError` when the arrays do not describe one assortment."""
        assortment = cls(
            prices=np.asarray(arrays["prices"], dtype=np.float32),
            fields=np.asarray(arrays["fields"], dtype=np.str_),
            values=np.asarray(arrays["values"], dtype=np.str_),
            offsets=np.asarray(arrays["offsets"], dtype=np.int64),
            labels=np.asarray(arrays["labels"], dtype=np.int32),
        )
        offsets, labels = assortment.offsets, assortment.labels
        fits = len(offsets) == len(assortment.prices) + 1 and offsets[0] == 0 and offsets[-1] == len(labels)
        if not fits or (np.diff(offsets) < 0).any() or len(assortment.fields) != len(assortment.values):
            raise ValueError("The labels do not fit the items.")
        if len(labels) and not (labels.min() >= 0 and labels.max() < len(assortment.values)):
            raise ValueError("An item has a label that does not exist.")
        return assortment


def build_assortment(content: ItemContent) -> Assortment:
    """The columns of a snapshot of the catalogue."""
    numbers: dict[tuple[str, str], int] = {}
    labels: list[int] = []
    offsets = [0]
    for item, categories in enumerate(content.categories):
        attributes = content.attributes[item] if content.attributes else {}
        named = [(CATEGORY, label) for label in categories] + list(attributes.items())
        labels += [numbers.setdefault(label, len(numbers)) for label in named]
        offsets.append(len(labels))
    return Assortment(
        prices=np.asarray(content.prices, dtype=np.float32),
        fields=np.array([field for field, _ in numbers], dtype=np.str_),
        values=np.array([value for _, value in numbers], dtype=np.str_),
        offsets=np.array(offsets, dtype=np.int64),
        labels=np.array(labels, dtype=np.int32),
    )
