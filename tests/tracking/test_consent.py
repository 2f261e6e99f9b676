"""Who allowed what: Global Privacy Control first, then the shop."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from django_recs.models import Purpose
from django_recs.tracking import consented_purposes


def request(cookie: str | None = None, **headers: str) -> HttpRequest:
    made = RequestFactory().get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    if cookie is not None:
        made.COOKIES["recs_consent"] = cookie
    return made


@pytest.mark.parametrize(
    ("cookie", "purposes"),
    [
        (None, Purpose.NONE),
        ("", Purpose.NONE),
        ("none", Purpose.NONE),
        ("7", Purpose.NONE),
        ("all", Purpose.NONE),
        ("personalisation", Purpose.PERSONALISATION),
        ("Analytics", Purpose.ANALYTICS),
        ("marketing", Purpose.MARKETING),
        ("personalisation.analytics", Purpose.PERSONALISATION | Purpose.ANALYTICS),
        ("marketing.necessary.analytics", Purpose.MARKETING | Purpose.ANALYTICS),
    ],
)
def test_the_cookie_names_purposes(cookie: str | None, purposes: Purpose) -> None:
    assert consented_purposes(request(cookie)) == purposes


def test_global_privacy_control_goes_before_the_cookie() -> None:
    assert consented_purposes(request("personalisation", Sec_GPC="1")) == Purpose.NONE
    assert consented_purposes(request("personalisation", Sec_GPC="0")) == Purpose.PERSONALISATION


@override_settings(DJANGO_RECS={"CONSENT": "tests.shop.privacy.everything"})
def test_a_shop_asks_its_own_function() -> None:
    assert consented_purposes(request()) == Purpose.ALL
    assert consented_purposes(request(Sec_GPC="1")) == Purpose.NONE


@override_settings(DJANGO_RECS={"CONSENT": "tests.shop.privacy.broken"})
def test_a_function_that_fails_means_no_consent(caplog: pytest.LogCaptureFixture) -> None:
    assert consented_purposes(request("personalisation")) == Purpose.NONE
    assert "DJANGO_RECS['CONSENT'] failed" in caplog.text


def test_consent_is_asked_once_a_request() -> None:
    made = request("personalisation")
    consented_purposes(made)
    made.COOKIES["recs_consent"] = "none"

    assert consented_purposes(made) == Purpose.PERSONALISATION
