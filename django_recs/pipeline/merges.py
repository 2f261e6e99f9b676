"""Guests who turned out to be customers, and since when that is known."""

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import Int32Array, IntArray, Interactions
from django_recs.pipeline.refunds import Refunds

EventsT = TypeVar("EventsT", Interactions, Refunds)
FOREVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, kw_only=True)
class Merges:
    """For each of U units the one it was merged into."""

    into: Int32Array
    """(U,) index into ``unit_ids``: itself, or the customer that a guest signed in as."""
    at: IntArray
    """(U,) when, in seconds since 1970; `FOREVER` where it never happened."""

    def known_before(self, time: int) -> Int32Array:
        """(U,) who each unit was known to be right before ``time`` (seconds since 1970)."""
        own = np.arange(len(self.into), dtype=np.int32)
        return np.where(self.at < time, self.into, own)

    def renumbered(self, present: npt.NDArray[np.integer]) -> Self:
        """The merges among the units ``present``, sorted, which hold every unit that one of them was merged into."""
        return type(self)(
            into=np.searchsorted(present, self.into[present]).astype(np.int32), at=self.at[present].astype(np.int64)
        )


def with_units(events: EventsT, unit: Int32Array) -> EventsT:
    """``events`` of the units that ``unit`` (U,) says theirs are."""
    return replace(events, unit=unit[events.unit].astype(np.int32))
