"""System checks ``django_recs.E###`` and ``W###``. Each says what is wrong, why it matters and what mends it."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from django_recs.catalog.problems import catalog_problems
from django_recs.catalog.registry import get_catalog, is_registered
from django_recs.conf import get_settings


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: the settings dict has unknown keys or values out of range."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Mend DJANGO_RECS in your settings.", id="django_recs.E001")]
    return []


@register()
def check_catalog(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W001: no catalogue. E002: it names what does not exist. E003: its item ids cannot tell products apart."""
    if not is_registered():
        return [
            Warning(
                "No catalogue is registered, so nothing can be recommended.",
                hint="Write a recs.py in one of your INSTALLED_APPS with a Catalog subclass under @register.",
                id="django_recs.W001",
            )
        ]
    return [
        Error(problem.what, hint=problem.mend, obj=type(get_catalog()), id=f"django_recs.{problem.check_id}")
        for problem in catalog_problems(get_catalog())
    ]
