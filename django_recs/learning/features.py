"""What the catalogue says of items as numbers: words, labels and price, fitted on the items that were in training."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, IntArray, Interactions, ItemContent

WORD_LIMIT = 32
"""Words kept per item, in reading order."""
LABEL_LIMIT = 16
"""Categories and attributes kept per item."""
VOCABULARY_LIMIT = 20_000
"""Most frequent words or labels that get an embedding."""
PRICE_BUCKET_COUNT = 16

_WORD = re.compile(r"[^\W_]+")

StrArray = npt.NDArray[np.str_]


def words_of(text: str) -> list[str]:
    """Lower-case letters-and-digits words of a text, each once, in order of appearance."""
    return list(dict.fromkeys(_WORD.findall(text.lower())))


def labels_of(content: ItemContent, item: int) -> list[str]:
    """Categories and ``name=value`` attributes of an item, each once."""
    attributes = content.attributes[item] if len(content.attributes) else {}
    named = [f"{name}={value}".lower() for name, value in attributes.items()]
    return list(dict.fromkeys([*(label.lower() for label in content.categories[item]), *named]))


@dataclass(frozen=True, kw_only=True)
class TokenBags:
    """For each item a bag of token numbers with weights that sum to 1; 0 pads."""

    token: IntArray
    """(I + 1, W)"""
    weight: FloatArray
    """(I + 1, W), 0 at padding."""


@dataclass(frozen=True, kw_only=True)
class ItemFeatures:
    """The catalogue as the item tower reads it."""

    words: TokenBags
    labels: TokenBags
    price: FloatArray
    """(I + 1, 2): standardised log price (0 where unknown) and 1 where it is unknown."""
    price_bucket: IntArray
    """(I + 1,) 0 where unknown, else 1 to `PRICE_BUCKET_COUNT`."""
    word_count: int
    """Rows of an embedding of words, padding included."""
    label_count: int
    """Rows of an embedding of labels, padding included."""


@dataclass(frozen=True, kw_only=True)
class ContentScale:
    """Vocabularies and price scale, fitted on training items only. All fields are arrays."""

    words: StrArray
    """(V,) in order of token number; number 0 is "", the padding."""
    word_rarity: FloatArray
    """(V,) inverse document frequency."""
    labels: StrArray
    """(C,) as ``words``."""
    label_rarity: FloatArray
    """(C,)"""
    price_moments: npt.NDArray[np.float64]
    """(2,) mean and standard deviation of the log price."""
    price_edges: npt.NDArray[np.float64]
    """(`PRICE_BUCKET_COUNT` - 1,) quantiles of the log price."""

    def features(self, content: ItemContent) -> ItemFeatures:
        """``content`` in numbers; words and labels that were not in training are left out."""
        price = _log_prices(content.prices)
        known = np.isfinite(price)
        mean, deviation = self.price_moments
        scaled = np.where(known, (price - mean) / deviation, 0.0).clip(-4, 4)
        return ItemFeatures(
            words=_bags(map(words_of, content.texts), self.words, self.word_rarity, WORD_LIMIT),
            labels=_bags(_all_labels(content), self.labels, self.label_rarity, LABEL_LIMIT),
            price=np.stack([scaled, ~known], axis=1).astype(np.float32),
            price_bucket=np.where(known, np.searchsorted(self.price_edges, price) + 1, 0).astype(np.int64),
            word_count=len(self.words),
            label_count=len(self.labels),
        )


def fit_content_scale(content: ItemContent, taught: npt.NDArray[np.bool_]) -> ContentScale:
    """Learn vocabularies and price scale from the items marked in ``taught`` (I + 1,)."""
    items = np.flatnonzero(taught).tolist()
    words, word_rarity = _vocabulary([words_of(content.texts[item]) for item in items])
    labels, label_rarity = _vocabulary([labels_of(content, item) for item in items])
    price = _log_prices(content.prices[items])
    price = price[np.isfinite(price)]
    if not len(price):
        price = np.zeros(1)
    return ContentScale(
        words=words,
        word_rarity=word_rarity,
        labels=labels,
        label_rarity=label_rarity,
        price_moments=np.array([price.mean(), max(float(price.std()), 1e-6)]),
        price_edges=np.quantile(price, np.linspace(0, 1, PRICE_BUCKET_COUNT + 1)[1:-1]),
    )


def fit_gap_edges(interactions: Interactions, *, bucket_count: int = 16) -> IntArray:
    """Edges (G,) in seconds that spread the pauses between a unit's events evenly over the buckets.

    The first bucket is "at the same moment", such as the lines of one order.
    """
    gaps = np.diff(interactions.time)[np.diff(interactions.unit) == 0]
    pauses = gaps[gaps > 0]
    if not len(pauses):
        return np.array([1], dtype=np.int64)
    edges = np.quantile(pauses, np.linspace(0, 1, bucket_count)[1:-1]).astype(np.int64)
    return np.unique(np.concatenate([[1], edges])).astype(np.int64)


def _log_prices(prices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.log(np.where(prices > 0, prices, np.nan))


def _all_labels(content: ItemContent) -> Iterable[list[str]]:
    return (labels_of(content, item) for item in range(len(content.categories)))


def _vocabulary(documents: Sequence[Sequence[str]]) -> tuple[StrArray, FloatArray]:
    """Tokens of two documents or more, most frequent first, with ln((n + 1) / (n_token + 1)) + 1 as their rarity."""
    counts = Counter(token for document in documents for token in document)
    ranked = sorted((token for token, count in counts.items() if count > 1), key=lambda token: (-counts[token], token))
    tokens = ["", *ranked[:VOCABULARY_LIMIT]]
    seen = np.array([counts[token] for token in tokens], dtype=np.float64)
    return np.array(tokens, dtype=np.str_), (np.log((len(documents) + 1) / (seen + 1)) + 1).astype(np.float32)


def _bags(documents: Iterable[Sequence[str]], tokens: StrArray, rarity: FloatArray, limit: int) -> TokenBags:
    number_of = {str(token): number for number, token in enumerate(tokens) if number}
    bags = [[number_of[token] for token in document if token in number_of][:limit] for document in documents]
    token = np.zeros((len(bags), max(1, *map(len, bags))), dtype=np.int64)
    for item, bag in enumerate(bags):
        token[item, : len(bag)] = bag
    weight = np.where(token > 0, rarity[token], 0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)
    return TokenBags(token=token, weight=weight.astype(np.float32))
