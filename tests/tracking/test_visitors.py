"""A guest gets a pseudonymous id where consent allows, keeps it, and takes it along when signing in."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from django_recs.models import Event, Purpose, Visitor
from django_recs.tracking import NewEvent, VisitorIdentity, merge_visitor, recent_events, store_events, visitor_of
from django_recs.tracking.visitors import with_visitor_id, write_visitor_cookie
from tests.shop.models import Customer

DAY = 86_400


def request(consent: str = "personalisation", visitor: str = "", **headers: str) -> HttpRequest:
    """A request of a browser with these cookies, with an empty session."""
    made = RequestFactory().get("/", headers=headers)
    made.COOKIES["recs_consent"] = consent
    if visitor:
        made.COOKIES["recs_visitor"] = visitor
    made.session = SessionStore()
    made.user = AnonymousUser()
    return made


def cookie_of(visitor_id: str) -> str:
    return signing.TimestampSigner(salt="django_recs.visitor").sign(visitor_id)


def set_cookie(made: HttpRequest) -> Any:
    """The visitor cookie that the answer to this request sets, or None."""
    response = HttpResponse()
    write_visitor_cookie(made, response)
    return response.cookies.get("recs_visitor")


def customer(name: str) -> Customer:
    return Customer.objects.create_user(name, password="secret")


@pytest.mark.parametrize(
    ("consent", "gets_id"),
    [
        ("none", False),
        ("marketing", False),
        ("personalisation", True),
        ("analytics", True),
        ("personalisation.analytics.marketing", True),
    ],
)
def test_a_guest_gets_an_id_where_consent_allows(consent: str, gets_id: bool) -> None:
    made = request(consent)

    identity = with_visitor_id(made)

    assert bool(identity.visitor_id) is gets_id
    assert (set_cookie(made) is not None) is gets_id
    assert visitor_of(made) == identity


def test_no_id_under_global_privacy_control() -> None:
    made = request("personalisation", cookie_of("f00d"), **{"Sec-GPC": "1"})

    assert with_visitor_id(made) == VisitorIdentity()
    assert set_cookie(made)["max-age"] == 0


def test_reading_a_visitor_makes_no_id() -> None:
    made = request()

    assert visitor_of(made) == VisitorIdentity(purposes=Purpose.PERSONALISATION)
    assert set_cookie(made) is None


@override_settings(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_DOMAIN=".shop.example")
def test_the_cookie_is_hidden_from_scripts_and_other_sites() -> None:
    made = request()
    visitor_id = with_visitor_id(made).visitor_id

    cookie = set_cookie(made)

    assert signing.TimestampSigner(salt="django_recs.visitor").unsign(cookie.value) == visitor_id
    assert {name: cookie[name] for name in ("httponly", "secure", "samesite", "domain", "path", "max-age")} == {
        "httponly": True,
        "secure": True,
        "samesite": "Lax",
        "domain": ".shop.example",
        "path": "/",
        "max-age": 180 * DAY,
    }


@pytest.mark.parametrize(
    ("age_days", "visitor_id", "renewed"), [(0, "f00d", False), (2, "f00d", True), (179, "f00d", True), (181, "", None)]
)
def test_the_id_lives_on_while_it_is_used(age_days: int, visitor_id: str, renewed: bool | None) -> None:
    with patch("django.core.signing.time.time", return_value=signing.time.time() - age_days * DAY):
        old = cookie_of("f00d")
    made = request(visitor=old)

    assert visitor_of(made).visitor_id == visitor_id
    if renewed is not None:
        assert (set_cookie(made) is not None) is renewed


@pytest.mark.parametrize("cookie", ["f00d", "f00d:1xVbPm:forged", "", ":::"])
def test_a_forged_id_is_nobody(cookie: str) -> None:
    assert visitor_of(request(visitor=cookie)).visitor_id == ""


@pytest.mark.parametrize("consent", ["none", "marketing"])
def test_withdrawal_deletes_the_cookie(consent: str) -> None:
    made = request(consent, cookie_of("f00d"))

    assert visitor_of(made).visitor_id == ""
    assert (set_cookie(made).value, set_cookie(made)["max-age"]) == ("", 0)


@pytest.mark.django_db
def test_without_consent_neither_user_nor_session_is_read(django_assert_num_queries: Any, client: Any) -> None:
    client.force_login(customer("ann"))
    made = RequestFactory().get("/")
    made.session = SessionStore(client.session.session_key)
    with django_assert_num_queries(0):
        assert visitor_of(made) == VisitorIdentity()


@pytest.mark.django_db
def test_a_signed_in_customer_is_known_by_key() -> None:
    made = request("marketing", cookie_of("f00d"))
    made.user = customer("ann")

    assert visitor_of(made) == VisitorIdentity(customer_id=str(made.user.pk), purposes=Purpose.MARKETING)


@pytest.mark.django_db
def test_a_guest_becomes_the_customer_they_sign_in_as(new_event: Callable[..., NewEvent]) -> None:
    ann = customer("ann")
    store_events([new_event(visitor_id="f00d", item_id="seen as a guest", purposes=1)])
    made = request(visitor=cookie_of("f00d"))

    login(made, ann)

    assert Visitor.objects.values_list("visitor_id", "customer_id").get() == ("f00d", str(ann.pk))
    known = VisitorIdentity(customer_id=str(ann.pk), visitor_id="f00d", purposes=Purpose.PERSONALISATION)
    assert visitor_of(made) == known
    assert [row.item_id for row in recent_events(visitor_of(made), 10)] == ["seen as a guest"]


@pytest.mark.django_db
def test_signing_in_again_merges_nothing_twice() -> None:
    ann = customer("ann")

    for _ in range(2):
        login(request(visitor=cookie_of("f00d")), ann)

    assert Visitor.objects.count() == 1


@pytest.mark.django_db
def test_a_second_customer_on_the_browser_gets_another_id() -> None:
    ann, ben = customer("ann"), customer("ben")
    login(request(visitor=cookie_of("f00d")), ann)
    made = request(visitor=cookie_of("f00d"))

    login(made, ben)

    assert Visitor.objects.values_list("visitor_id", "customer_id").get() == ("f00d", str(ann.pk))
    assert visitor_of(made).visitor_id == ""
    fresh = with_visitor_id(made).visitor_id
    assert fresh not in ("", "f00d")
    assert set_cookie(made).value.startswith(f"{fresh}.customer:")


@pytest.mark.django_db
def test_no_merge_without_consent() -> None:
    login(request("marketing", cookie_of("f00d")), customer("ann"))

    assert not Visitor.objects.exists()


@pytest.mark.django_db
def test_a_login_never_fails_because_of_the_merge(caplog: pytest.LogCaptureFixture) -> None:
    def fail(execute: Any, sql: str, *arguments: Any) -> Any:
        if "django_recs_visitor" in sql:
            raise OperationalError("gone away")
        return execute(sql, *arguments)

    ann = customer("ann")
    made = request(visitor=cookie_of("f00d"))
    with connection.execute_wrapper(fail):
        login(made, ann)

    assert made.user == ann
    assert "A guest could not be merged at login" in caplog.text


@pytest.mark.django_db
def test_after_signing_out_the_guest_sees_only_what_a_guest_did(new_event: Callable[..., NewEvent]) -> None:
    ann = customer("ann")
    made = request(visitor=cookie_of("f00d"))
    login(made, ann)
    store_events([new_event(customer_id=str(ann.pk), visitor_id="f00d", item_id="seen by ann", purposes=1)])
    logout(made)
    guest = request(visitor=cookie_of("f00d"))

    assert recent_events(visitor_of(guest), 10) == []
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_the_next_person_on_the_browser_is_somebody_else(
    new_event: Callable[..., NewEvent], django_assert_num_queries: Any
) -> None:
    ann = customer("ann")
    store_events([new_event(visitor_id="f00d", item_id="seen by ann as a guest", purposes=1)])
    made = request(visitor=cookie_of("f00d"))
    login(made, ann)
    with_visitor_id(made)
    owned = set_cookie(made).value
    guest = request(visitor=owned)

    with django_assert_num_queries(0):
        assert recent_events(visitor_of(guest), 10) == []
    fresh = with_visitor_id(guest).visitor_id
    assert fresh not in ("", "f00d")
    assert set_cookie(guest).value.startswith(f"{fresh}:")
    login(back := request(visitor=owned), ann)
    assert visitor_of(back).visitor_id == "f00d"
    assert set_cookie(back) is None


@pytest.mark.django_db
def test_a_guest_with_the_id_of_a_customer_gets_another_before_anything_is_written() -> None:
    """Signed out before the browser sent an event, so that the cookie does not know of the customer."""
    merge_visitor("f00d", "1")
    made = request(visitor=cookie_of("f00d"))

    fresh = with_visitor_id(made).visitor_id

    assert fresh not in ("", "f00d")
    assert set_cookie(made).value.startswith(f"{fresh}:")


def test_a_view_that_takes_consent_back_deletes_the_cookie() -> None:
    made, response = request("personalisation", cookie_of("f00d")), HttpResponse()

    write_visitor_cookie(made, response, purposes=Purpose.MARKETING)

    assert (response.cookies["recs_visitor"].value, response.cookies["recs_visitor"]["max-age"]) == ("", 0)


@pytest.mark.django_db
def test_a_visitor_belongs_to_one_customer_for_ever() -> None:
    assert merge_visitor("f00d", "1")
    assert merge_visitor("f00d", "1")
    assert not merge_visitor("f00d", "2")
    assert Visitor.objects.get().customer_id == "1"
