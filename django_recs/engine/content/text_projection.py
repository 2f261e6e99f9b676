"""Texts as vectors from the shop's own catalogue: tf-idf over words and pieces of words, then truncated SVD.

Latent semantic analysis (Deerwester et al. 1990). Nothing is downloaded, and a word that training never met still has
pieces that it did: compounds, plurals, spelling mistakes. Transforming needs numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.content.tokens import Vocabulary, labels_of, subwords_of, words_of
from django_recs.engine.interactions import FloatArray, ItemContent
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TEXT_WIDTH = 64
"""D: length of a text vector at most."""
TOKEN_LIMIT = 30_000
"""Words and pieces that are kept, those of most items first."""
_OVERSAMPLING = 10
_ITERATIONS = 6


def text_tokens(content: ItemContent, item: int) -> list[str]:
    """Words (``=word``) and pieces of words of text, categories and attributes, and labels as wholes, each once."""
    labels = labels_of(content, item)
    words = words_of(" ".join([content.texts[item], *labels]))
    pieces = (piece for word in words for piece in subwords_of(word))
    return list(dict.fromkeys([*(f"={word}" for word in words), *pieces, *(f"=={label}" for label in labels)]))


@dataclass(frozen=True, kw_only=True)
class TextProjection:
    """What a catalogue's texts are made of, and the directions in which they differ most."""

    vocabulary: Vocabulary
    directions: FloatArray
    """(V, D) of each token; row 0 is padding and zero."""

    def vectors(self, content: ItemContent) -> FloatArray:
        """(M, D) of the M items of ``content``; NaN where no token of an item is known."""
        documents = (text_tokens(content, item) for item in range(len(content.texts)))
        vectors = np.full((len(content.texts), self.directions.shape[1]), np.nan, dtype=np.float32)
        for row, tokens in enumerate(self.vocabulary.numbers(documents)):
            if tokens:
                rarity = self.vocabulary.rarity[tokens]
                vectors[row] = rarity @ self.directions[tokens] / np.sqrt(rarity @ rarity)
        return vectors

    def arrays(self) -> Arrays:
        return {**self.vocabulary.arrays("text"), "text_directions": self.directions}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Raises `ValueError` when the arrays do not fit each other."""
        vocabulary = Vocabulary.from_arrays(arrays, "text")
        directions = np.asarray(arrays["text_directions"], dtype=np.float32)
        if directions.ndim != 2 or len(directions) != len(vocabulary):
            raise ValueError("The directions of the text do not fit its tokens.")
        return cls(vocabulary=vocabulary, directions=directions)


def fit_text_projection(content: ItemContent, items: Sequence[int]) -> TextProjection | None:
    """Fit on the given items; None where they have too few words to differ by. Imports scipy: for workers only."""
    documents = [text_tokens(content, item) for item in items]
    vocabulary = Vocabulary.fitted(documents, TOKEN_LIMIT)
    numbers = [row for row in vocabulary.numbers(documents) if row]
    width = min(TEXT_WIDTH, len(numbers) - 1, len(vocabulary) - 2)
    if width < 1:
        return None
    return TextProjection(vocabulary=vocabulary, directions=_directions(vocabulary, numbers, width))


def _directions(vocabulary: Vocabulary, numbers: Sequence[Sequence[int]], width: int) -> FloatArray:
    """(V, D) the first right singular vectors of the unit tf-idf rows, the strongest first, signs fixed."""
    from scipy.sparse import csr_array

    counts = np.array([len(row) for row in numbers])
    tokens = np.concatenate([np.asarray(row) for row in numbers])
    rarity = vocabulary.rarity[tokens].astype(np.float64)
    row_of = np.repeat(np.arange(len(numbers)), counts)
    lengths = np.sqrt(np.bincount(row_of, weights=rarity**2))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    matrix = csr_array((rarity / lengths[row_of], tokens, offsets), shape=(len(numbers), len(vocabulary)))
    strengths, right = _truncated_svd(matrix, width)
    right = right[strengths > 1e-6 * strengths[0]]
    right *= np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])[:, None]
    directions: FloatArray = right.T.astype(np.float32)
    return directions


def _truncated_svd(matrix: "csr_array", width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The ``width`` largest singular values, descending, and their right vectors (width, V).

    Randomised subspace iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4) from a fixed seed. scipy's own
    draws new random numbers where singular values coincide, so the same catalogue would get another network.
    """
    transposed = matrix.T.tocsr()
    guess = np.random.default_rng(0).normal(size=(matrix.shape[1], width + _OVERSAMPLING))
    for _ in range(_ITERATIONS):
        basis = np.linalg.qr(matrix @ guess)[0]
        guess = np.linalg.qr(transposed @ basis)[0]
    small = matrix @ guess
    _, strengths, right = np.linalg.svd(small, full_matrices=False)
    return strengths[:width], (right @ guess.T)[:width]
