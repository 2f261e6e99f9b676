"""What everybody wants lately."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from django_recs.engine.baselines.decay import WeightArray, decayed
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories, Interactions
from django_recs.engine.recommender import Arrays


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Popularity that halves every ``half_life_days``: the same list for everybody."""

    supports_cold_items: ClassVar[bool] = False
    half_life_days: float
    popularity: FloatArray
    """(I + 1,) decayed number of persons, a person counted once per item, day and type of event."""

    @property
    def name(self) -> str:
        return f"trend_{self.half_life_days:g}d"

    def score(self, histories: Histories) -> FloatArray:
        return np.broadcast_to(self.popularity, (len(histories), len(self.popularity))).copy()

    def arrays(self) -> Arrays:
        return {"popularity": self.popularity, "half_life_days": np.array([self.half_life_days])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            half_life_days=float(np.asarray(arrays["half_life_days"], dtype=np.float64)[0]),
            popularity=np.asarray(arrays["popularity"], dtype=np.float32),
        )


def fit_trend(interactions: Interactions, *, event_weights: WeightArray, half_life_days: float) -> Trend:
    """Counts persons per item; ``event_weights`` holds one weight per type of `EVENT_TYPES`."""
    now = interactions.time.max(initial=0)
    keys = np.stack(
        [
            interactions.unit.astype(np.int64),
            interactions.item.astype(np.int64),
            interactions.time // SECONDS_PER_DAY,
            interactions.event_type.astype(np.int64),
        ]
    )
    first = np.unique(keys, axis=1, return_index=True)[1] if len(interactions) else np.zeros(0, dtype=np.int64)
    weights = decayed(event_weights[interactions.event_type[first]], now - interactions.time[first], half_life_days)
    sums = np.bincount(interactions.item[first], weights=weights, minlength=interactions.item_count + 1)
    return Trend(half_life_days=half_life_days, popularity=sums.astype(np.float32))
