"""Purchases net of what was sent back, as arrays."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import FloatArray, Int32Array, IntArray, Interactions


@dataclass(frozen=True, kw_only=True)
class Refunds:
    """R refunds, sorted by time, then by the order in which they were recorded."""

    unit: Int32Array
    """(R,) who got the money back, an index into ``unit_ids``."""
    item: Int32Array
    """(R,) what was sent back; 0: the whole order."""
    time: IntArray
    """(R,) seconds since 1970 in UTC."""
    quantity: FloatArray
    """(R,) pieces sent back."""
    basket: Int32Array
    """(R,) number of the order; -1: the refund names none."""

    def __len__(self) -> int:
        return len(self.item)

    def before(self, time: int) -> "Refunds":
        """Refunds strictly before ``time`` (seconds since 1970)."""
        stop = int(np.searchsorted(self.time, time, side="left"))
        return Refunds(
            unit=self.unit[:stop],
            item=self.item[:stop],
            time=self.time[:stop],
            quantity=self.quantity[:stop],
            basket=self.basket[:stop],
        )


def net_of_refunds(gross: Interactions, refunds: Refunds) -> Interactions:
    """``gross`` with fewer pieces where some were sent back, and without the lines that were sent back whole.

    A refund that names an order takes from the lines of that order: of its item, or of the whole order when it names
    no item. A refund that names no order takes from the latest purchases of its item by the same unit up to its time.
    Pieces that no line has left are ignored.
    """
    if not len(refunds):
        return gross
    left = gross.quantity.astype(np.float64)
    lines = _Lines(gross, refunds)
    for number in range(len(refunds)):
        _take(left, lines.of(refunds, number), pieces=_pieces(refunds, number))
    purchased = gross.event_type == PURCHASE_CODE
    kept = ~purchased | (left > 0)
    return replace(gross, quantity=left.astype(np.float32)).where(kept)


def _pieces(refunds: Refunds, number: int) -> float:
    return np.inf if refunds.item[number] == 0 else float(refunds.quantity[number])


def _take(left: npt.NDArray[np.float64], rows: Sequence[int], *, pieces: float) -> None:
    for row in reversed(rows):
        if pieces <= 0:
            return
        taken = min(left[row], pieces)
        left[row] -= taken
        pieces -= taken


class _Lines:
    """Where the purchases lie that any refund could take from: rows of the gross events, oldest first."""

    def __init__(self, gross: Interactions, refunds: Refunds) -> None:
        self._time = gross.time
        self._stride = len(gross.item_ids)
        purchases = np.flatnonzero(gross.event_type == PURCHASE_CODE)
        ordered = purchases[np.isin(gross.basket[purchases], refunds.basket[refunds.basket >= 0])]
        ordered = ordered[np.argsort(gross.time[ordered], kind="stable")]
        self._by_basket = _rows_by_key(gross.basket[ordered], ordered)
        self._by_line = _rows_by_key(self._key(gross.basket, gross.item)[ordered], ordered)
        keys = self._key(gross.unit, gross.item)
        loose = self._key(refunds.unit, refunds.item)[refunds.basket < 0]
        unordered = purchases[np.isin(keys[purchases], loose)]
        self._by_unit = _rows_by_key(keys[unordered], unordered)

    def _key(self, owner: Int32Array, item: Int32Array) -> IntArray:
        return owner.astype(np.int64) * self._stride + item

    def of(self, refunds: Refunds, number: int) -> Sequence[int]:
        """The rows that refund ``number`` takes from, the last one first to be taken."""
        basket, item = int(refunds.basket[number]), int(refunds.item[number])
        if basket >= 0:
            return self._by_basket.get(basket, ()) if item == 0 else self._by_line.get(basket * self._stride + item, ())
        rows = self._by_unit.get(int(refunds.unit[number]) * self._stride + item, ())
        return [row for row in rows if self._time[row] <= refunds.time[number]]


def _rows_by_key(keys: npt.NDArray[np.integer], rows: npt.NDArray[np.int64]) -> Mapping[int, Sequence[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
        found[key].append(row)
    return dict(found)
