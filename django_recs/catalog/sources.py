"""How a `Catalog` names a value of a product: a field path, a method of the catalogue, or a function."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

import numpy as np
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Field, ForeignObjectRel, Model
from django.utils import timezone

from django_recs.engine.interactions import FloatArray

Source = str | Callable[[Any], Any]
"""``"brand__name"``, the name of a method on the catalogue or the product, or ``f(product)``."""


def values_at(product: object, path: str) -> Iterator[object]:
    """The non-empty values at a field path; several where it leads through a many-valued relation."""
    head, _, rest = path.partition("__")
    try:
        value = getattr(product, head)
    except ObjectDoesNotExist:
        return
    if hasattr(value, "all") and hasattr(value, "get_queryset"):
        targets: Iterable[object] = value.all()
    else:
        targets = [value() if callable(value) else value]
    for target in targets:
        if rest and target is not None:
            yield from values_at(target, rest)
        elif not _is_empty(target):
            yield target


def flatten(value: object) -> Iterator[object]:
    """The non-empty values inside lists and tuples, or the one value itself."""
    if isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from flatten(part)
    elif not _is_empty(value):
        yield value


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)


def price_of(value: object) -> float:
    """A price as float; NaN for what is missing, not a number, infinite or negative."""
    try:
        price = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return price if math.isfinite(price) and price >= 0 else math.nan


def moment_of(value: object) -> datetime | None:
    """A date or time as a time with a zone, naive ones in the current time zone; None for anything else."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    return value if timezone.is_aware(value) else timezone.make_aware(value)


def vector_of(value: object) -> FloatArray | None:
    """Numbers in a sequence or an array, as JSON text, or as the bytes of little-endian float32; None for what is
    missing, empty, no plain list of numbers, infinite or not a number."""
    try:
        if isinstance(value, str):
            value = json.loads(value)
        elif isinstance(value, (bytes, memoryview)):
            value = np.frombuffer(value, dtype="<f4")
        with np.errstate(over="ignore"):
            vector = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return vector if vector.ndim == 1 and len(vector) and np.isfinite(vector).all() else None


class FieldPath:
    """A path such as ``brand__name`` looked up in a model's fields.

    Args:
        fields: the fields on the way, one per part of the path.
    """

    def __init__(self, path: str, fields: Sequence["Field[Any, Any] | ForeignObjectRel"]) -> None:
        self.path = path
        self.fields = fields

    @classmethod
    def find(cls, model: type[Model], path: str) -> "FieldPath | None":
        """None where some part is not a field, for example because it is a property or a method."""
        fields = []
        current: type[Model] | None = model
        for part in path.split("__"):
            if current is None:
                return None
            try:
                field = current._meta.pk if part == "pk" else current._meta.get_field(part)
            except FieldDoesNotExist:
                return None
            fields.append(field)
            current = getattr(field, "related_model", None)
        return cls(path, fields)

    @property
    def relation_count(self) -> int:
        """How many of the leading parts lead to another table."""
        return sum(1 for field in self.fields if field.is_relation)

    @property
    def is_single_valued(self) -> bool:
        return not any(field.many_to_many or field.one_to_many for field in self.fields)

    @property
    def relation(self) -> str:
        """The leading relations of the path, "" where it stays in its own table."""
        return "__".join(self.path.split("__")[: self.relation_count])
