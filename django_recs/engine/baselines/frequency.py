"""What this visitor takes again and again."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray, history_weights
from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.recommender import Arrays


@dataclass(frozen=True, kw_only=True)
class PersonalFrequency:
    """How often, and how lately, the visitor took each item. Knows nothing beyond the visitor's own history."""

    name: ClassVar[str] = "personal_frequency"
    supports_cold_items: ClassVar[bool] = False
    half_life_days: float
    event_weights: WeightArray
    """(T,) one per type of `EVENT_TYPES`."""
    item_count: int

    def score(self, histories: Histories) -> FloatArray:
        weights = history_weights(histories, self.event_weights, self.half_life_days)
        size = self.item_count + 1
        sums = np.bincount(histories.row * size + histories.item, weights=weights, minlength=len(histories) * size)
        return sums.reshape(len(histories), size).astype(np.float32)

    def arrays(self) -> Arrays:
        return {
            "half_life_days": np.array([self.half_life_days]),
            "event_weights": self.event_weights,
            "item_count": np.array([self.item_count], dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            half_life_days=float(np.asarray(arrays["half_life_days"], dtype=np.float64)[0]),
            event_weights=np.asarray(arrays["event_weights"], dtype=np.float64),
            item_count=int(np.asarray(arrays["item_count"], dtype=np.int64)[0]),
        )


def fit_personal_frequency(item_count: int, *, event_weights: WeightArray, half_life_days: float) -> PersonalFrequency:
    """Nothing is learned but the size of the catalogue: all the model needs comes with the visitor."""
    return PersonalFrequency(half_life_days=half_life_days, event_weights=event_weights, item_count=item_count)
