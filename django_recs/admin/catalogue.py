"""Which products the item ids in events stand for, sold out or not."""

import logging
from collections.abc import Collection
from typing import Any

from django_recs.catalog import Catalog, get_catalog
from django_recs.exceptions import CatalogNotFound

logger = logging.getLogger(__name__)


def known_items(item_ids: Collection[str]) -> set[str]:
    """Those of ``item_ids`` that the catalogue knows. Raises `CatalogNotFound` in a shop without one."""
    catalog = get_catalog()
    keys = _keys(catalog, item_ids)
    found = catalog.get_queryset().filter(**{f"{catalog.item_id_field}__in": list(keys)})
    return {keys[key] for key in found.values_list(catalog.item_id_field, flat=True) if key in keys}


def titles_of(item_ids: Collection[str]) -> dict[str, str]:
    """The name of each item that the catalogue knows, with one query; {} without a catalogue."""
    try:
        catalog = get_catalog()
    except CatalogNotFound:
        return {}
    keys = _keys(catalog, item_ids)
    if not keys:
        return {}
    found = catalog.get_queryset().filter(**{f"{catalog.item_id_field}__in": list(keys)})
    return {catalog.item_id(product): _title(catalog, product) for product in found}


def _keys(catalog: Catalog[Any], item_ids: Collection[str]) -> dict[Any, str]:
    return {key: item_id for item_id in item_ids if (key := catalog.parse_id(item_id)) is not None}


def _title(catalog: Catalog[Any], product: Any) -> str:
    try:
        return catalog.get_title(product)
    except Exception:  # the shop's code may raise anything, and a list of events must not fail over one name
        logger.exception("The catalogue has no title for %r", product.pk)
        return ""
