"""What the ranker knows of an item besides what the voices say: age, buyers, price, how often it is bought again."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Int32Array, IntArray, Interactions
from django_recs.engine.recommender import Arrays

PRIOR_PERSONS = 5.0
"""How an item is bought again is drawn towards the whole shop's habit with the weight of so many persons."""
USUAL_REPEAT_DAYS = 30.0
"""Between two purchases of one item where nobody in the shop has bought anything twice."""


@dataclass(frozen=True, kw_only=True)
class ItemFacts:
    """Aligned with the item ids; row 0 is padding."""

    first_seen: IntArray
    """(I + 1,) seconds since 1970 of an item's first event; where it has none, of the end of the data: it is new."""
    persons: FloatArray
    """(I + 1,) distinct persons who bought it, or had any event of it in a shop without purchases."""
    repeat_share: FloatArray
    """(I + 1,) share of these who had it on two days or more, drawn towards the shop's."""
    repeat_days: FloatArray
    """(I + 1,) geometric mean of the days between two such days, drawn towards the shop's."""
    log_price: FloatArray
    """(I + 1,) natural logarithm of the price, the mean of the catalogue where it is unknown."""

    def arrays(self) -> Arrays:
        return dict(vars(self))

    def take(self, items: Int32Array) -> Self:
        """The facts of ``items`` (J + 1,) as a catalogue of their own; 0 stands for an unknown item."""
        return type(self)(
            first_seen=np.where(items > 0, self.first_seen[items], self.first_seen.max(initial=0)),
            persons=np.where(items > 0, self.persons[items], 0).astype(np.float32),
            repeat_share=np.where(items > 0, self.repeat_share[items], self.repeat_share[0]),
            repeat_days=np.where(items > 0, self.repeat_days[items], self.repeat_days[0]),
            log_price=np.where(items > 0, self.log_price[items], self.log_price[0]),
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            first_seen=np.asarray(arrays["first_seen"], dtype=np.int64),
            persons=np.asarray(arrays["persons"], dtype=np.float32),
            repeat_share=np.asarray(arrays["repeat_share"], dtype=np.float32),
            repeat_days=np.asarray(arrays["repeat_days"], dtype=np.float32),
            log_price=np.asarray(arrays["log_price"], dtype=np.float32),
        )


def item_facts(interactions: Interactions, prices: npt.NDArray[np.float64]) -> ItemFacts:
    """The facts as known at the end of ``interactions``.

    Args:
        prices: (I + 1,) in the shop's currency, NaN where unknown.
    """
    size = interactions.item_count + 1
    first_seen = np.full(size, interactions.time.max(initial=0), dtype=np.int64)
    np.minimum.at(first_seen, interactions.item, interactions.time)
    unit, item, day = _days_of_ownership(interactions)
    again = (unit[1:] == unit[:-1]) & (item[1:] == item[:-1])
    again_item, pause = item[1:][again], np.log((day[1:] - day[:-1])[again])
    persons = np.bincount(item[np.append(True, ~again)[: len(item)]], minlength=size)
    repeaters = np.bincount(np.unique(unit[1:][again] * size + again_item) % size, minlength=size)
    usual_share = repeaters.sum() / max(persons.sum(), 1)
    usual_pause = pause.mean() if len(pause) else np.log(USUAL_REPEAT_DAYS)
    pauses = np.bincount(again_item, weights=pause, minlength=size)
    pause_count = np.bincount(again_item, minlength=size)
    log_price = np.log(np.where(prices > 0, prices, np.nan))
    known = np.isfinite(log_price)
    return ItemFacts(
        first_seen=first_seen,
        persons=persons.astype(np.float32),
        repeat_share=((repeaters + PRIOR_PERSONS * usual_share) / (persons + PRIOR_PERSONS)).astype(np.float32),
        repeat_days=np.exp((pauses + PRIOR_PERSONS * usual_pause) / (pause_count + PRIOR_PERSONS)).astype(np.float32),
        log_price=np.where(known, log_price, log_price[known].mean() if known.any() else 0.0).astype(np.float32),
    )


def _days_of_ownership(interactions: Interactions) -> tuple[IntArray, IntArray, IntArray]:
    """Unit, item and day (N,) of purchases, or of all events where there are none; each once, in this order."""
    bought = interactions.event_type == PURCHASE_CODE
    taken = interactions.where(bought) if bought.any() else interactions
    size, day = taken.item_count + 1, taken.time // SECONDS_PER_DAY
    first_day = day.min(initial=0)
    day_count = int((day - first_day).max(initial=0)) + 1
    keys = np.unique((taken.unit.astype(np.int64) * size + taken.item) * day_count + (day - first_day))
    owner, day = keys // day_count, keys % day_count + first_day
    return owner // size, owner % size, day
