"""System checks ``django_recs.E###`` and ``W###``. Each says what is wrong, why it matters and what mends it."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from django_recs.conf import get_settings


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: the settings dict has unknown keys or values out of range."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Mend DJANGO_RECS in your settings.", id="django_recs.E001")]
    return []
