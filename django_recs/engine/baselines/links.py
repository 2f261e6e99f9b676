"""Weighted arrows from item to item, the common shape of neighbours, EASE, co-purchase and text similarity."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, Histories, Int32Array, IntArray
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PAIRS_AT_ONCE = 4_000_000
"""Arrows gathered at once while scoring a batch, which bounds its memory."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """L arrows between I items: those of item i are ``offsets[i]:offsets[i + 1]``, strongest first."""

    offsets: IntArray
    """(I + 2,)"""
    items: Int32Array
    """(L,) where the arrow points, never 0."""
    weights: FloatArray
    """(L,)"""

    @property
    def item_count(self) -> int:
        return len(self.offsets) - 2

    def of(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` strongest arrows of ``item``: items int32 (n,) and weights float32 (n,)."""
        start = int(self.offsets[item])
        stop = min(int(self.offsets[item + 1]), start + limit)
        return self.items[start:stop], self.weights[start:stop]

    def spread(self, histories: Histories, weights: npt.NDArray[np.float64]) -> FloatArray:
        """(B, I + 1) sums over each visitor's events of event weight (N,) times arrow weight."""
        size = self.item_count + 1
        if len(histories) == 1:
            return self._sums(None, histories.item, weights, size).astype(np.float32)[None]
        scores = np.empty((len(histories), size), dtype=np.float32)
        for start, stop in self._chunks(histories):
            events = slice(int(histories.offsets[start]), int(histories.offsets[stop]))
            rows = histories.rows(start, stop)
            sums = self._sums(rows.row, histories.item[events], weights[events], (stop - start) * size)
            scores[start:stop] = sums.reshape(stop - start, size)
        return scores

    def _sums(
        self, row: IntArray | None, item: Int32Array, weights: npt.NDArray[np.float64], size: int
    ) -> npt.NDArray[np.float64]:
        """``row``: (N,) the visitor of each event, None when there is only one, as in a web process."""
        starts = self.offsets[item]
        counts = self.offsets[item + 1] - starts
        ends = np.cumsum(counts)
        if not len(ends) or not ends[-1]:
            return np.zeros(size)
        arrows = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
        cells = self.items[arrows]
        if row is not None:
            cells = cells + np.repeat(row * (self.item_count + 1), counts)
        sums = np.bincount(cells, weights=self.weights[arrows] * np.repeat(weights, counts), minlength=size)
        return np.asarray(sums, dtype=np.float64)

    def _chunks(self, histories: Histories) -> list[tuple[int, int]]:
        """Bounds of runs of visitors whose arrows are about `PAIRS_AT_ONCE` together."""
        if len(histories) <= 1:
            return [(0, len(histories))]
        arrows = np.concatenate([[0], np.cumsum(self.offsets[histories.item + 1] - self.offsets[histories.item])])
        part = arrows[histories.offsets[1:]] // PAIRS_AT_ONCE
        bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(histories)]
        return [(int(a), int(b)) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def arrays(self) -> Arrays:
        return {"offsets": self.offsets, "items": self.items, "weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Raises `ValueError` when the three arrays do not describe links between the items of ``offsets``."""
        links = cls(
            offsets=np.asarray(arrays["offsets"], dtype=np.int64),
            items=np.asarray(arrays["items"], dtype=np.int32),
            weights=np.asarray(arrays["weights"], dtype=np.float32),
        )
        count = len(links.items)
        fits = links.offsets[0] == 0 and links.offsets[-1] == count == len(links.weights)
        if not fits or (np.diff(links.offsets) < 0).any():
            raise ValueError("The offsets of links do not fit their items and weights.")
        if count and not (links.items.min() > 0 and links.items.max() <= links.item_count):
            raise ValueError("Links point outside the items.")
        return links

    @classmethod
    def from_blocks(cls, blocks: Iterable["csr_array"], *, link_count: int) -> Self:
        """Links from consecutive runs of rows of an (I + 1, I + 1) matrix: the ``link_count`` largest absolute
        entries of each row, ties to the lower item number; entries on the diagonal, to padding and of 0 are left out.
        """
        counts, items, weights = [np.zeros(1, dtype=np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        first_row = 0
        for block in blocks:
            row, item, weight = _real_entries(block, first_row)
            best = _largest(row, item, weight, block.shape[0], link_count)
            counts.append(np.bincount(row[best], minlength=block.shape[0]))
            items.append(item[best].astype(np.int32))
            weights.append(weight[best])
            first_row += block.shape[0]
        return cls(
            offsets=np.cumsum(np.concatenate(counts), dtype=np.int64),
            items=np.concatenate(items),
            weights=np.concatenate(weights),
        )


def _real_entries(block: "csr_array", first_row: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows (counted within the block), items and weights, row by row, without diagonal, padding and zeros."""
    row = np.repeat(np.arange(block.shape[0], dtype=np.int64), np.diff(block.indptr))
    real = (block.indices != row + first_row) & (block.indices != 0) & (block.data != 0) & (row + first_row != 0)
    return row[real], block.indices[real].astype(np.int64), block.data[real].astype(np.float32)


def _largest(row: IntArray, item: IntArray, weight: FloatArray, row_count: int, limit: int) -> IntArray:
    """Positions of the ``limit`` largest absolute weights of each row, row by row, largest first."""
    size = np.abs(weight)
    ends = np.cumsum(np.bincount(row, minlength=row_count))
    kept = np.ones(len(row), dtype=bool)
    for start, stop in zip(ends - np.bincount(row, minlength=row_count), ends, strict=True):
        if stop - start > limit:  # a full sort of all entries would take longer than making them
            least = np.partition(size[start:stop], stop - start - limit)[stop - start - limit]
            kept[start:stop] = size[start:stop] >= least
    near = np.flatnonzero(kept)
    near = near[np.lexsort((item[near], -size[near], row[near]))]
    counts = np.bincount(row[near], minlength=row_count)
    place = np.arange(len(near)) - np.repeat(np.cumsum(counts) - counts, counts)
    return near[place < limit]
