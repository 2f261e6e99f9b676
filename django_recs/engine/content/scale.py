"""What the catalogue says of items as numbers, fitted on the items that were in training.

Each kind has an answer to what is missing, rare or out of range, and the same answer offline and online, because the
same code reads the same arrays: see `ContentScale`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.content.text_projection import TextProjection, fit_text_projection
from django_recs.engine.content.tokens import TokenBags, Vocabulary, labels_of, words_of
from django_recs.engine.content.vectors import VectorScale, scale_arrays, scales_from_arrays
from django_recs.engine.interactions import FloatArray, IntArray, ItemContent
from django_recs.engine.recommender import Arrays

WORD_LIMIT = 32
"""Words kept per item, in reading order."""
LABEL_LIMIT = 16
"""Categories and attributes kept per item."""
VOCABULARY_LIMIT = 20_000
"""Most frequent words or labels that get an embedding."""
PRICE_BUCKET_COUNT = 16
PRICE_LIMIT = 4.0
"""Log prices further from the mean than so many standard deviations are outliers and moved there."""
TEXT = "text"
"""Name of the vectors made from texts: by the catalogue's own projection, or given by another encoder."""


@dataclass(frozen=True, kw_only=True)
class ItemFeatures:
    """M items as the item tower reads them."""

    words: TokenBags
    labels: TokenBags
    price: FloatArray
    """(M, 2): standardised log price (0 where unknown) and 1 where it is unknown."""
    price_bucket: IntArray
    """(M,) 0 where unknown, else 1 to `PRICE_BUCKET_COUNT`."""
    vectors: FloatArray
    """(M, S) for each named vector its `VectorScale.columns`, side by side in the order of their names."""


@dataclass(frozen=True, kw_only=True)
class ContentScale:
    """Vocabularies, price scale and vector scales, fitted on training items only and stored with the network.

    - Words and labels that fewer than two training items have are left out.
    - A price that is missing or not above 0 is told as unknown; outliers are moved to `PRICE_LIMIT`.
    - A vector that is missing is told as unknown; outliers are shortened. Names that were not in training are ignored,
      and names that are not given any more are told as unknown.
    """

    words: Vocabulary
    labels: Vocabulary
    text: TextProjection | None
    """None where another encoder gave the text vectors, or where there are too few words."""
    price_moments: npt.NDArray[np.float64]
    """(2,) mean and standard deviation of the log price."""
    price_edges: npt.NDArray[np.float64]
    """(`PRICE_BUCKET_COUNT` - 1,) quantiles of the log price."""
    vectors: Mapping[str, VectorScale]
    """By name, in alphabetical order."""

    @property
    def vector_width(self) -> int:
        """S: columns of `ItemFeatures.vectors`."""
        return sum(len(scale.mean) + 1 for scale in self.vectors.values())

    @property
    def unknown_columns(self) -> list[int]:
        """Which columns of `ItemFeatures.vectors` say that a vector is missing."""
        widths = [len(scale.mean) + 1 for scale in self.vectors.values()]
        return [int(stop) - 1 for stop in np.cumsum(widths)]

    def features(self, content: ItemContent) -> ItemFeatures:
        """The items of ``content`` in numbers; row by row, so that an item alone gets what it gets among others."""
        price = _log_prices(content.prices)
        known = np.isfinite(price)
        mean, deviation = self.price_moments
        scaled = np.where(known, (price - mean) / deviation, 0.0).clip(-PRICE_LIMIT, PRICE_LIMIT)
        return ItemFeatures(
            words=self.words.bags(map(words_of, content.texts), WORD_LIMIT),
            labels=self.labels.bags(_all_labels(content), LABEL_LIMIT),
            price=np.stack([scaled, ~known], axis=1).astype(np.float32),
            price_bucket=np.where(known, np.searchsorted(self.price_edges, price) + 1, 0).astype(np.int64),
            vectors=self._vector_columns(content),
        )

    def _vector_columns(self, content: ItemContent) -> FloatArray:
        size = len(content.texts)
        given = _with_text(content.vectors, self.text.vectors(content) if self.text else None)
        columns = [
            scale.columns(given.get(name, np.full((size, len(scale.mean)), np.nan, dtype=np.float32)))
            for name, scale in self.vectors.items()
        ]
        return np.concatenate([np.zeros((size, 0), dtype=np.float32), *columns], axis=1)

    def arrays(self) -> Arrays:
        return {
            **self.words.arrays("word"),
            **self.labels.arrays("label"),
            **(self.text.arrays() if self.text else {}),
            "price_moments": self.price_moments,
            "price_edges": self.price_edges,
            **scale_arrays(self.vectors),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Raises `ValueError` when the arrays do not fit each other."""
        moments = np.asarray(arrays["price_moments"], dtype=np.float64)
        edges = np.asarray(arrays["price_edges"], dtype=np.float64)
        if moments.shape != (2,) or edges.shape != (PRICE_BUCKET_COUNT - 1,):
            raise ValueError("The price scale has another shape.")
        return cls(
            words=Vocabulary.from_arrays(arrays, "word"),
            labels=Vocabulary.from_arrays(arrays, "label"),
            text=TextProjection.from_arrays(arrays) if "text_directions" in arrays else None,
            price_moments=moments,
            price_edges=edges,
            vectors=scales_from_arrays(arrays),
        )


def fit_content_scale(content: ItemContent, taught: npt.NDArray[np.bool_]) -> ContentScale:
    """Learn vocabularies and scales from the items marked in ``taught`` (I + 1,)."""
    items = np.flatnonzero(taught).tolist()
    price = _log_prices(content.prices[items])
    price = price[np.isfinite(price)]
    if not len(price):
        price = np.zeros(1)
    text = None if TEXT in content.vectors else fit_text_projection(content, items)
    vectors = _with_text(content.vectors, text.vectors(content) if text else None)
    return ContentScale(
        words=Vocabulary.fitted([words_of(content.texts[item]) for item in items], VOCABULARY_LIMIT),
        labels=Vocabulary.fitted([labels_of(content, item) for item in items], VOCABULARY_LIMIT),
        text=text,
        price_moments=np.array([price.mean(), max(float(price.std()), 1e-6)]),
        price_edges=np.quantile(price, np.linspace(0, 1, PRICE_BUCKET_COUNT + 1)[1:-1]),
        vectors={name: VectorScale.fitted(vectors[name][items]) for name in sorted(vectors)},
    )


def _with_text(vectors: Mapping[str, FloatArray], text: FloatArray | None) -> Mapping[str, FloatArray]:
    return vectors if text is None else {**vectors, TEXT: text}


def _log_prices(prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.log(np.where(prices > 0, prices, np.nan))


def _all_labels(content: ItemContent) -> Iterable[list[str]]:
    return (labels_of(content, item) for item in range(len(content.categories)))
