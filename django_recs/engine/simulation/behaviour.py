"""What simulated shoppers do: visits, views, carts, orders, refunds, refills; as guests first, signed in later."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from django_recs.engine.events import EVENT_CODES, EventType
from django_recs.engine.interactions import SECONDS_PER_DAY, CodeArray, FloatArray, Int32Array, IntArray
from django_recs.engine.simulation.taste import Truth, season_of

_HOUR_WEIGHTS = np.array(
    [1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3, 4, 4.5, 5, 5.5, 5, 4.5, 4, 4, 4.5, 5.5, 7, 8, 7.5, 5, 2.5], dtype=np.float64
)
_WEEKDAY_WEIGHTS = np.array([1.0, 0.9, 0.9, 0.95, 1.0, 1.2, 1.35])
"""Monday first."""


@dataclass(frozen=True, kw_only=True)
class SimulatedEvents:
    """N events in the order in which they happened."""

    event_type: CodeArray
    """(N,) codes of `engine.events.EVENT_TYPES`."""
    product: Int32Array
    """(N,) 0-based product."""
    shopper: Int32Array
    """(N,) 0-based shopper."""
    visitor: Int32Array
    """(N,) number of the browser's visitor id; a shopper has one per device."""
    signed_in: npt.NDArray[np.bool_]
    """(N,) whether the shop knew the shopper's account at that moment."""
    time: IntArray
    """(N,) seconds since 1970 in UTC."""
    quantity: Int32Array
    """(N,) pieces."""
    order: Int32Array
    """(N,) number of the order, -1 outside orders."""
    signed_up_at: IntArray
    """(V,) when the visitor id was merged into an account, -1: never."""

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True, kw_only=True)
class _Shopper:
    index: int
    utilities: FloatArray
    visit_seconds: IntArray
    """(sessions,) when each visit starts."""
    sign_up_visit: int
    """From this visit on the shop knows the account."""
    new_device_visit: int
    """From this visit on another visitor id is used."""


@dataclass(kw_only=True)
class _Home:
    """What a shopper has bought so far."""

    refills: dict[int, int] = field(default_factory=dict)
    """Consumable -> day on which it will be used up."""
    lasting: set[int] = field(default_factory=set)
    """Products that are not needed twice."""


@dataclass(kw_only=True)
class _Recording:
    """Columns that grow while the simulation runs."""

    rows: list[tuple[int, int, int, int, bool, int, int, int]] = field(default_factory=list)
    signed_up_at: list[int] = field(default_factory=list)
    order_count: int = 0

    def finish(self, until: int) -> SimulatedEvents:
        table = np.array([row for row in self.rows if row[5] < until], dtype=np.int64).reshape(-1, 8)
        table = table[np.argsort(table[:, 5], kind="stable")]
        return SimulatedEvents(
            event_type=table[:, 0].astype(np.int8),
            product=table[:, 1].astype(np.int32),
            shopper=table[:, 2].astype(np.int32),
            visitor=table[:, 3].astype(np.int32),
            signed_in=table[:, 4].astype(np.bool_),
            time=table[:, 5],
            quantity=table[:, 6].astype(np.int32),
            order=table[:, 7].astype(np.int32),
            signed_up_at=np.array(self.signed_up_at, dtype=np.int64),
        )


