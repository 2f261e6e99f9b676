"""Where a product that nobody has touched lies among the items, found without torch and without a new training."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from django_recs.engine.content.scale import ContentScale
from django_recs.engine.content.tokens import TokenBags
from django_recs.engine.interactions import FloatArray, ItemContent
from django_recs.engine.recommender import Arrays

PREFIX = "content_"
"""Goes before the names of the arrays, because an artifact keeps them beside those of the network."""
_WEIGHTS = "weights_"


@dataclass(frozen=True, kw_only=True, eq=False)
class ContentWeights:
    """The content part of the fitted item tower. V words, C labels, S columns of named vectors, D wide."""

    words: FloatArray
    """(V, D), row 0 is padding and zero."""
    labels: FloatArray
    """(C, D), row 0 is padding and zero."""
    price: FloatArray
    """(2, D)"""
    price_bucket: FloatArray
    """(`PRICE_BUCKET_COUNT` + 1, D)"""
    vectors: FloatArray
    """(S, D)"""
    mix_in: FloatArray
    """(D + 1, D), the last row is the bias."""
    mix_out: FloatArray
    """(D + 1, D), the last row is the bias."""
    new: FloatArray
    """(D,) what all items without events share."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemPlacer:
    """The part of the item tower that reads the catalogue, with the scale it was fitted on.

    A product gets the vector that the tower gives to an item without events; offline and online differ by the rounding
    of torch and numpy. Raises `ValueError` when scale and weights do not fit each other.
    """

    scale: ContentScale
    weights: ContentWeights

    def __post_init__(self) -> None:
        width, weights = len(self.weights.new), self.weights
        rows = (len(self.scale.words), len(self.scale.labels), self.scale.vector_width, width + 1, width + 1)
        tables = (weights.words, weights.labels, weights.vectors, weights.mix_in, weights.mix_out)
        if [table.shape for table in tables] != [(count, width) for count in rows]:
            raise ValueError("The weights of the content do not fit its scale.")

    def place(self, content: ItemContent) -> FloatArray:
        """Vectors (I + 1, D) of the items of ``content``, which need not be the artifact's; row 0 is zero."""
        weights, features = self.weights, self.scale.features(content)
        summed = _mean(weights.words, features.words) + _mean(weights.labels, features.labels)
        summed += features.price @ weights.price + weights.price_bucket[features.price_bucket]
        summed += features.vectors @ weights.vectors
        mixed = _gelu(summed @ weights.mix_in[:-1] + weights.mix_in[-1])
        placed = summed + mixed @ weights.mix_out[:-1] + weights.mix_out[-1] + weights.new
        placed[0] = 0
        return np.asarray(placed, dtype=np.float32)

    def arrays(self) -> Arrays:
        tables = {
            f"{PREFIX}{_WEIGHTS}{field.name}": getattr(self.weights, field.name) for field in fields(self.weights)
        }
        return {**{f"{PREFIX}{key}": values for key, values in self.scale.arrays().items()}, **tables}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self | None:
        """None where ``arrays`` hold no placer, as in artifacts from before there was one.

        Raises `ValueError` when they do not fit each other.
        """
        mine = {key.removeprefix(PREFIX): values for key, values in arrays.items() if key.startswith(PREFIX)}
        if not mine:
            return None
        names = [field.name for field in fields(ContentWeights)]
        tables = {name: np.asarray(mine[_WEIGHTS + name], dtype=np.float32) for name in names}
        return cls(scale=ContentScale.from_arrays(mine), weights=ContentWeights(**tables))


def _mean(table: FloatArray, bags: TokenBags) -> FloatArray:
    """(M, D) weighted sums of the rows that the bags name."""
    sums: FloatArray = np.einsum("mw,mwd->md", bags.weight, table[bags.token])
    return sums


def _gelu(x: FloatArray) -> FloatArray:
    """The approximation by tanh (Hendrycks and Gimpel 2016), because numpy has no error function."""
    curve: FloatArray = 0.5 * x * (1 + np.tanh(np.float32(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3)))
    return curve
