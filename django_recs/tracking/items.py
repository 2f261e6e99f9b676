"""The item id of an event: one spelling for one product, whoever says it."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models

from django_recs.exceptions import CatalogNotFound, RecsError


def item_id_of(item: Any) -> str:
    """The item id of a product, or of what is an id already.

    Raises:
        CatalogNotFound: no catalogue is registered, or ``item`` is none of its products.
    """
    if not isinstance(item, models.Model):
        return "" if item is None else canonical_item_id(str(item))
    from django_recs.catalog import get_catalog

    catalog = get_catalog()
    if not isinstance(item, catalog.model):
        raise CatalogNotFound(f"{item._meta.label} is not the catalogue's model, {catalog.model._meta.label}.")
    return catalog.item_id(item)


def canonical_item_id(item_id: str) -> str:
    """``item_id`` as the catalogue writes it, such as a UUID with hyphens; as it is where no product can have it."""
    from django_recs.catalog import get_catalog

    try:
        return get_catalog().canonical_id(item_id) or item_id
    except (RecsError, ImproperlyConfigured):
        return item_id
