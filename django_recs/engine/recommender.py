"""The protocol behind which every way of recommending stands."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, Histories

Arrays = Mapping[str, npt.NDArray[np.generic]]


class Recommender(Protocol):
    """A fitted way to score all items for a visitor. Immutable, and safe to share between threads.

    Fitting is a separate function per recommender (``fit_...``), because what it needs differs; scoring is one.
    """

    @property
    def name(self) -> str:
        """Key of this recommender in artifacts, metrics tables and the admin."""
        ...

    supports_cold_items: ClassVar[bool]
    """Whether an item without any event can get a score other than 0."""

    def score(self, histories: Histories) -> FloatArray:
        """Scores (B, I + 1), higher is better, 0 where nothing is known; column 0 is meaningless."""
        ...

    def arrays(self) -> Arrays:
        """What an artifact stores; `from_arrays` restores the same scores to the last bit."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self: ...
