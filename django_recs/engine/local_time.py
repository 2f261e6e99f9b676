"""The shop's wall clock as arrays, so that no process needs a database of time zones to read it alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Changes of the clock are looked up in these years; after them it stays as it is."""

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "hour": tuple(map(str, range(24))),
    "weekday": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "season": ("december-february", "march-may", "june-august", "september-november"),
}
"""What is read off the clock, each with the names of its values in the order of their numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalTime:
    """When a time zone is how far ahead of UTC."""

    changes: IntArray
    """(K,) ascending moments in seconds since 1970 in UTC."""
    offsets: IntArray
    """(K + 1,) seconds to add to UTC: ``offsets[k]`` from ``changes[k - 1]`` to right before ``changes[k]``."""

    @classmethod
    def of_zone(cls, zone: tzinfo) -> Self:
        """The clock of ``zone`` with its summer times, as they are planned today."""
        start, stop = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (FIRST_YEAR, LAST_YEAR))
        days = range(start, stop, 86_400)
        offsets = [_offset(zone, day) for day in days]
        changed = [place for place in range(1, len(offsets)) if offsets[place] != offsets[place - 1]]
        return cls(
            changes=np.array([_change_between(zone, days[place - 1], days[place]) for place in changed], np.int64),
            offsets=np.array([offsets[0], *(offsets[place] for place in changed)], dtype=np.int64),
        )

    def ahead_of_utc(self, time: IntArray) -> IntArray:
        """(N,) seconds to add to each of ``time`` (N,), seconds since 1970 in UTC."""
        ahead: IntArray = self.offsets[np.searchsorted(self.changes, time, side="right")]
        return ahead

    def read(self, time: IntArray) -> dict[str, IntArray]:
        """Numbers (N,) of `MOMENTS` at ``time`` (N,), seconds since 1970 in UTC."""
        local = time + self.ahead_of_utc(time)
        month = local.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12  # 0 is January
        return {
            "hour": local // 3_600 % 24,
            "weekday": (local // 86_400 + 3) % 7,  # 1970-01-01 was a Thursday
            "season": (month + 1) % 12 // 3,
        }


def _offset(zone: tzinfo, time: int) -> int:
    offset = datetime.fromtimestamp(time, zone).utcoffset() or timedelta()
    return round(offset.total_seconds())


def _change_between(zone: tzinfo, start: int, stop: int) -> int:
    """The first second of ``(start, stop]`` that has the offset of ``stop``."""
    later = _offset(zone, stop)
    while stop - start > 1:
        middle = (start + stop) // 2
        start, stop = (start, middle) if _offset(zone, middle) == later else (middle, stop)
    return stop
