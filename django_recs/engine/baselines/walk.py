"""One step from a visitor's history along the links of its items; what the neighbour voices share."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray, history_weights
from django_recs.engine.baselines.links import Links
from django_recs.engine.interactions import FloatArray, Histories, Int32Array
from django_recs.engine.recommender import Arrays


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Links, and how much each event of a history counts when it follows them."""

    links: Links
    half_life_days: float
    """Age at which an event of the visitor counts half."""
    event_weights: WeightArray
    """(T,) one per type of `EVENT_TYPES`."""

    def score(self, histories: Histories) -> FloatArray:
        """(B, I + 1) sums of event weight times link weight."""
        return self.links.spread(histories, history_weights(histories, self.event_weights, self.half_life_days))

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` strongest links of one item: items int32 (n,) and weights float32 (n,)."""
        return self.links.of(item, limit)

    def arrays(self) -> Arrays:
        return {
            **self.links.arrays(),
            "half_life_days": np.array([self.half_life_days]),
            "event_weights": self.event_weights,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            links=Links.from_arrays(arrays),
            half_life_days=float(np.asarray(arrays["half_life_days"], dtype=np.float64)[0]),
            event_weights=np.asarray(arrays["event_weights"], dtype=np.float64),
        )
