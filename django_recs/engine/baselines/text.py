"""Items whose words are alike: the only counter that can speak for a product nobody has touched yet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.matrices import product_blocks
from django_recs.engine.baselines.walk import Walk
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, ItemContent
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_WORD = re.compile(r"[^\W_]+")
_COMMON_SHARE = 0.3
"""A word in more than this share of the items tells none of them apart and would make the product dense."""


@dataclass(frozen=True, kw_only=True)
class TextKNN:
    """Cosine of tf-idf vectors over the words of text, categories and attributes (Salton and Buckley, 1988)."""

    name: ClassVar[str] = "text_knn"
    supports_cold_items: ClassVar[bool] = True
    walk: Walk

    def score(self, histories: Histories) -> FloatArray:
        return self.walk.score(histories)

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` items with the most alike words, and the cosines."""
        return self.walk.similar(item, limit)

    def arrays(self) -> Arrays:
        return self.walk.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(walk=Walk.from_arrays(arrays))


def fit_text_knn(
    content: ItemContent, *, event_weights: WeightArray, history_half_life_days: float, neighbour_count: int
) -> TextKNN:
    """Links each item to its ``neighbour_count`` nearest and to all that count it among theirs.

    The second half lets a new product be reached from well-known ones that have nearer neighbours of their own.
    """
    vectors = tf_idf(content)
    nearest = Links.from_blocks(product_blocks(vectors, vectors.T.tocsr()), link_count=neighbour_count)
    matrix = _as_matrix(nearest)
    both_ways = matrix.maximum(matrix.T.tocsr())
    links = Links.from_blocks([both_ways], link_count=10 * neighbour_count)
    return TextKNN(walk=Walk(links=links, half_life_days=history_half_life_days, event_weights=event_weights))


def _as_matrix(links: Links) -> "csr_array":
    from scipy.sparse import csr_array

    size = links.item_count + 1
    rows = np.repeat(np.arange(size), np.diff(links.offsets))
    return csr_array((links.weights, (rows, links.items)), shape=(size, size))


def words_of(content: ItemContent) -> Iterator[list[str]]:
    """The words of each item: of its text, and its categories and attributes as words and as wholes."""
    for item, text in enumerate(content.texts):
        labels = list(content.categories[item])
        if content.attributes:
            labels += [f"{name} {value}" for name, value in content.attributes[item].items()]
        yield [
            *_WORD.findall(text.lower()),
            *(word for label in labels for word in _WORD.findall(label.lower())),
            *(f"={label.lower()}" for label in labels),
        ]


def tf_idf(content: ItemContent) -> "csr_array":
    """(I + 1, W) unit rows of sqrt(count) * log((1 + items) / (1 + items with the word))."""
    from scipy.sparse import csr_array

    vocabulary: dict[str, int] = {}
    rows, columns = [], []
    for item, words in enumerate(words_of(content)):
        rows += [item] * len(words)
        columns += [vocabulary.setdefault(word, len(vocabulary)) for word in words]
    shape = (len(content.texts), len(vocabulary))
    counts = csr_array(
        (np.ones(len(rows)), (np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64))), shape=shape
    )
    counts.sum_duplicates()
    item_count = max(shape[0] - 1, 1)
    holders = np.bincount(counts.indices, minlength=shape[1])
    rarity = np.log((1 + item_count) / (1 + holders))
    if item_count >= 50:
        rarity[holders > _COMMON_SHARE * item_count] = 0
    counts.data = np.sqrt(counts.data) * rarity[counts.indices]
    row = np.repeat(np.arange(shape[0]), np.diff(counts.indptr))
    norms = np.sqrt(np.bincount(row, weights=counts.data**2, minlength=shape[0]))
    counts.data /= np.maximum(norms, 1e-12)[row]
    counts.eliminate_zeros()
    return counts
