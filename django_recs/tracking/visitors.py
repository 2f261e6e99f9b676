"""Who is asking: a signed-in customer, a guest with a pseudonymous id, or nobody we may know."""

import logging
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings as django_settings
from django.core import signing
from django.db import DatabaseError, router, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from django_recs.conf import get_settings
from django_recs.models import Purpose, Visitor
from django_recs.tracking.consent import IDENTIFYING, consented_purposes

logger = logging.getLogger(__name__)

FOREIGN_VISITOR_KEY = "recs_foreign_visitor"
"""Session key with a visitor id that belongs to somebody who used this browser before."""

_CACHE = "_recs_visitor"
_SALT = "django_recs.visitor"
_OWNED = ".customer"
"""Ends the cookie of a browser that was last used by somebody signed in: it names no guest."""
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class VisitorIdentity:
    """One person as far as their consent lets us know them."""

    customer_id: str = ""
    """Primary key of the signed-in user as text; "" for guests and without consent."""
    visitor_id: str = ""
    """Pseudonymous id of the browser; "" until the browser sent its first event, and without consent."""
    purposes: Purpose = Purpose.NONE
    recent: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    """What `history.recent_events` read for this identity, by limit; lives as long as the request."""
    attributes: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What `circumstances.circumstances_of` read of this customer; lives as long as the request."""

    @property
    def is_known(self) -> bool:
        return bool(self.customer_id or self.visitor_id)


def visitor_of(request: HttpRequest) -> VisitorIdentity:
    """Who sent the request. Without consent neither cookie nor session is looked at. Cached on the request."""
    identity: VisitorIdentity | None = getattr(request, _CACHE, None)
    if identity is None:
        identity = _identify(request, consented_purposes(request))
        setattr(request, _CACHE, identity)
    return identity


def with_visitor_id(request: HttpRequest) -> VisitorIdentity:
    """Like `visitor_of`, but a browser without a visitor id gets one where consent allows.

    A guest whose id was merged into a customer gets a new one too: somebody else may sit there by now. The caller must
    answer with `write_visitor_cookie`, or the id is forgotten. Raises `django.db.Error`.
    """
    identity = visitor_of(request)
    if identity.purposes & IDENTIFYING and (not identity.visitor_id or _is_merged_guest(identity)):
        identity = replace(identity, visitor_id=uuid.uuid4().hex, recent={})
        setattr(request, _CACHE, identity)
    return identity


def write_visitor_cookie(request: HttpRequest, response: HttpResponseBase, *, purposes: Purpose | None = None) -> None:
    """Set, renew or delete the visitor cookie, as consent wants it.

    The events endpoint does it with each answer. A shop's view that takes a consent back calls it too, for browsers
    without JavaScript.

    Args:
        purposes: what the visitor allows from now on; what the request says when left out.
    """
    name = get_settings().visitor_cookie
    identity = visitor_of(request)
    allowed = identity.purposes if purposes is None else purposes
    value = identity.visitor_id + (_OWNED if identity.customer_id else "")
    if not identity.visitor_id or not allowed & IDENTIFYING:
        if name in request.COOKIES:
            response.delete_cookie(name, domain=django_settings.SESSION_COOKIE_DOMAIN, samesite="Lax")
    elif _unsign(request.COOKIES.get(name, ""), max_age_seconds=_DAY_SECONDS) != value:
        response.set_cookie(
            name,
            signing.TimestampSigner(salt=_SALT).sign(value),
            max_age=get_settings().visitor_cookie_days * _DAY_SECONDS,
            domain=django_settings.SESSION_COOKIE_DOMAIN,
            secure=django_settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def merge_visitor(visitor_id: str, customer_id: str) -> bool:
    """Give a guest's events to the customer they turned out to be; False when they belong to another customer."""
    visitor, _ = Visitor.objects.get_or_create(
        visitor_id=visitor_id, defaults={"customer_id": customer_id, "merged_at": timezone.now()}
    )
    return visitor.customer_id == customer_id


def merge_at_login(request: HttpRequest, customer_id: str) -> None:
    """Merge the guest of this browser into the customer who just signed in. Never raises into the shop's login.

    A visitor id that belongs to another customer is left alone and noted in the session; it is not used for this
    customer, and the next answer of the events endpoint gives the browser a new one.
    """
    if hasattr(request, _CACHE):
        delattr(request, _CACHE)
    identity = _identify(request, consented_purposes(request))
    if not identity.visitor_id:
        return
    try:
        with transaction.atomic(using=router.db_for_write(Visitor)):
            merged = merge_visitor(identity.visitor_id, customer_id)
    except DatabaseError:
        logger.exception("A guest could not be merged at login.")
        return
    if not merged:
        request.session[FOREIGN_VISITOR_KEY] = identity.visitor_id


def _is_merged_guest(identity: VisitorIdentity) -> bool:
    return not identity.customer_id and Visitor.objects.filter(visitor_id=identity.visitor_id).exists()


def _identify(request: HttpRequest, purposes: Purpose) -> VisitorIdentity:
    if not purposes:
        return VisitorIdentity()
    customer_id = _customer_id(request)
    return VisitorIdentity(
        customer_id=customer_id,
        visitor_id=_visitor_id(request, is_customer=bool(customer_id)) if purposes & IDENTIFYING else "",
        purposes=purposes,
    )


def _customer_id(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def _visitor_id(request: HttpRequest, *, is_customer: bool) -> str:
    cookie = request.COOKIES.get(get_settings().visitor_cookie, "")
    value = _unsign(cookie, max_age_seconds=get_settings().visitor_cookie_days * _DAY_SECONDS) if cookie else ""
    if value.endswith(_OWNED) and not is_customer:
        return ""
    visitor_id = value.removesuffix(_OWNED)[:32]
    session = getattr(request, "session", None)
    if visitor_id and session is not None and session.get(FOREIGN_VISITOR_KEY) == visitor_id:
        return ""
    return visitor_id


def _unsign(cookie: str, *, max_age_seconds: int) -> str:
    """What a signed cookie holds; "" when it is forged or older than that."""
    try:
        return signing.TimestampSigner(salt=_SALT).unsign(cookie, max_age=max_age_seconds)
    except signing.BadSignature:
        return ""
