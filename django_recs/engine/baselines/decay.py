"""How much an event still counts: the weight of its type, halved every half-life."""

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import SECONDS_PER_DAY, Histories

WeightArray = npt.NDArray[np.float64]


def decayed(weight: WeightArray, age_seconds: npt.NDArray[np.int64], half_life_days: float) -> WeightArray:
    """``weight * 2 ** (-age / half_life)``; events from the future count as new. An infinite half-life never decays."""
    age = np.maximum(age_seconds, 0) / SECONDS_PER_DAY
    return np.asarray(weight * np.exp2(-age / half_life_days), dtype=np.float64)


def history_weights(histories: Histories, event_weights: WeightArray, half_life_days: float) -> WeightArray:
    """(N,) weight of each event of the histories at its visitor's ``now``."""
    age = np.repeat(histories.now, np.diff(histories.offsets)) - histories.time
    return decayed(event_weights[histories.event_type], age, half_life_days)
