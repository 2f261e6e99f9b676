"""Each system check: the situation that it reports, and silence otherwise."""

from typing import Any

import pytest
from django.core import checks
from django.db import connections
from django.test import override_settings

from django_recs.catalog import get_catalog
from django_recs.checks import (
    check_consent,
    check_encoders,
    check_placements,
    check_settings,
    check_sqlite,
    check_urls,
)
from django_recs.models import Placement
from tests.serving.test_ladder import failing

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


def _placements_that_need(monkeypatch: pytest.MonkeyPatch, **members: object) -> list[str]:
    for name, value in members.items():
        monkeypatch.setattr(type(get_catalog()), name, value)
    return [message.msg.split("'")[1] for message in check_placements(None, databases=["default"])]


@pytest.mark.django_db
def test_placements_that_the_catalogue_cannot_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _placements_that_need(monkeypatch) == []
    assert sorted(_placements_that_need(monkeypatch, list_price=None, available_since="", restocked_at="")) == [
        "back_in_stock_for_you",
        "new_arrivals_for_you",
        "on_sale_for_you",
    ]
    Placement.objects.filter(slug="on_sale_for_you").update(is_active=False)
    assert "on_sale_for_you" not in _placements_that_need(monkeypatch)
    assert check_placements(None) == []


@pytest.mark.django_db
def test_before_the_first_migration_nothing_is_said_of_placements(monkeypatch: pytest.MonkeyPatch) -> None:
    with failing("django_recs_placement"):
        assert _placements_that_need(monkeypatch, list_price=None) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"TEXT_ENCODER": "/nowhere/encoder"}, ["django_recs.W011"]),
        ({"TEXT_ENCODER": "/nowhere/encoder", "IMAGE_ENCODER": "/nowhere.onnx"}, ["django_recs.W011"] * 2),
        ({"TEXT_ENCODER": "/", "IMAGE_ENCODER": "off"}, []),
        ({"TEXT_ENCODER": 7}, []),
    ],
)
def test_encoders(settings: dict[str, Any], expected: list[str]) -> None:
    with override_settings(DJANGO_RECS=settings):
        assert _ids(check_encoders(None)) == expected
