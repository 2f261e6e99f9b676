"""How many persons want each item: over the last months, and at each time of day and week."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, IntArray, Interactions
from django_recs.engine.recommender import Arrays

SOLD_DAYS = 90
"""Bestsellers are counted over so many days before the last event."""
DAYPART_PRIOR = 20.0
"""Pseudo-persons of the whole day that the persons of a daypart are added to."""
DAYPARTS = (
    "weekday night",
    "weekday morning",
    "weekday afternoon",
    "weekday evening",
    "weekend night",
    "weekend morning",
    "weekend afternoon",
    "weekend evening",
)
"""Code of a daypart = its place in this tuple. Append only: artifacts hold the codes."""
_HOUR_PARTS = np.array([0] * 5 + [1] * 6 + [2] * 6 + [3] * 5 + [0] * 2)
"""Night until 5, morning until 11, afternoon until 17, evening until 22."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Persons per item."""

    sold: FloatArray
    """(I + 1,) distinct persons who bought it in the last `SOLD_DAYS` days."""
    lifts: FloatArray
    """(D, I + 1) by daypart: how much more it is wanted then than over the whole week, 1 for neither more nor less."""

    def arrays(self) -> Arrays:
        return {"sold": self.sold, "lifts": self.lifts}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        demand = cls(
            sold=np.asarray(arrays["sold"], dtype=np.float32), lifts=np.asarray(arrays["lifts"], dtype=np.float32)
        )
        if demand.lifts.shape != (len(DAYPARTS), len(demand.sold)):
            raise ValueError("The dayparts do not fit the items.")
        return demand


def daypart(hour: int, weekday: int) -> int:
    """The code of a local hour (0 to 23) on a weekday (Monday 0)."""
    return int(_HOUR_PARTS[hour]) + 4 * (weekday >= 5)


def fit_demand(interactions: Interactions, utc_offsets: IntArray) -> Demand:
    """Count persons.

    Args:
        utc_offsets: (N,) seconds that the shop's clock was ahead of UTC at each event.
    """
    size = interactions.item_count + 1
    now = interactions.time.max(initial=0)
    recent = (interactions.event_type == PURCHASE_CODE) & (interactions.time > now - SOLD_DAYS * SECONDS_PER_DAY)
    return Demand(
        sold=_persons(interactions.unit[recent], interactions.item[recent], size).astype(np.float32),
        lifts=_lifts(interactions, utc_offsets, size),
    )


def _lifts(interactions: Interactions, utc_offsets: IntArray, size: int) -> FloatArray:
    """p(item | daypart) / p(item), with `DAYPART_PRIOR` persons of the whole week added to each daypart."""
    local = interactions.time + utc_offsets
    hour, weekday = local // 3_600 % 24, (local // SECONDS_PER_DAY + 3) % 7  # 1970-01-01 was a Thursday
    part = _HOUR_PARTS[hour] + 4 * (weekday >= 5)
    persons = np.stack(
        [_persons(interactions.unit[part == code], interactions.item[part == code], size) for code in range(8)]
    )
    whole = persons.sum(axis=0)
    shares = persons.sum(axis=1, keepdims=True) / max(persons.sum(), 1)  # (D, 1) of all persons
    prior = DAYPART_PRIOR * shares + 1e-9  # of a daypart without any event every item is wanted as ever
    lifts: FloatArray = ((persons + prior) / (shares * whole + prior)).astype(np.float32)
    return lifts


def _persons(unit: npt.NDArray[np.int32], item: npt.NDArray[np.int32], size: int) -> IntArray:
    distinct = np.unique(unit.astype(np.int64) * size + item)
    return np.bincount(distinct % size, minlength=size).astype(np.int64)
