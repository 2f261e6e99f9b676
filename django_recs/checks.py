"""System checks ``django_recs.E###`` and ``W###``. Each says what is wrong, why it matters and what mends it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import DatabaseError, connections, router
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from django_recs.catalog.problems import catalog_problems
from django_recs.catalog.registry import get_catalog, is_registered
from django_recs.conf import IMAGES_OFF, get_settings
from django_recs.models import Event, Placement
from django_recs.serving.promises import missing_member

SAFE_MIN_PERSONS = 3
"""With two persons behind a pair, each of them can tell what the other one bought."""


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: the settings dict has unknown keys or values out of range. W002: pairs rest on too few persons."""
    try:
        min_persons = get_settings().min_persons
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Mend DJANGO_RECS in your settings.", id="django_recs.E001")]
    if min_persons >= SAFE_MIN_PERSONS:
        return []
    return [
        Warning(
            f"DJANGO_RECS['MIN_PERSONS'] is {min_persons}: a shelf can reveal what single persons bought.",
            hint=f"Set it to {SAFE_MIN_PERSONS} or more once the shop is open to the public.",
            id="django_recs.W002",
        )
    ]


@register()
def check_consent(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E004: the consent function cannot be imported, so nobody's consent would count."""
    try:
        import_string(get_settings().consent)
    except ImproperlyConfigured:  # E001 tells
        return []
    except ImportError as error:
        return [
            Error(
                f"DJANGO_RECS['CONSENT'] cannot be imported: {error}",
                hint="Name a function of a request that returns a Purpose, such as 'shop.consent.purposes'.",
                id="django_recs.E004",
            )
        ]
    return []


@register()
def check_customer_attributes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E006: an attribute of customers is a path that the user model does not have, so that no shelf could read it."""
    try:
        paths = get_settings().customer_attributes
    except ImproperlyConfigured:  # E001 tells
        return []
    users = get_user_model()._default_manager
    errors: list[CheckMessage] = []
    for name, path in paths.items():
        try:
            users.values_list(path)
        except FieldError as error:
            errors.append(
                Error(
                    f"DJANGO_RECS['CUSTOMER_ATTRIBUTES'][{name!r}] leads nowhere: {error}",
                    hint="Name a field path of the user model, such as 'profile__tier'.",
                    id="django_recs.E006",
                )
            )
    return errors


@register()
def check_encoders(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W011: the settings name an encoder that is not on this machine. Workers need it; a web process does not."""
    try:
        settings = get_settings()
    except ImproperlyConfigured:  # E001 tells
        return []
    named = {"TEXT_ENCODER": settings.text_encoder, "IMAGE_ENCODER": settings.image_encoder.removeprefix(IMAGES_OFF)}
    return [
        Warning(
            f"DJANGO_RECS[{name!r}] names {path!r}, which does not exist on this machine.",
            hint="Put the encoder there on every machine that trains, or leave the setting out.",
            id="django_recs.W011",
        )
        for name, path in named.items()
        if path and not Path(path).exists()
    ]


@register()
def check_catalog(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W001: no catalogue. E002, E005: it names what cannot be read. E003: its item ids cannot tell products apart."""
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


@register()
def check_sqlite(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W003: parallel writers of a SQLite file fail instead of waiting. No connection is opened."""
    alias = router.db_for_write(Event)
    connection = connections[alias]
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor != "sqlite" or str(options.get("transaction_mode", "")).upper() in {"IMMEDIATE", "EXCLUSIVE"}:
        return []
    return [
        Warning(
            'SQLite lets transactions begin as readers; two that then write fail with "database is locked".',
            hint=f'Set DATABASES["{alias}"]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE"}}, or use PostgreSQL.',
            id="django_recs.W003",
        )
    ]


@register(Tags.database)
def check_placements(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """I001: active placements need what the catalogue does not say. Runs with ``migrate`` and ``check --database``."""
    alias = router.db_for_read(Placement)
    if alias not in (databases or ()) or not is_registered():
        return []
    try:
        active = list(Placement.objects.using(alias).filter(is_active=True).values_list("slug", "strategy"))
    except DatabaseError:  # the table is not there yet
        return []
    missing = [(slug, member) for slug, strategy in active if (member := missing_member(strategy, get_catalog()))]
    return [
        Info(
            f"The placement {slug!r} stays empty: {type(get_catalog()).__name__} does not say {member}.",
            hint=f"Name the source of {member} in your Catalog, or switch the placement off in the admin.",
            id="django_recs.I001",
        )
        for slug, member in missing
    ]


@register(Tags.urls)
def check_urls(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W004: the endpoints are not included, so browsers cannot send events."""
    if not getattr(django_settings, "ROOT_URLCONF", None):
        return []
    try:
        reverse("django_recs:events")
    except NoReverseMatch:
        return [
            Warning(
                "The URLs of django_recs are not included, so browsers cannot send events.",
                hint='Add path("recs/", include("django_recs.urls")) to your ROOT_URLCONF.',
                id="django_recs.W004",
            )
        ]
    return []