class Simulation:
    """Lets every shopper of `Truth` visit the shop for ``day_count`` days that begin at ``start``."""

    def __init__(self, truth: Truth, *, start: int, day_count: int, rng: np.random.Generator) -> None:
        self.truth = truth
        self.start = start
        self.end = start + day_count * SECONDS_PER_DAY
        self._day_count = day_count
        self.rng = rng
        self.recording = _Recording()
        self._seasons = [
            season_of(truth.kinds, _day_of_year(start + day * SECONDS_PER_DAY)) for day in range(day_count)
        ]
        self.complements: dict[int, list[int]] = {}
        for first, second in truth.complements.tolist():
            self.complements.setdefault(first, []).append(second)

    def run(self) -> SimulatedEvents:
        for index in range(len(self.truth.shopper_vectors)):
            self._live(self._make_shopper(index))
        return self.recording.finish(self.end)

    def _make_shopper(self, index: int) -> _Shopper:
        rng = self.rng
        first_day = max(0.0, rng.uniform(-1.0, 0.95)) * self._day_count
        visits_per_day = rng.gamma(1.3, 0.055)
        count = 1 + rng.poisson(visits_per_day * (self._day_count - first_day))
        days = _visit_days(first_day, self._day_count, count, self.start, rng)
        hours = rng.choice(24, size=len(days), p=_HOUR_WEIGHTS / _HOUR_WEIGHTS.sum())
        seconds = self.start + days * SECONDS_PER_DAY + hours * 3_600 + rng.integers(0, 3_000, len(days))
        stays_guest = rng.random() < 0.25
        return _Shopper(
            index=index,
            utilities=self.truth.utilities(index),
            visit_seconds=np.sort(seconds),
            sign_up_visit=len(days) if stays_guest else int(rng.geometric(0.45)) - 1,
            new_device_visit=len(days) if rng.random() < 0.85 else int(rng.integers(1, 8)),
        )

    def _live(self, shopper: _Shopper) -> None:
        home = _Home()
        visitor = -1
        now = self.start
        for visit, planned_at in enumerate(shopper.visit_seconds.tolist()):
            now = max(now + 60, planned_at)  # one visit ends before the next begins
            if now >= self.end:
                break
            if visitor < 0 or visit == shopper.new_device_visit:
                visitor = len(self.recording.signed_up_at)
                self.recording.signed_up_at.append(-1)
            signed_in = visit >= shopper.sign_up_visit
            if signed_in and self.recording.signed_up_at[visitor] < 0:
                self.recording.signed_up_at[visitor] = now
            now = _Visit(self, shopper, visitor=visitor, signed_in=signed_in, begins_at=now).play(home)


