"""Questions put to recommenders: what a visitor did before a moment, what may be shown, what was bought then.

The questions are those of next-basket recommendation in time: the history ends at the cut, the truth is the first
basket after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.evaluation.metrics import BoolArray
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories, Int32Array, IntArray, Interactions
from django_recs.engine.situations import NEW_VISITOR_ITEM_COUNT, Situation

COLD_PERSON_COUNT = 5
"""An item that fewer persons than this have taken is cold."""


class FutureSeen(ValueError):
    """A question would show a recommender what only the time after it knows."""


@dataclass(frozen=True, kw_only=True)
class ItemLists:
    """One list of items per query, ragged: query q owns ``offsets[q]:offsets[q + 1]``."""

    offsets: IntArray
    """(Q + 1,)"""
    items: Int32Array
    """(N,) sorted within each query, each item once."""

    @property
    def counts(self) -> IntArray:
        return np.diff(self.offsets)

    @property
    def row(self) -> IntArray:
        """(N,) the query of each item."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), self.counts)

    def mask(self, start: int, stop: int, size: int) -> BoolArray:
        """(stop - start, size) True where the query's list holds the item."""
        held = np.zeros((stop - start, size), dtype=bool)
        entries = slice(int(self.offsets[start]), int(self.offsets[stop]))
        held[np.repeat(np.arange(stop - start), self.counts[start:stop]), self.items[entries]] = True
        return held

    @classmethod
    def of_pairs(cls, row: npt.NDArray[np.integer], item: npt.NDArray[np.integer], query_count: int) -> Self:
        """Lists from (query, item) pairs in any order; double pairs count once."""
        size = int(item.max(initial=0)) + 1
        keys = np.unique(row.astype(np.int64) * size + item)
        counts = np.bincount(keys // size, minlength=query_count)
        return cls(
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), items=(keys % size).astype(np.int32)
        )

    def take(self, rows: npt.NDArray[np.integer]) -> Self:
        """The lists of the given queries, in their order."""
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        entries = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return type(self)(offsets=offsets, items=self.items[entries])


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Q questions of one slice."""

    name: str
    """The slice, such as ``new_to_them``."""
    situation: Situation
    histories: Histories
    candidates: BoolArray
    """(I + 1,) what may be shown to somebody; [0] is False."""
    excluded: ItemLists
    """Candidates that may not be shown in the query."""
    truth: ItemLists
    """What was bought: candidates that are not excluded, at least one per query."""
    unit: Int32Array | None = None
    """(Q,) who asks, an index into ``unit_ids``; None where that does not matter."""

    def __len__(self) -> int:
        return len(self.histories)

    def most_wanted(self) -> Int32Array:
        """(Q,) of each query's true items the one that most queries want, ties to the lower item number.

        Queries that want the same item are not independent witnesses: whoever finds it, finds it for all of them.
        """
        wanted = np.bincount(self.truth.items)[self.truth.items]
        order = np.lexsort((self.truth.items, -wanted, self.truth.row))
        return self.truth.items[order[self.truth.offsets[:-1]]]

    def allowed(self, start: int, stop: int) -> BoolArray:
        """(stop - start, I + 1) what may be shown in each of the queries ``start`` to ``stop``."""
        return self.candidates & ~self.excluded.mask(start, stop, len(self.candidates))


@dataclass(frozen=True, kw_only=True)
class _Baskets:
    """The first basket of each of Q units in a window, as lines in the order in which they were recorded."""

    unit: Int32Array
    """(Q,)"""
    first: IntArray
    """(Q,) row of the interactions with which the basket began."""
    time: IntArray
    """(Q,) when the basket began."""
    line: IntArray
    """(N,) rows of the interactions, each item of a basket once."""
    row: IntArray
    """(N,) the basket of each line."""


def next_basket_queries(
    interactions: Interactions, *, start: int, end: int, event_weights: WeightArray, history_length: int
) -> dict[str, Queries]:
    """The slices of the window ``[start, end)``, seconds since 1970, for recommenders fitted before ``start``.

    - ``returning``: units with a history; truth = the candidates in their first basket; repeats count.
    - ``new_to_them``: the same without what the unit ever bought.
    - ``cold_item``: candidates = items with fewer than `COLD_PERSON_COUNT` buyers before ``start``, none included, seen
      by ``end``; truth = those bought in the window, without what the unit had bought before.
    - ``new_visitor_1``, ``_2``, ``_3``: units without history; so many first lines of their first basket are given, the
      rest is the truth.

    Candidates are items bought before ``start``. A basket is an order, or what was bought on a day by an event without
    one. Where the window holds no purchase, events of positive weight take its place. Slices without a query are left
    out.
    """
    asked = _target_events(interactions, start, end, event_weights)
    past = interactions.before(start)
    had = past.where(asked[interactions.time < start])
    bought = interactions.where(asked & (interactions.time >= start) & (interactions.time < end))
    size = interactions.item_count + 1
    sold = np.bincount(had.item, minlength=size) > 0
    known = np.bincount(past.unit, minlength=interactions.unit_count) > 0
    baskets = _first_baskets(bought)
    returning = _returning(past, had, bought, baskets, known, sold, history_length)
    cold = _cold_item(interactions.before(end), past, had, bought, known, history_length)
    visitors = [_new_visitor(bought, baskets, known, sold, count) for count in range(1, NEW_VISITOR_ITEM_COUNT + 1)]
    asked_for = {queries.name: queries for queries in [*returning, cold, *visitors] if len(queries)}
    refuse_the_future(asked_for.values(), start=start)
    return asked_for


def refuse_the_future(batches: Iterable[Queries], *, start: int) -> None:
    """Raise `FutureSeen` where a question shows what only later times know.

    That is an event at or after ``start`` in a history, or after the moment of the question where a new visitor's first
    lines are given on purpose; and an answer that is given away, as a true item that may not be shown would be.
    """
    for queries in batches:
        given = queries.situation is Situation.NEW_VISITOR
        limit = queries.histories.now[queries.histories.row] + 1 if given else start
        if (queries.histories.time >= limit).any():
            raise FutureSeen(f"A history of {queries.name} holds events of the time that is asked about.")
        if _is_in(queries.excluded, queries.truth.row, queries.truth.items).any():
            raise FutureSeen(f"A true item of {queries.name} may not be shown.")


def _target_events(interactions: Interactions, start: int, end: int, event_weights: WeightArray) -> BoolArray:
    bought = interactions.event_type == PURCHASE_CODE
    in_window = (interactions.time >= start) & (interactions.time < end)
    return bought if (bought & in_window).any() else event_weights[interactions.event_type] > 0


def _first_baskets(bought: Interactions) -> _Baskets:
    units, first, counts = np.unique(bought.unit, return_index=True, return_counts=True)
    first_of_line = np.repeat(first, counts)
    ordered = bought.basket[first_of_line] >= 0
    same_order = bought.basket == bought.basket[first_of_line]
    same_day = bought.time // SECONDS_PER_DAY == bought.time[first_of_line] // SECONDS_PER_DAY
    line = np.flatnonzero(np.where(ordered, same_order, same_day & (bought.basket < 0)))
    row = np.searchsorted(units, bought.unit[line])
    size = bought.item_count + 1
    once = np.sort(np.unique(row * size + bought.item[line], return_index=True)[1])
    return _Baskets(unit=units, first=first, time=bought.time[first], line=line[once], row=row[once])


def _returning(
    past: Interactions,
    had: Interactions,
    bought: Interactions,
    baskets: _Baskets,
    known: BoolArray,
    sold: BoolArray,
    history_length: int,
) -> list[Queries]:
    asked = known[baskets.unit]
    line = asked[baskets.row] & sold[bought.item[baskets.line]]
    query_of_basket = np.cumsum(asked) - 1
    row, item = query_of_basket[baskets.row[line]], bought.item[baskets.line[line]]
    units, times = baskets.unit[asked], baskets.time[asked]
    nothing = ItemLists.of_pairs(row[:0], item[:0], len(units))
    owned = _owned(had, units)
    fresh = ~_is_in(owned, row, item)
    circumstances = bought.context.at(baskets.first[asked])
    histories = past.histories(units, now=times, length=history_length, asked=circumstances)
    truths = (ItemLists.of_pairs(row, item, len(units)), ItemLists.of_pairs(row[fresh], item[fresh], len(units)))
    return [
        _answerable("returning", Situation.RETURNING, units, histories, sold, nothing, truths[0]),
        _answerable("new_to_them", Situation.NEW_TO_THEM, units, histories, sold, owned, truths[1]),
    ]


def _cold_item(
    seen: Interactions,
    past: Interactions,
    had: Interactions,
    bought: Interactions,
    known: BoolArray,
    history_length: int,
) -> Queries:
    size = seen.item_count + 1
    persons = np.bincount(np.unique(had.unit.astype(np.int64) * size + had.item) % size, minlength=size)
    candidates = (persons < COLD_PERSON_COUNT) & (np.bincount(seen.item, minlength=size) > 0)
    line = known[bought.unit] & candidates[bought.item]
    units, row = np.unique(bought.unit[line], return_inverse=True)
    item = bought.item[line]
    owned = _owned(had, units)
    fresh = ~_is_in(owned, row, item)
    truth = ItemLists.of_pairs(row[fresh], item[fresh], len(units))
    first = np.searchsorted(bought.unit, units)
    histories = past.histories(units, now=bought.time[first], length=history_length, asked=bought.context.at(first))
    return _answerable("cold_item", Situation.COLD_ITEM, units, histories, candidates, owned, truth)


def _new_visitor(
    bought: Interactions, baskets: _Baskets, known: BoolArray, sold: BoolArray, given_count: int
) -> Queries:
    asked = ~known[baskets.unit]
    line, row = baskets.line[asked[baskets.row]], (np.cumsum(asked) - 1)[baskets.row[asked[baskets.row]]]
    query_count = int(asked.sum())
    counts = np.bincount(row, minlength=query_count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    given = place < given_count
    item, time = bought.item[line], bought.time[line[given]]
    offsets = np.concatenate([[0], np.cumsum(np.minimum(counts, given_count))]).astype(np.int64)
    histories = Histories(
        offsets=offsets,
        item=item[given],
        event_type=bought.event_type[line[given]],
        time=time,
        now=time[offsets[1:] - 1],
        context=bought.context.at(line[given]),
        asked=bought.context.at(baskets.first[asked]),
    )
    rest = ~given & sold[item]
    return _answerable(
        f"new_visitor_{given_count}",
        Situation.NEW_VISITOR,
        baskets.unit[asked],
        histories,
        sold,
        ItemLists.of_pairs(row[given], item[given], query_count),
        ItemLists.of_pairs(row[rest], item[rest], query_count),
    )


def _owned(had: Interactions, units: npt.NDArray[np.integer]) -> ItemLists:
    mine = np.isin(had.unit, units)
    return ItemLists.of_pairs(np.searchsorted(units, had.unit[mine]), had.item[mine], len(units))


def _is_in(lists: ItemLists, row: npt.NDArray[np.integer], item: npt.NDArray[np.integer]) -> BoolArray:
    size = int(max(lists.items.max(initial=0), item.max(initial=0))) + 1
    return np.isin(row.astype(np.int64) * size + item, lists.row * size + lists.items)


def _answerable(
    name: str,
    situation: Situation,
    unit: npt.NDArray[np.integer],
    histories: Histories,
    candidates: BoolArray,
    excluded: ItemLists,
    truth: ItemLists,
) -> Queries:
    """Only the queries that have a true item."""
    rows = np.flatnonzero(truth.counts)
    return Queries(
        name=name,
        situation=situation,
        histories=histories.take(rows),
        candidates=candidates,
        excluded=excluded.take(rows),
        truth=truth.take(rows),
        unit=unit[rows].astype(np.int32),
    )
