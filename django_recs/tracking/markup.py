"""The HTML that lets the browser report: elements for events of the page, and the script that sends them.

Nothing here writes, reads a cookie or makes an id: a page that holds this markup can be cached for everyone.
"""

import json
import logging
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_recs.conf import get_settings
from django_recs.engine.events import EVENT_CODES
from django_recs.tracking.events import SERVER_ONLY_TYPES
from django_recs.tracking.items import item_id_of

logger = logging.getLogger(__name__)

EVENTS_PER_REQUEST = 20
"""A beacon holds 64 KiB at the most; twenty events with tokens take about ten."""

_KEYS = {"order_id": "transaction_id"}


def event_markup(event_type: str, item: Any = None, **columns: Any) -> SafeString:
    """An element that makes the script send one event when the page is shown; "" where there is nothing to report.

    Args:
        item: a product of the catalogue, or its item id.
        columns: ``quantity``, ``price``, ``currency``, ``order_id``, ``rating`` or ``token``; None is left out.
    """
    try:
        body: dict[str, Any] = {"name": str(event_type), "item_id": item_id_of(item)}
    except Exception:  # the shop's catalogue may raise anything, and a page must not fail
        logger.exception("An event of the page has no item id.")
        return SafeString("")
    if event_type not in EVENT_CODES:
        logger.error("The page reports an unknown event type: %r", event_type)
        return SafeString("")
    if event_type in SERVER_ONLY_TYPES:
        logger.error("The page reports a %s, which only track and track_order may record.", event_type)
        return SafeString("")
    body |= {_KEYS.get(name, name): value for name, value in columns.items()}
    sent = {name: value for name, value in body.items() if value not in (None, "")}
    return format_html('<template data-recs-event="{}"></template>', json.dumps(sent, default=str))


def script_markup(request: HttpRequest | None = None, nonce: object = None) -> SafeString:
    """The script element; it carries its configuration as data attributes, so that a strict CSP needs no inline code.

    Args:
        nonce: of the page's Content-Security-Policy; found on ``request.csp_nonce`` when left out.
    """
    try:
        url = reverse("django_recs:events")
    except NoReverseMatch:
        logger.exception("The URLs of django_recs are missing: path('recs/', include('django_recs.urls')).")
        return SafeString("")
    nonce = str(nonce or getattr(request, "csp_nonce", ""))
    return format_html(
        '<script src="{}" data-events="{}" data-consent-cookie="{}" data-batch="{}"{} defer></script>',
        static("django_recs/recs.js"),
        url,
        get_settings().consent_cookie,
        min(get_settings().event_batch_limit, EVENTS_PER_REQUEST),
        format_html(' nonce="{}"', nonce) if nonce else "",
    )
