"""What a visitor allows. Global Privacy Control comes first, then the shop's own answer."""

import logging

from django.http import HttpRequest
from django.utils.module_loading import import_string

from django_recs.conf import get_settings
from django_recs.models import Purpose

logger = logging.getLogger(__name__)

IDENTIFYING = Purpose.PERSONALISATION | Purpose.ANALYTICS
"""Either of these allows the pseudonymous visitor id."""

_CACHE = "_recs_purposes"


def consented_purposes(request: HttpRequest) -> Purpose:
    """What this visitor allows; nothing when the browser sends ``Sec-GPC: 1``. Asked once per request.

    A shop's consent function that fails is logged and counts as no consent.
    """
    purposes: Purpose | None = getattr(request, _CACHE, None)
    if purposes is None:
        purposes = Purpose.NONE if request.headers.get("Sec-GPC") == "1" else _ask_the_shop(request)
        setattr(request, _CACHE, purposes)
    return purposes


def from_cookie(request: HttpRequest) -> Purpose:
    """The default consent function: purposes named in the consent cookie, such as ``personalisation.analytics``."""
    return purposes_from_names(request.COOKIES.get(get_settings().consent_cookie, "").split("."))


def purposes_from_names(names: list[str]) -> Purpose:
    """The purposes of that name; other names are ignored, so that a shop's cookie may hold more."""
    purposes = Purpose.NONE
    for name in names:
        if (upper := name.strip().upper()) in _BY_NAME:
            purposes |= _BY_NAME[upper]
    return purposes


_BY_NAME = {purpose.name: purpose for purpose in (Purpose.PERSONALISATION, Purpose.ANALYTICS, Purpose.MARKETING)}


def _ask_the_shop(request: HttpRequest) -> Purpose:
    try:
        return Purpose(import_string(get_settings().consent)(request))
    except Exception:  # the shop's code may raise anything; a page must not fail and nobody consented
        logger.exception("DJANGO_RECS['CONSENT'] failed; treated as no consent.")
        return Purpose.NONE
