"""A voice that says what a test wrote down."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.recommender import Arrays


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Gives each visitor the row of ``said`` (V, I + 1) that the first item of the history names, else row 0."""

    supports_cold_items: ClassVar[bool] = False
    name: str
    said: FloatArray

    @classmethod
    def of(cls, name: str, *rows: list[float]) -> Self:
        return cls(name=name, said=np.array(rows, dtype=np.float32))

    def score(self, histories: Histories) -> FloatArray:
        first = np.zeros(len(histories), dtype=np.int64)
        filled = np.flatnonzero(np.diff(histories.offsets))
        first[filled] = histories.item[histories.offsets[filled]]
        return self.said[np.minimum(first, len(self.said) - 1)]

    def arrays(self) -> Arrays:
        return {"said": self.said}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(name="spoken", said=np.asarray(arrays["said"], dtype=np.float32))
