"""A whole simulated shop from one configuration."""

from dataclasses import dataclass

import numpy as np

from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.simulation.assortment import Product, make_products
from django_recs.engine.simulation.behaviour import SimulatedEvents, Simulation
from django_recs.engine.simulation.taste import Truth, make_truth


@dataclass(frozen=True, kw_only=True)
class SimulationConfig:
    """How large, how long, and which of all possible shops."""

    product_count: int = 600
    shopper_count: int = 2_000
    day_count: int = 120
    seed: int = 1
    end: int
    """Midnight after the last day, seconds since 1970 in UTC."""

    def __post_init__(self) -> None:
        for name in ("product_count", "shopper_count", "day_count"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; it must be 0 or more.")
        if self.end % SECONDS_PER_DAY:
            raise ValueError(f"end is {self.end}; it must be a midnight in UTC.")

    @property
    def start(self) -> int:
        return self.end - self.day_count * SECONDS_PER_DAY


@dataclass(frozen=True, kw_only=True)
class SimulatedShop:
    """What a shop would know, and beside it what it would not."""

    config: SimulationConfig
    products: list[Product]
    events: SimulatedEvents
    truth: Truth


def simulate_shop(config: SimulationConfig) -> SimulatedShop:
    """Products, tastes and events, each from a random stream of its own."""
    of_products, of_truth, of_events = np.random.default_rng(config.seed).spawn(3)
    products = make_products(config.product_count, of_products)
    truth = make_truth(products, shopper_count=config.shopper_count, day_count=config.day_count, rng=of_truth)
    simulation = Simulation(truth, start=config.start, day_count=config.day_count, rng=of_events)
    return SimulatedShop(config=config, products=products, events=simulation.run(), truth=truth)