class _Visit:
    """One session of one shopper: what is looked at, put into the cart and bought."""

    def __init__(
        self, simulation: Simulation, shopper: _Shopper, *, visitor: int, signed_in: bool, begins_at: int
    ) -> None:
        self._truth = simulation.truth
        self._rng = simulation.rng
        self._recording = simulation.recording
        self._complements = simulation.complements
        self._shopper = shopper
        self._visitor = visitor
        self._signed_in = signed_in
        self._time = begins_at
        self._day = (begins_at - simulation.start) // SECONDS_PER_DAY
        self._wanted = shopper.utilities + simulation._seasons[self._day]
        self._wanted = np.where(self._truth.launch_days <= self._day, self._wanted, -np.inf)

    def play(self, home: _Home) -> int:
        """Records what happens; returns when the visit ends."""
        cart: dict[int, int] = {}
        self._wanted[list(home.lasting)] -= 2.5
        for product in self._due(home.refills):
            self._view(product)
            self._add(product, cart)
        for product in self._browse():
            self._view(product)
            if self._rng.random() < self._cart_chance(product):
                self._add(product, cart)
                self._add_complements(product, cart)
        if cart and self._rng.random() < 0.75:
            self._buy(cart, home)
        return self._time

    def _record(self, event_type: EventType, product: int, *, quantity: int = 1, order: int = -1) -> None:
        self._recording.rows.append(
            (
                EVENT_CODES[event_type],
                product,
                self._shopper.index,
                self._visitor,
                self._signed_in,
                self._time,
                quantity,
                order,
            )
        )

    def _browse(self) -> list[int]:
        """Products looked at, in order: most of them of one kind that the shopper came for."""
        keys = self._wanted + self._rng.gumbel(0.0, 1.0, len(self._wanted)).astype(np.float32)
        focus = self._truth.kinds[int(np.argmax(keys))]
        keys = np.where(self._truth.kinds == focus, keys + 2.5, keys)
        if self._rng.random() < 0.04:
            self._show_list(keys)
        count = min(int(self._rng.geometric(0.24)), 20, len(keys))
        chosen = np.argpartition(-keys, count - 1)[:count]
        chosen = chosen[np.isfinite(keys[chosen])]
        return [int(product) for product in self._rng.permutation(chosen)]

    def _show_list(self, keys: FloatArray) -> None:
        for product in np.argsort(-keys, kind="stable")[:6].tolist():
            if np.isfinite(keys[product]):
                self._record(EventType.VIEW_ITEM_LIST, product)

    def _view(self, product: int) -> None:
        self._time += int(self._rng.integers(8, 110))
        self._record(EventType.VIEW_ITEM, product)
        if self._rng.random() < 0.03:
            self._record(EventType.ADD_TO_WISHLIST, product)

    def _cart_chance(self, product: int) -> float:
        return float(0.8 / (1.0 + np.exp(2.6 - 0.8 * self._wanted[product])))

    def _add(self, product: int, cart: dict[int, int]) -> None:
        self._time += int(self._rng.integers(3, 40))
        quantity = 1 + int(self._rng.random() < (0.3 if self._truth.refill_days[product] else 0.12))
        cart[product] = cart.get(product, 0) + quantity
        self._record(EventType.ADD_TO_CART, product, quantity=quantity)
        if self._rng.random() < 0.06:
            self._record(EventType.REMOVE_FROM_CART, product, quantity=quantity)
            del cart[product]

    def _add_complements(self, product: int, cart: dict[int, int]) -> None:
        for complement in self._complements.get(product, ()):
            if self._rng.random() < 0.6 and np.isfinite(self._wanted[complement]) and complement not in cart:
                self._view(complement)
                self._add(complement, cart)

    def _due(self, refills: dict[int, int]) -> Iterator[int]:
        for product in [product for product, due_day in refills.items() if due_day <= self._day]:
            if self._rng.random() < 0.7:
                yield product

    def _buy(self, cart: dict[int, int], home: _Home) -> None:
        order = self._recording.order_count
        self._recording.order_count += 1
        self._time += int(self._rng.integers(40, 400))
        for product in cart:
            self._record(EventType.BEGIN_CHECKOUT, product, quantity=cart[product])
        self._time += int(self._rng.integers(40, 300))
        for product, quantity in cart.items():
            self._record(EventType.PURCHASE, product, quantity=quantity, order=order)
            if refill_days := int(self._truth.refill_days[product]):
                days = refill_days * float(self._rng.uniform(0.7, 1.2)) * quantity
                home.refills[product] = self._day + round(days)
            else:
                home.lasting.add(product)
        bought_at = self._time
        for product, quantity in cart.items():
            if self._rng.random() < 0.02:
                self._time = bought_at + int(self._rng.integers(3 * SECONDS_PER_DAY, 12 * SECONDS_PER_DAY))
                self._record(EventType.REFUND, product, quantity=quantity, order=order)
        self._time = bought_at


def _visit_days(first_day: float, day_count: int, count: int, start: int, rng: np.random.Generator) -> IntArray:
    """(about ``count``,) days from ``first_day`` on, more of them at weekends; always at least one."""
    days = rng.integers(int(first_day), day_count, count)
    weekdays = (start // SECONDS_PER_DAY + days + 3) % 7  # 1970-01-01 was a Thursday
    kept = days[rng.random(count) < _WEEKDAY_WEIGHTS[weekdays] / _WEEKDAY_WEIGHTS.max()]
    return (kept if len(kept) else days[:1]).astype(np.int64)


def _day_of_year(seconds: int) -> int:
    day = np.datetime64(seconds, "s").astype("datetime64[D]")
    return int((day - day.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)) + 1
