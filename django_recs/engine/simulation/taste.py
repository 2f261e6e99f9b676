"""The hidden truth: vectors of products and shoppers, how attractive a product is, and what belongs together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, Int32Array
from django_recs.engine.simulation.assortment import Product
from django_recs.engine.simulation.ranges import KIND_INDEX, KINDS, STYLES

TASTE_WIDTH = 16
KIND_WIDTH = TASTE_WIDTH - len(STYLES)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What no shop knows. P products, S shoppers; indices are 0-based and follow the order of the products' list."""

    product_vectors: FloatArray
    """(P, TASTE_WIDTH)"""
    shopper_vectors: FloatArray
    """(S, TASTE_WIDTH)"""
    appeal: FloatArray
    """(P,) log of how much more often than the average product it is wanted, whoever asks."""
    budgets: FloatArray
    """(S,) log of the price relative to its kind, 0 = middle, at which a shopper feels at home."""
    price_levels: FloatArray
    """(P,) log of the price relative to its kind."""
    complements: Int32Array
    """(K, 2) directed pairs: who takes the first is likely to take the second with it."""
    refill_days: Int32Array
    """(P,) 0: it lasts."""
    kinds: Int32Array
    """(P,) index into `ranges.KINDS`."""
    styles: Int32Array
    """(P,) index into `ranges.STYLES`."""
    launch_days: Int32Array
    """(P,) day of the simulation on which it went on sale; 0 or less: it was there from the start."""

    def utilities(self, shopper: int) -> FloatArray:
        """(P,) log odds with which this shopper wants each product."""
        liking = self.product_vectors @ self.shopper_vectors[shopper]
        off_budget = np.abs(self.price_levels - self.budgets[shopper])
        utilities: FloatArray = (liking + self.appeal - 0.8 * off_budget).astype(np.float32)
        return utilities


def make_truth(products: list[Product], *, shopper_count: int, day_count: int, rng: np.random.Generator) -> Truth:
    """Draws tastes. A product's vector is its kind's, its style's and a little of its own."""
    kinds = np.array([product.kind for product in products], dtype=np.int32)
    styles = np.array([product.style for product in products], dtype=np.int32)
    product_vectors = _product_vectors(kinds, styles, rng)
    return Truth(
        product_vectors=product_vectors,
        shopper_vectors=_shopper_vectors(shopper_count, rng),
        appeal=rng.normal(0.0, 0.5, len(products)).astype(np.float32),
        budgets=rng.normal(0.0, 0.25, shopper_count).astype(np.float32),
        price_levels=_price_levels(products),
        complements=_complements(kinds, product_vectors, rng),
        refill_days=np.array([KINDS[kind].refill_days for kind in kinds], dtype=np.int32),
        kinds=kinds,
        styles=styles,
        launch_days=_launch_days(len(products), day_count, rng),
    )


def _product_vectors(kinds: Int32Array, styles: Int32Array, rng: np.random.Generator) -> FloatArray:
    departments = sorted({kind.department for kind in KINDS})
    of_department = rng.normal(0.0, 1.0, (len(departments), KIND_WIDTH))
    of_kind = np.array([of_department[departments.index(kind.department)] for kind in KINDS])
    of_kind += rng.normal(0.0, 0.6, of_kind.shape)
    of_kind /= np.linalg.norm(of_kind, axis=1, keepdims=True)
    vectors = np.concatenate([of_kind[kinds], np.eye(len(STYLES))[styles]], axis=1)
    vectors += rng.normal(0.0, 0.12, vectors.shape)
    return vectors.astype(np.float32)


def _shopper_vectors(count: int, rng: np.random.Generator) -> FloatArray:
    kind_part = rng.normal(0.0, 0.9, (count, KIND_WIDTH))
    style_part = 3.2 * rng.dirichlet(np.full(len(STYLES), 0.35), count)
    return np.concatenate([kind_part, style_part], axis=1).astype(np.float32)


def _price_levels(products: list[Product]) -> FloatArray:
    middles = [np.sqrt(kind.low_price * kind.high_price) for kind in KINDS]
    return np.array(
        [np.log(product.price_cents / 100 / middles[product.kind]) for product in products], dtype=np.float32
    )


def _launch_days(count: int, day_count: int, rng: np.random.Generator) -> Int32Array:
    """A quarter of the products arrive during the simulation, the rest were there before."""
    launch_days = rng.integers(1, max(2, day_count), count).astype(np.int32)
    launch_days[rng.random(count) < 0.75] = 0
    return launch_days


def _complements(kinds: Int32Array, vectors: FloatArray, rng: np.random.Generator) -> Int32Array:
    """Each product gets up to two complements: of a kind that goes with its own, similar in style."""
    pairs: list[tuple[int, int]] = []
    for product, kind in enumerate(kinds):
        for name in KINDS[kind].goes_with[:2]:
            candidates = np.flatnonzero(kinds == KIND_INDEX[name])
            candidates = candidates[candidates != product]
            if len(candidates):
                closeness = vectors[candidates, KIND_WIDTH:] @ vectors[product, KIND_WIDTH:]
                noise = rng.gumbel(0.0, 0.25, len(candidates))
                pairs.append((product, int(candidates[np.argmax(closeness + noise)])))
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


def season_of(kinds: Int32Array, day_of_year: int) -> npt.NDArray[np.float32]:
    """(P,) log demand of each product on this day; 0 for kinds without a season."""
    peaks = np.array([kind.peak_day for kind in KINDS], dtype=np.float64)
    distance = np.abs((peaks - day_of_year + 182.5) % 365.0 - 182.5)
    demand = np.where(peaks > 0, 1.3 * np.exp(-0.5 * (distance / 28.0) ** 2) - 0.3, 0.0)
    return demand[kinds].astype(np.float32)
