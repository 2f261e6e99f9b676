"""When somebody will want a product again: intervals per person and product, shrunk to product, category and shop.

A mixture cure model (Boag, 1949): with some probability a buyer is one who buys the product again, after an interval
that is log-normal. Means and shares of thin products lean on their category and those of thin categories on the whole
shop, by adding pseudo-observations of the wider group.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, IntArray, Interactions
from django_recs.engine.recommender import Arrays

PERSON_PRIOR = 2.0
"""Pseudo-intervals of the product that a person's own intervals are added to."""
PRODUCT_PRIOR = 10.0
"""Pseudo-intervals (and buyers) of the category that a product's own are added to."""
CATEGORY_PRIOR = 20.0
"""Pseudo-intervals (and buyers) of the shop that a category's own are added to."""
EARLIEST_SHARE = 0.5
"""Nobody is reminded before half of the interval is over."""
WINDOW_SHARE = 0.25
"""How far ahead `chance` looks, as a part of the interval."""


@dataclass(frozen=True, kw_only=True)
class RepeatTimes:
    """For each item how many of its buyers buy it again, and after how long."""

    log_days: FloatArray
    """(I + 1,) mean of the logarithm of the days between two purchases by one person."""
    shares: FloatArray
    """(I + 1,) share of its buyers who buy it again, 0 to 1."""
    spread: float
    """Standard deviation of log days around the mean of item or category."""

    def expected_days(self, item: int, bought_at: Sequence[int]) -> float:
        """Days between two purchases of ``item`` by somebody who bought it at these seconds, ascending."""
        return math.exp(self._log_days(item, bought_at))

    def chance(self, item: int, bought_at: Sequence[int], *, now: int) -> float:
        """Probability, 0 to 1, that they want ``item`` again within the next quarter of its interval.

        0 while less than half of the interval has passed. Falls again for what was due long ago: they have stopped.

        Args:
            bought_at: when they bought it, seconds since 1970, ascending, at least one.
        """
        mean = self._log_days(item, bought_at)
        days = max(now - bought_at[-1], 1) / SECONDS_PER_DAY
        if days < EARLIEST_SHARE * math.exp(mean):
            return 0.0
        repeats = len(bought_at) - 1
        share = (repeats + PERSON_PRIOR * float(self.shares[item])) / (repeats + PERSON_PRIOR)
        over = self._passed(days, mean)
        coming = self._passed(days + WINDOW_SHARE * math.exp(mean), mean) - over
        still_waiting = share * (1 - over) + (1 - share)
        return share * coming / max(still_waiting, 1e-9)

    def _log_days(self, item: int, bought_at: Sequence[int]) -> float:
        gaps = [math.log(gap / SECONDS_PER_DAY) for gap in np.diff(bought_at).tolist() if gap > 0]
        return (sum(gaps) + PERSON_PRIOR * float(self.log_days[item])) / (len(gaps) + PERSON_PRIOR)

    def _passed(self, days: float, mean: float) -> float:
        """Probability that an interval with this mean of its logarithm is shorter than ``days``."""
        return 0.5 * (1 + math.erf((math.log(days) - mean) / (self.spread * math.sqrt(2))))

    def arrays(self) -> Arrays:
        return {"log_days": self.log_days, "shares": self.shares, "spread": np.array([self.spread])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        times = cls(
            log_days=np.asarray(arrays["log_days"], dtype=np.float32),
            shares=np.asarray(arrays["shares"], dtype=np.float32),
            spread=float(np.asarray(arrays["spread"], dtype=np.float64)[0]),
        )
        if times.log_days.shape != times.shares.shape or not times.spread > 0:
            raise ValueError("Repeat intervals and shares do not fit together.")
        return times


def fit_repeat_times(interactions: Interactions, group: IntArray) -> RepeatTimes:
    """Count purchases on different days of one person and item.

    Args:
        group: (I + 1,) category of each item, from 0; -1 where it has none.
    """
    person, item, day = _purchase_days(interactions)
    again = np.append(False, (np.diff(person) == 0) & (np.diff(item) == 0))[: len(item)]
    logs = np.log(np.maximum(np.diff(day, prepend=day[:1])[again], 1).astype(np.float64))
    size = interactions.item_count + 1
    group = np.where(group < 0, group.max(initial=-1) + 1, group)

    count = np.bincount(item[again], minlength=size).astype(np.float64)
    total = np.bincount(item[again], weights=logs, minlength=size)
    overall = logs.mean() if len(logs) else math.log(30.0)
    log_days = _shrunk(total, count, group, overall)
    around = logs - log_days[item[again]]
    spread = float(np.sqrt(np.mean(around**2))) if len(logs) > 1 else 1.0

    buyers, repeaters = _buyers(item, again, day, size, wait_days=math.exp(overall))
    whole = repeaters.sum() / max(buyers.sum(), 1)
    return RepeatTimes(
        log_days=log_days.astype(np.float32),
        shares=_shrunk(repeaters, buyers, group, whole).astype(np.float32),
        spread=max(spread, 0.1),
    )


def _purchase_days(interactions: Interactions) -> tuple[IntArray, IntArray, IntArray]:
    """Person, item and day of purchases, each day once, sorted in this order."""
    bought = interactions.where(interactions.event_type == PURCHASE_CODE)
    keys = np.stack([bought.unit.astype(np.int64), bought.item.astype(np.int64), bought.time // SECONDS_PER_DAY])
    person, item, day = np.unique(keys, axis=1) if len(bought) else keys
    return person, item, day


def _buyers(
    item: IntArray, again: np.ndarray, day: IntArray, size: int, *, wait_days: float
) -> tuple[np.ndarray, np.ndarray]:
    """(I + 1,) buyers who had time to come back, and how many of them did."""
    first = np.flatnonzero(~again)
    returned = np.append(again, False)[first + 1]
    had_time = returned | (day[first] + wait_days <= day.max(initial=0))
    buyers = np.bincount(item[first[had_time]], minlength=size).astype(np.float64)
    return buyers, np.bincount(item[first[returned]], minlength=size).astype(np.float64)


def _shrunk(total: np.ndarray, count: np.ndarray, group: IntArray, overall: float) -> np.ndarray:
    """(I + 1,) means of each item, leaning on those of its group, which lean on ``overall``."""
    group_total = np.bincount(group, weights=total)
    group_count = np.bincount(group, weights=count)
    group_mean = (group_total + CATEGORY_PRIOR * overall) / (group_count + CATEGORY_PRIOR)
    return np.asarray((total + PRODUCT_PRIOR * group_mean[group]) / (count + PRODUCT_PRIOR))
