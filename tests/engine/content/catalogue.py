"""Four products that say different things of themselves."""

import math

import numpy as np

from django_recs.engine.interactions import ItemContent

CONTENT = ItemContent(
    texts=["", "Red mug", "RED plate", "blue mug, blue!", "red mug unheard"],
    categories=[(), ("Kitchen", "Mugs"), ("Kitchen",), ("Mugs",), ("Garden", "mugs")],
    prices=np.array([np.nan, math.e, math.e**3, 0.0, math.e**5]),
    available=np.array([False, True, True, True, True]),
    attributes=[{}, {"Brand": "Acme"}, {"brand": "acme"}, {}, {}],
)
