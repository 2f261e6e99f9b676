"""What is wrong with a `Catalog`, found before the first request. `django_recs.checks` presents it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import CharField, Field, Model

from django_recs.catalog.definition import ITEM_ID_LENGTH, Catalog
from django_recs.catalog.sources import FieldPath, Source


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to mend in a catalogue."""

    check_id: str
    """``E002``, ``E003`` or ``E005``."""
    what: str
    """One sentence."""
    mend: str
    """One sentence."""


def catalog_problems(catalog: Catalog[Any]) -> list[Problem]:
    return [
        *_unknown_sources(catalog),
        *_unusable_ids(catalog),
        *_unusable_filter(catalog),
        *_unsortable_members(catalog),
    ]


def _unsortable_members(catalog: Catalog[Any]) -> Iterator[Problem]:
    """The database looks for new and restocked products, so that it must know the column."""
    for name in ("available_since", "restocked_at", "parent"):
        source = getattr(catalog, name)
        path = FieldPath.find(catalog.model, source) if isinstance(source, str) and source else None
        known = not source or not isinstance(source, str) or _exists(catalog, source)
        if source and known and (path is None or not path.is_single_valued):
            yield Problem(
                check_id="E005",
                what=f"{type(catalog).__name__}.{name} is {source!r}; it must be the path of one field.",
                mend=_suggestion(catalog.model, str(source)),
            )


def _unusable_filter(catalog: Catalog[Any]) -> Iterator[Problem]:
    """The query is put together, not run: no connection is opened."""
    try:
        catalog.get_visible()
    except (FieldError, TypeError, ValueError) as error:
        yield Problem(
            check_id="E002",
            what=f"{type(catalog).__name__}.available does not fit {catalog.model.__name__}: {error}",
            mend="Write it as a Q over fields of the product, such as Q(is_published=True, stock__gt=0).",
        )


def _unknown_sources(catalog: Catalog[Any]) -> Iterator[Problem]:
    for name, source in catalog.sources().items():
        if not _exists(catalog, source):
            yield Problem(
                check_id="E002",
                what=f"{type(catalog).__name__}.{name} names {source!r}, which {catalog.model.__name__} does not have.",
                mend=_suggestion(catalog.model, str(source)),
            )


def _exists(catalog: Catalog[Any], source: Source) -> bool:
    if not isinstance(source, str) or catalog.is_own_method(source) or FieldPath.find(catalog.model, source):
        return True
    head, _, rest = source.partition("__")
    is_field = FieldPath.find(catalog.model, head) is not None
    if is_field and rest:
        return _ends_in_attribute(catalog.model, source)
    return not is_field and not rest and hasattr(catalog.model, source)


def _ends_in_attribute(model: type[Model], source: str) -> bool:
    """Whether the last part of a path is a property or method of the model that the relations before it lead to."""
    relation, _, last = source.rpartition("__")
    path = FieldPath.find(model, relation)
    related = getattr(path.fields[-1], "related_model", None) if path else None
    return related is not None and hasattr(related, last)


def _suggestion(model: type[Model], source: str) -> str:
    names = [field.name for field in model._meta.get_fields()]
    if close := difflib.get_close_matches(source.partition("__")[0], names, n=1):
        return f"Did you mean {close[0]!r}? Otherwise name a field, a method or a function of the product."
    return f"Name a field ({', '.join(sorted(names))}), a method of the catalogue or a function of the product."


def _unusable_ids(catalog: Catalog[Any]) -> Iterator[Problem]:
    path = FieldPath.find(catalog.model, catalog.item_id_field)
    field = path.fields[-1] if path else None
    name = f"{type(catalog).__name__}.item_id_field = {catalog.item_id_field!r}"
    if not isinstance(field, Field) or not getattr(field, "concrete", False):
        yield Problem(
            check_id="E003", what=f"{name} is not a field with a column.", mend=_suggestion(catalog.model, name)
        )
    elif not field.unique:
        yield Problem(
            check_id="E003",
            what=f"{name} is not unique, so an event could not say which product it is about.",
            mend="Name a unique field, or leave item_id_field out to use the primary key.",
        )
    elif isinstance(field, CharField) and (field.max_length or 0) > ITEM_ID_LENGTH:
        yield Problem(
            check_id="E003",
            what=f"{name} may hold {field.max_length} characters; an item id has at most {ITEM_ID_LENGTH}.",
            mend="Name a shorter unique field such as the primary key.",
        )
