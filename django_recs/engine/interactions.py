"""Events as arrays: what training reads, and the ragged histories that every recommender scores.

Item index 0 is padding: it never occurs in `Interactions` and no recommender may return it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.circumstances import NOTHING_KNOWN, Circumstances

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
CodeArray = npt.NDArray[np.int8]
FloatArray = npt.NDArray[np.float32]

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """N events of U units on I items, sorted by unit, then time, then the order in which they were recorded."""

    unit: Int32Array
    """(N,) index into `unit_ids`, 0-based. A unit is a customer or a visitor who never signed in."""
    item: Int32Array
    """(N,) index into `item_ids`, 1-based."""
    event_type: CodeArray
    """(N,) codes of `engine.events.EVENT_TYPES`."""
    time: IntArray
    """(N,) seconds since 1970 in UTC."""
    quantity: FloatArray
    """(N,) pieces, after refunds; 1 where an event has no quantity."""
    basket: Int32Array
    """(N,) number of the order, -1 for events outside an order."""
    unit_ids: Sequence[str]
    """(U,) the unit's name outside the engine: ``c:<customer_id>`` or ``v:<visitor_id>``."""
    item_ids: Sequence[str]
    """(I + 1,) the shop's item ids; ``item_ids[0] == ""`` is padding. Holds the whole catalogue, also unsold items."""
    context: Circumstances = NOTHING_KNOWN
    """(N,) the circumstances of each event."""

    @property
    def item_count(self) -> int:
        return len(self.item_ids) - 1

    @property
    def unit_count(self) -> int:
        return len(self.unit_ids)

    def __len__(self) -> int:
        return len(self.item)

    def where(self, mask: npt.NDArray[np.bool_]) -> Self:
        """The same units and items with only the masked events; the order is kept."""
        return type(self)(
            unit=self.unit[mask],
            item=self.item[mask],
            event_type=self.event_type[mask],
            time=self.time[mask],
            quantity=self.quantity[mask],
            basket=self.basket[mask],
            unit_ids=self.unit_ids,
            item_ids=self.item_ids,
            context=self.context.at(mask),
        )

    def before(self, time: int) -> Self:
        """Events strictly before ``time`` (seconds since 1970)."""
        return self.where(self.time < time)

    def histories(
        self,
        units: npt.NDArray[np.integer],
        *,
        now: int | IntArray,
        length: int,
        asked: Circumstances = NOTHING_KNOWN,
    ) -> "Histories":
        """The last ``length`` events of each unit in ``units`` (B,) as seen at ``now``, which no event may follow.

        ``now`` is one moment for all or (B,) moments, in seconds since 1970 in UTC, and ``asked`` what is known of it.
        """
        start = np.searchsorted(self.unit, units, side="left")
        stop = np.searchsorted(self.unit, units, side="right")
        start = np.maximum(start, stop - length)
        counts = stop - start
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows = np.repeat(start - offsets[:-1], counts) + np.arange(offsets[-1])
        return Histories(
            offsets=offsets,
            item=self.item[rows],
            event_type=self.event_type[rows],
            time=self.time[rows],
            now=np.array(np.broadcast_to(now, counts.shape), dtype=np.int64),
            context=self.context.at(rows),
            asked=asked,
        )


@dataclass(frozen=True, kw_only=True)
class Histories:
    """What B visitors did, oldest first, as one ragged batch: visitor b owns rows ``offsets[b]:offsets[b + 1]``."""

    offsets: IntArray
    """(B + 1,)"""
    item: Int32Array
    """(N,) item indices, never 0."""
    event_type: CodeArray
    """(N,) codes of `engine.events.EVENT_TYPES`."""
    time: IntArray
    """(N,) seconds since 1970 in UTC."""
    now: IntArray
    """(B,) the moment for which to recommend, seconds since 1970 in UTC."""
    context: Circumstances = NOTHING_KNOWN
    """(N,) the circumstances of each event."""
    asked: Circumstances = NOTHING_KNOWN
    """(B,) the circumstances at the moment for which to recommend."""

    def __len__(self) -> int:
        return len(self.now)

    @property
    def row(self) -> IntArray:
        """(N,) the visitor of each event."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.offsets))

    def rows(self, start: int, stop: int) -> Self:
        """Visitors ``start`` to ``stop`` (exclusive) as a batch of their own."""
        offsets = self.offsets[start : stop + 1]
        events = slice(int(offsets[0]), int(offsets[-1]))
        return type(self)(
            offsets=offsets - offsets[0],
            item=self.item[events],
            event_type=self.event_type[events],
            time=self.time[events],
            now=self.now[start:stop],
            context=self.context.at(events),
            asked=self.asked.at(slice(start, stop)),
        )

    def take(self, rows: npt.NDArray[np.integer]) -> Self:
        """The given visitors, in their order, as a batch of their own."""
        counts = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        events = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return type(self)(
            offsets=offsets,
            item=self.item[events],
            event_type=self.event_type[events],
            time=self.time[events],
            now=self.now[rows],
            context=self.context.at(events),
            asked=self.asked.at(rows),
        )

    def where(self, mask: npt.NDArray[np.bool_]) -> Self:
        """The same visitors with only the masked events."""
        kept_before = np.concatenate([[0], np.cumsum(mask)]).astype(np.int64)
        return type(self)(
            offsets=kept_before[self.offsets],
            item=self.item[mask],
            event_type=self.event_type[mask],
            time=self.time[mask],
            now=self.now,
            context=self.context.at(mask),
            asked=self.asked,
        )

    @classmethod
    def of_one(
        cls,
        *,
        item: Sequence[int],
        event_type: Sequence[int],
        time: Sequence[int],
        now: int,
        context: Circumstances = NOTHING_KNOWN,
        asked: Circumstances = NOTHING_KNOWN,
    ) -> Self:
        """A batch of one visitor, as the web process needs it."""
        return cls(
            offsets=np.array([0, len(item)], dtype=np.int64),
            item=np.asarray(item, dtype=np.int32),
            event_type=np.asarray(event_type, dtype=np.int8),
            time=np.asarray(time, dtype=np.int64),
            now=np.array([now], dtype=np.int64),
            context=context,
            asked=asked,
        )


@dataclass(frozen=True, kw_only=True)
class ItemContent:
    """What the catalogue says of each item, aligned with ``item_ids``; row 0 is padding."""

    texts: Sequence[str]
    """(I + 1,) title and description, "" where unknown."""
    categories: Sequence[tuple[str, ...]]
    """(I + 1,) category path or labels, () where unknown."""
    prices: npt.NDArray[np.float64]
    """(I + 1,) in the shop's main currency, NaN where unknown."""
    available: npt.NDArray[np.bool_]
    """(I + 1,) whether it could be shown when the snapshot was taken; [0] is False."""
    attributes: Sequence[dict[str, str]] = field(default_factory=tuple)
    """(I + 1,) or empty: named labels such as brand or colour."""
    vectors: Mapping[str, FloatArray] = field(default_factory=dict)
    """By name (I + 1, D of its own): what an encoder or a supplier says of each item, NaN where it says nothing."""
    vector_keys: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    """By name (I + 1,) what an encoder made the vector from: equal keys, equal vectors. "" where there is none."""
    pictures: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0, 3), dtype=np.uint8))
    """(P, S, S, 3) red, green and blue, for an encoder that is fitted with the network; may be memory-mapped."""
    picture_of: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(I + 1,) number of an item's picture, -1 where it has none; or empty where nobody has one."""
