"""Under which circumstances something happened, or is asked for: named categories such as device and country."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
Rows = slice | npt.NDArray[np.bool_] | npt.NDArray[np.integer]

DEVICE = "device"
COUNTRY = "country"
CUSTOMER_PREFIX = "customer."
"""Begins the name of an attribute of the customer, such as ``customer.tier``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Circumstances:
    """Named categories of N events or moments, as numbers into lists of texts; number 0 is "", which means unknown."""

    codes: Mapping[str, Int32Array]
    """(N,) by name."""
    texts: Mapping[str, Sequence[str]]
    """By name; ``texts[name][0] == ""``. Shared by all that is taken from the same events."""

    def at(self, rows: Rows) -> Self:
        """The circumstances of some of the events."""
        return type(self)(codes={name: codes[rows] for name, codes in self.codes.items()}, texts=self.texts)

    def beside(self, others: Self) -> Self:
        """Those of both, of the same events."""
        return type(self)(codes={**self.codes, **others.codes}, texts={**self.texts, **others.texts})

    def and_then(self, later: Self) -> Self:
        """Those of both, one after the other; ``later`` shares the texts."""
        codes = {name: np.concatenate([codes, later.codes[name]]) for name, codes in self.codes.items()}
        return type(self)(codes=codes, texts=self.texts)

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[str]]) -> Self:
        """From texts (N,) by name, "" where unknown."""
        texts = {name: list(dict.fromkeys(["", *column])) for name, column in columns.items()}
        places = {name: {text: place for place, text in enumerate(known)} for name, known in texts.items()}
        return cls(
            codes={
                name: np.array([places[name][text] for text in column], dtype=np.int32)
                for name, column in columns.items()
            },
            texts=texts,
        )


NOTHING_KNOWN = Circumstances(codes={}, texts={})
"""Of any number of events."""
