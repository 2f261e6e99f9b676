"""The newest and the reduced products, as the shop's own QuerySet lists them: the same for everybody."""

from django.db import router

from django_recs.catalog import get_catalog
from django_recs.serving.remembered import Counted, Remembered
from django_recs.tracking.transactions import contained

ITEM_COUNT = 300
"""How many are looked at; a shelf ranks them for its visitor."""

_newest = Remembered("django_recs:newest:1", lambda: list_newest())
_reduced = Remembered("django_recs:reduced:1", lambda: list_reduced())


def newest_items() -> Counted:
    """Item ids by date, the newest first. Raises `DatabaseError` when the products cannot be read."""
    return _newest.get()


def reduced_items() -> Counted:
    """Item ids of products that are reduced, in no particular order. Raises as `newest_items` does."""
    return _reduced.get()


def forget() -> None:
    """Read the products again at the next call."""
    _newest.forget()
    _reduced.forget()


def list_newest() -> Counted:
    """At most `ITEM_COUNT` visible products with their dates in seconds since 1970."""
    catalog = get_catalog()
    with contained(router.db_for_read(catalog.model)):
        products = list(catalog.get_newest()[:ITEM_COUNT])
    dated = ((catalog.item_id(product), catalog.get_available_since(product)) for product in products)
    return tuple((item_id, since.timestamp()) for item_id, since in dated if since is not None)


def list_reduced() -> Counted:
    """At most `ITEM_COUNT` visible products and by how many percent each is reduced."""
    catalog = get_catalog()
    with contained(router.db_for_read(catalog.model)):
        products = list(catalog.get_reduced()[:ITEM_COUNT])
    return tuple((catalog.item_id(product), float(catalog.get_reduction(product))) for product in products)
