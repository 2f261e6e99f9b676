"""WordPiece, the tokenizer of BERT and of most sentence encoders, read from its ``tokenizer.json``.

Normalisation and splitting as in BERT's reference (Devlin et al. 2019, ``tokenization.py``): control characters go,
accents go where letters are lowered, Chinese characters and punctuation stand alone. Longest match first.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django_recs.engine.content.encoders.opening import EncoderUnusable, json_in

FILE = "tokenizer.json"
_WORD_LIMIT = 100
_CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


@dataclass(frozen=True, kw_only=True)
class WordPiece:
    """Text -> numbers of pieces."""

    vocabulary: Mapping[str, int]
    lower_case: bool
    strip_accents: bool
    unknown: str = "[UNK]"
    first: str = "[CLS]"
    last: str = "[SEP]"

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Raises `EncoderUnusable` when the folder's tokenizer is missing or of another kind."""
        facts = json_in(folder / FILE)
        model, normalizer = facts.get("model") or {}, facts.get("normalizer") or {}
        if model.get("type") != "WordPiece" or not isinstance(model.get("vocab"), dict):
            raise EncoderUnusable(f"{folder / FILE} holds no WordPiece vocabulary: {model.get('type', 'no file')}.")
        lower_case = bool(normalizer.get("lowercase", True))
        strip = normalizer.get("strip_accents")
        tokenizer = cls(
            vocabulary=model["vocab"],
            lower_case=lower_case,
            strip_accents=lower_case if strip is None else bool(strip),
            unknown=model.get("unk_token", "[UNK]"),
        )
        if missing := {tokenizer.unknown, cls.first, cls.last} - set(tokenizer.vocabulary):
            raise EncoderUnusable(f"{folder / FILE} lacks {', '.join(sorted(missing))}.")
        return tokenizer

    def numbers(self, text: str, limit: int) -> list[int]:
        """Of the first ``limit`` pieces, marks at both ends included."""
        pieces: list[int] = []
        for word in self._words(text):
            pieces += self._pieces(word)
            if len(pieces) >= limit - 2:
                break
        return [self.vocabulary[self.first], *pieces[: limit - 2], self.vocabulary[self.last]]

    def _words(self, text: str) -> Iterator[str]:
        clean = "".join(map(_clean, text))
        if self.lower_case:
            clean = clean.lower()
        if self.strip_accents:
            clean = "".join(char for char in unicodedata.normalize("NFD", clean) if unicodedata.category(char) != "Mn")
        return iter("".join(f" {char} " if _stands_alone(char) else char for char in clean).split())

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _WORD_LIMIT:
            return [self.vocabulary[self.unknown]]
        pieces, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            stops = range(len(word), start, -1)
            stop = next((stop for stop in stops if mark + word[start:stop] in self.vocabulary), None)
            if stop is None:
                return [self.vocabulary[self.unknown]]
            pieces.append(self.vocabulary[mark + word[start:stop]])
            start = stop
        return pieces


def _clean(char: str) -> str:
    if char in "\t\n\r":
        return " "
    category = unicodedata.category(char)
    if char in "\x00\ufffd" or category.startswith("C"):
        return ""
    return " " if category == "Zs" else char


def _stands_alone(char: str) -> bool:
    code = ord(char)
    if any(low <= code <= high for low, high in _CHINESE):
        return True
    is_ascii_sign = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return is_ascii_sign or unicodedata.category(char).startswith("P")
