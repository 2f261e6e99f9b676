"""The catalogue as arrays, for training: streamed, so that memory holds what is kept and not the rows it came from."""

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Model, QuerySet

from django_recs.catalog.definition import ITEM_ID_LENGTH, SHELF_MEMBERS, Catalog
from django_recs.catalog.sources import FieldPath
from django_recs.engine.interactions import FloatArray, ItemContent

logger = logging.getLogger(__name__)

CHUNK_SIZE = 2_000
_NOT_IN_SNAPSHOT = {"title", "image", *SHELF_MEMBERS}


def item_content(catalog: Catalog[Any]) -> tuple[tuple[str, ...], ItemContent]:
    """The item ids (I + 1,) with padding ``""`` first, by primary key, and the content of each.

    Products without an id, with one too long for the event table or with one seen before are left out.
    """
    visible = set(catalog.get_visible().order_by().values_list("pk", flat=True).iterator(chunk_size=CHUNK_SIZE))
    places: dict[str, None] = {"": None}
    texts, prices, available = [""], [math.nan], [False]
    categories: list[tuple[str, ...]] = [()]
    attributes: list[dict[str, str]] = [{}]
    vectors: list[dict[str, FloatArray]] = [{}]
    for product in _stream(catalog):
        item_id = catalog.item_id(product)
        if item_id in places or len(item_id) > ITEM_ID_LENGTH:
            continue
        places[item_id] = None
        texts.append(catalog.get_text(product))
        categories.append(catalog.get_categories(product))
        price = catalog.get_price(product)
        prices.append(math.nan if price is None else price)
        attributes.append(catalog.get_attributes(product))
        vectors.append(catalog.get_vectors(product))
        available.append(product.pk in visible)
    return tuple(places), ItemContent(
        texts=texts,
        categories=categories,
        prices=np.array(prices, dtype=np.float64),
        available=np.array(available, dtype=np.bool_),
        attributes=attributes,
        vectors={name: matrix for name in catalog.vectors if (matrix := _matrix(name, vectors)) is not None},
    )


def _matrix(name: str, vectors: Sequence[Mapping[str, FloatArray]]) -> FloatArray | None:
    """(I + 1, D) the vectors of one name, NaN where there is none or one of another length than most."""
    lengths = Counter(len(each[name]) for each in vectors if name in each)
    if not lengths:
        return None
    ((length, count),) = lengths.most_common(1)
    if count < lengths.total():
        logger.warning("%s vectors %r have another length than %s.", lengths.total() - count, name, length)
    missing = np.full(length, np.nan, dtype=np.float32)
    found = (each.get(name, missing) for each in vectors)
    return np.stack([vector if len(vector) == length else missing for vector in found])


def _stream(catalog: Catalog[Any]) -> Iterator[Model]:
    return narrowed(catalog, catalog.get_queryset()).order_by("pk").iterator(chunk_size=CHUNK_SIZE)


def narrowed(catalog: Catalog[Any], queryset: QuerySet[Any]) -> QuerySet[Any]:
    """``queryset`` with the joins that the catalogue's field paths need and, if all are paths, only their columns."""
    sources = [source for name, source in catalog.sources().items() if name not in _NOT_IN_SNAPSHOT]
    paths = [FieldPath.find(catalog.model, source) for source in sources if isinstance(source, str)]
    found = [path for path in paths if path is not None]
    single = [path for path in found if path.is_single_valued]
    if joined := sorted({path.relation for path in single if path.relation}):
        queryset = queryset.select_related(*joined)
    if prefetched := sorted({path.relation for path in found if not path.is_single_valued}):
        queryset = queryset.prefetch_related(*prefetched)
    if len(found) == len(sources):
        queryset = queryset.only("pk", catalog.item_id_field, *(path.path for path in single))
    return queryset
