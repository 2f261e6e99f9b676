"""Each system check: the situation that it reports, and silence otherwise."""

from typing import Any

import pytest
from django.core import checks
from django.db import connections
from django.test import override_settings

from django_recs.checks import check_consent, check_settings, check_sqlite, check_urls

urlpatterns: list[object] = []
"""This module is also the URL configuration of a project that forgot ours."""


def _ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def test_a_project_that_is_set_up_well_hears_nothing() -> None:
    assert [message for message in checks.run_checks() if "django_recs" in str(message.id)] == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"HISTORY_LENGHT": 3}, ["django_recs.E001"]),
        ({"HISTORY_LENGTH": 3}, ["django_recs.E001"]),
        ({"HISTORY_LENGTH": 200.5}, ["django_recs.E001"]),
        ({"HISTORY_LENGTH": "200"}, ["django_recs.E001"]),
        ({"RELOAD_SECONDS": 0.5}, []),
        ({"EVENT_WEIGHTS": {"purchase": 1, "rate": 0.2}}, []),
        ({"EVENT_WEIGHTS": {"purchase": "1"}}, ["django_recs.E001"]),
        ({"EVENT_WEIGHTS": {"purchase": True}}, ["django_recs.E001"]),
        ({"EVENT_WEIGHTS": {7: 1.0}}, ["django_recs.E001"]),
        ({"EVENT_WEIGHTS": ["purchase"]}, ["django_recs.E001"]),
        ({"EVENT_WEIGHTS": None}, ["django_recs.E001"]),
        ({"CUSTOMER_ATTRIBUTES": {"staff": "is_staff"}, "COUNTRY_HEADER": "CF-IPCountry"}, []),
        ({"CUSTOMER_ATTRIBUTES": ["is_staff"]}, ["django_recs.E001"]),
        ({"CUSTOMER_ATTRIBUTES": {"staff": None}}, ["django_recs.E001"]),
        ({"COUNTRY_HEADER": None}, ["django_recs.E001"]),
        ({"MIN_PERSONS": 2}, ["django_recs.W002"]),
        ({"MIN_PERSONS": 3}, []),
        ({"CONSENT": "tests.shop.privacy.nobody_wrote_this"}, []),
    ],
)
def test_settings(settings: dict[str, Any], expected: list[str]) -> None:
    with override_settings(DJANGO_RECS=settings):
        assert _ids(check_settings(None)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("django_recs.tracking.consent.from_cookie", []),
        ("tests.shop.privacy.nobody_wrote_this", ["django_recs.E004"]),
        ("nobody_wrote_this", ["django_recs.E004"]),
    ],
)
def test_the_consent_function_must_exist(path: str, expected: list[str]) -> None:
    with override_settings(DJANGO_RECS={"CONSENT": path}):
        assert _ids(check_consent(None)) == expected


@pytest.mark.parametrize(
    ("engine", "options", "expected"),
    [
        ("sqlite", {}, ["django_recs.W003"]),
        ("sqlite", {"transaction_mode": "DEFERRED"}, ["django_recs.W003"]),
        ("sqlite", {"transaction_mode": "immediate"}, []),
        ("postgresql", {}, []),
    ],
)
def test_the_transactions_of_sqlite(
    engine: str, options: dict[str, str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connections["default"]
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setattr(connection, "vendor", engine)

    assert _ids(check_sqlite(None)) == expected


def test_urls_that_are_not_included() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        assert _ids(check_urls(None)) == ["django_recs.W004"]
