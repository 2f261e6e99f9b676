"""A shop that does not exist, with the truth about it: what each shopper likes and which products belong together.

Numpy and strings only, no clock and no global randomness: the same configuration gives the same shop to the last byte.
Demos and tests use it; nothing else in django_recs may import it.
"""

from django_recs.engine.simulation.assortment import Product, make_products
from django_recs.engine.simulation.behaviour import SimulatedEvents
from django_recs.engine.simulation.folder import write_shop
from django_recs.engine.simulation.pictures import SHAPES, draw_picture
from django_recs.engine.simulation.shop import SimulatedShop, SimulationConfig, simulate_shop
from django_recs.engine.simulation.taste import Truth

__all__ = [
    "SHAPES",
    "Product",
    "SimulatedEvents",
    "SimulatedShop",
    "SimulationConfig",
    "Truth",
    "draw_picture",
    "make_products",
    "simulate_shop",
    "write_shop",
]
