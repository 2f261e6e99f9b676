"""Texts and labels as tokens, and a catalogue's vocabulary of them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, IntArray, ItemContent
from django_recs.engine.recommender import Arrays

SUBWORD_LENGTHS = (3, 4, 5)
"""Letters in a piece of a word (Bojanowski et al. 2017, section 3.2, who took 3 to 6)."""
TOKEN_LENGTH = 64
"""Characters of a word or label that are told apart: one endless word must not widen the array of all of them."""

_WORD = re.compile(r"[^\W_]+")

StrArray = npt.NDArray[np.str_]


def words_of(text: str) -> list[str]:
    """Lower-case letters-and-digits words of a text, each once, in order of appearance."""
    return list(dict.fromkeys(word[:TOKEN_LENGTH] for word in _WORD.findall(text.lower())))


def subwords_of(word: str) -> Iterator[str]:
    """Pieces of ``<word>`` of each of `SUBWORD_LENGTHS`, shorter than the whole; ``<`` and ``>`` mark its ends."""
    marked = f"<{word}>"
    for length in SUBWORD_LENGTHS:
        if length < len(marked):
            yield from (marked[start : start + length] for start in range(len(marked) - length + 1))


def labels_of(content: ItemContent, item: int) -> list[str]:
    """Categories and ``name=value`` attributes of an item, each once."""
    attributes = content.attributes[item] if len(content.attributes) else {}
    named = (f"{name}={value}" for name, value in attributes.items())
    return list(dict.fromkeys(label.lower()[:TOKEN_LENGTH] for label in (*content.categories[item], *named)))


@dataclass(frozen=True, kw_only=True)
class TokenBags:
    """For each item a bag of token numbers with weights that sum to 1; 0 pads."""

    token: IntArray
    """(M, W)"""
    weight: FloatArray
    """(M, W), 0 at padding."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The tokens that two training items or more share. The others are rare: they are left out, and where that leaves
    nothing the item says nothing, which the network knows from training."""

    tokens: StrArray
    """(V,) in order of token number; number 0 is "", the padding."""
    rarity: FloatArray
    """(V,) ln((n + 1) / (n_token + 1)) + 1 over n training items."""

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def fitted(cls, documents: Sequence[Iterable[str]], limit: int) -> Self:
        """The ``limit`` tokens of most documents; each document must hold a token once."""
        counts = Counter(token for document in documents for token in document)
        shared = [token for token, count in counts.items() if count > 1]
        ranked = sorted(shared, key=lambda token: (-counts[token], token))
        tokens = ["", *ranked[:limit]]
        seen = np.array([counts[token] for token in tokens], dtype=np.float64)
        rarity = np.log((len(documents) + 1) / (seen + 1)) + 1
        return cls(tokens=np.array(tokens, dtype=np.str_), rarity=rarity.astype(np.float32))

    def numbers(self, documents: Iterable[Iterable[str]]) -> list[list[int]]:
        """The known tokens of each document as numbers, in their order."""
        number_of = self._number_of
        return [[number_of[token] for token in document if token in number_of] for document in documents]

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {str(token): number for number, token in enumerate(self.tokens) if number}

    def bags(self, documents: Iterable[Iterable[str]], limit: int) -> TokenBags:
        """The first ``limit`` known tokens of each document, weighted by rarity."""
        bags = [bag[:limit] for bag in self.numbers(documents)]
        token = np.zeros((len(bags), max(1, *map(len, bags), 1)), dtype=np.int64)
        for item, bag in enumerate(bags):
            token[item, : len(bag)] = bag
        weight = np.where(token > 0, self.rarity[token], 0)
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)
        return TokenBags(token=token, weight=weight.astype(np.float32))

    def arrays(self, name: str) -> Arrays:
        return {f"{name}_tokens": self.tokens, f"{name}_rarity": self.rarity}

    @classmethod
    def from_arrays(cls, arrays: Arrays, name: str) -> Self:
        """Raises `ValueError` when the arrays do not fit each other."""
        tokens = np.asarray(arrays[f"{name}_tokens"], dtype=np.str_)
        rarity = np.asarray(arrays[f"{name}_rarity"], dtype=np.float32)
        if tokens.ndim != 1 or tokens.shape != rarity.shape or not len(tokens):
            raise ValueError(f"The {name} and their rarity do not fit.")
        return cls(tokens=tokens, rarity=rarity)
