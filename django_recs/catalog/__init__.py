"""The shop's products in place: the `Catalog` class that a shop subclasses in its ``recs.py``, and what it tells.

Knows the shop's model only through that class. May import models, conf, signals and the engine.
"""

from django_recs.catalog.definition import Catalog
from django_recs.catalog.registry import get_catalog, register
from django_recs.catalog.snapshot import item_content
from django_recs.catalog.sources import Source

__all__ = ["Catalog", "Source", "get_catalog", "item_content", "register"]
