"""The one catalogue of the project. A shop's ``recs.py`` registers it; ready() imports that module."""

from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from django_recs.catalog.definition import Catalog
from django_recs.exceptions import CatalogNotFound

CatalogT = TypeVar("CatalogT", bound=type[Catalog[Any]])

_registered: list[Catalog[Any]] = []
"""Empty, or the one catalogue."""


def register(catalog: CatalogT) -> CatalogT:
    """Class decorator that makes ``catalog`` the catalogue of the project.

    Raises:
        ImproperlyConfigured: when another class is registered already, or this one is no usable `Catalog`.
    """
    if not (isinstance(catalog, type) and issubclass(catalog, Catalog)):
        raise ImproperlyConfigured(f"{catalog!r} is not a subclass of django_recs.catalog.Catalog.")
    if not isinstance(getattr(catalog, "model", None), type):
        raise ImproperlyConfigured(f"{_name(catalog)} needs `model = ...`, the model class of the shop's products.")
    if _registered and type(_registered[0]) is not catalog:
        raise ImproperlyConfigured(
            f"Two catalogues are registered, {_name(type(_registered[0]))} and {_name(catalog)}; a project has one. "
            f"Remove @register from one of them."
        )
    if not _registered:
        _registered.append(catalog())
    return catalog


def get_catalog() -> Catalog[Any]:
    """The registered catalogue.

    Raises:
        CatalogNotFound: with what to do, when no ``recs.py`` of an installed app registered one.
    """
    if not _registered:
        raise CatalogNotFound(
            "No catalogue is registered. Write a recs.py in one of your INSTALLED_APPS with a subclass of "
            "django_recs.catalog.Catalog, decorated with @django_recs.catalog.register."
        )
    return _registered[0]


def is_registered() -> bool:
    return bool(_registered)


def _name(catalog: type[Catalog[Any]]) -> str:
    return f"{catalog.__module__}.{catalog.__qualname__}"
