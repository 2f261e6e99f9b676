"""The shop's products in place: the `Catalog` class that a shop subclasses in its ``recs.py``."""

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, Q

ModelT = TypeVar("ModelT", bound=Model)


class Catalog(Generic[ModelT]):
    model: ClassVar[type[Model]]
    available: ClassVar[Q] = Q()


def register(catalog: type[Catalog[Any]]) -> type[Catalog[Any]]:
    return catalog
