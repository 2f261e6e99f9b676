"""How many distinct persons stand behind a pair of items. For workers only: imports scipy."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import Int32Array, IntArray, Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BASKET_LIMIT = 100
"""Lines of a basket that are paired; wholesale orders beyond it would make most of the pairs and say little."""
PAIRS_AT_ONCE = 4_000_000
"""Pairs counted at once, which bounds memory."""

Pairs = Iterator[tuple[IntArray, IntArray, IntArray]]
"""Units, items and other items, all (N,), in runs that never split a unit."""


def persons_of_items(interactions: Interactions) -> IntArray:
    """(I + 1,) distinct persons of each item."""
    size = interactions.item_count + 1
    owned = np.unique(interactions.unit.astype(np.int64) * size + interactions.item)
    return np.bincount(owned % size, minlength=size).astype(np.int64)


def persons_of_pairs(interactions: Interactions) -> "csr_array":
    """(I + 1, I + 1) symmetric counts of distinct persons who had both items in one basket."""
    counts = _counted(_pairs_in_baskets(interactions), interactions.item_count + 1)
    both_ways: csr_array = (counts + counts.T).tocsr()
    return both_ways


def persons_of_sequences(interactions: Interactions) -> "csr_array":
    """(I + 1, I + 1) counts of distinct persons who had the row's item in one basket and the column's in the next.

    What was in the first basket already is no sequence: who buys milk and coffee every week buys neither because of
    the other.
    """
    return _counted(_pairs_of_consecutive_baskets(interactions), interactions.item_count + 1)


def persons_of_links(offsets: IntArray, items: Int32Array, counts: "csr_array") -> Int32Array:
    """(L,) the counts of the pairs that are links."""
    origins = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if not len(origins):
        return items[:0]
    return np.asarray(counts[origins, items], dtype=np.int32).ravel()


def _counted(pairs: Pairs, size: int) -> "csr_array":
    from scipy.sparse import csr_array

    total = csr_array((size, size), dtype=np.int64)
    for unit, first, second in pairs:
        pair = _distinct((unit * size + first) * size + second) % (size * size)
        total = total + csr_array((np.ones(len(pair), dtype=np.int64), (pair // size, pair % size)), shape=(size, size))
    return total.tocsr()


def _distinct(keys: IntArray) -> IntArray:
    """Sorted keys, each once. `np.unique` hashes first, which is many times slower on millions of different keys."""
    keys = np.sort(keys)
    first = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    return np.asarray(keys[first], dtype=np.int64)


def _baskets(interactions: Interactions) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Items (N,) basket by basket, and unit, start and (capped) size of each basket (K,), by unit and basket number."""
    if not len(interactions):
        return tuple(np.zeros(0, dtype=np.int64) for _ in range(4))  # type: ignore[return-value]
    columns = [interactions.unit, interactions.basket, interactions.item]
    lines = np.unique(np.stack(columns).astype(np.int64), axis=1)
    changed = np.any(np.diff(lines[:2], axis=1) != 0, axis=0)
    starts = np.concatenate([[0], np.flatnonzero(changed) + 1, [lines.shape[1]]])
    sizes = np.minimum(np.diff(starts), BASKET_LIMIT)
    return lines[2], lines[0, starts[:-1]], starts[:-1].astype(np.int64), sizes.astype(np.int64)


def _pairs_in_baskets(interactions: Interactions) -> Pairs:
    items, unit, start, size = _baskets(interactions)
    for rows in _runs(unit, size**2):
        owner, first, second = _crossed(start[rows], size[rows], start[rows], size[rows])
        upper = first < second
        yield unit[rows][owner[upper]], items[first[upper]], items[second[upper]]


def _pairs_of_consecutive_baskets(interactions: Interactions) -> Pairs:
    items, unit, start, size = _baskets(_in_time_order(interactions))
    same = np.flatnonzero(unit[1:] == unit[:-1])  # basket and its successor belong to one unit
    item_limit = interactions.item_count + 1
    for run in _runs(unit[same], size[same] * size[same + 1]):
        earlier, later = same[run], same[run] + 1
        owner, first, second = _crossed(start[earlier], size[earlier], start[later], size[later])
        in_first = _keys_of(items, start[earlier], size[earlier], item_limit)
        known = np.isin(owner * item_limit + items[second], in_first)
        yield unit[earlier][owner[~known]], items[first[~known]], items[second[~known]]


def _in_time_order(interactions: Interactions) -> Interactions:
    """The same events with baskets numbered in the order in which each unit had them."""
    first = np.full(int(interactions.basket.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, interactions.basket, interactions.time)
    order = np.argsort(first, kind="stable")
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return replace(interactions, basket=number[interactions.basket])


def _keys_of(items: IntArray, start: IntArray, size: IntArray, item_limit: int) -> IntArray:
    basket = np.repeat(np.arange(len(size)), size)
    place = np.arange(len(basket)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(basket * item_limit + items[start[basket] + place], dtype=np.int64)


def _runs(unit: IntArray, pair_counts: IntArray) -> Iterator[slice]:
    """Slices of consecutive rows with about `PAIRS_AT_ONCE` pairs each, never between two rows of a unit."""
    done, before = 0, np.concatenate([[0], np.cumsum(pair_counts)])
    for stop in np.append(np.flatnonzero(np.diff(unit)) + 1, len(unit)):
        if stop > done and (stop == len(unit) or before[stop] - before[done] >= PAIRS_AT_ONCE):
            yield slice(done, int(stop))
            done = int(stop)


def _crossed(
    first_start: IntArray, first_size: IntArray, second_start: IntArray, second_size: IntArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All positions of one run with all of another, pair of runs by pair: its number, first and second position."""
    counts = first_size * second_size
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = second_size[owner]
    return owner, first_start[owner] + place // width, second_start[owner] + place % width
