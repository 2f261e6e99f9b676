"""Shelves as HTML, for template tags and for the fragment endpoint. An empty shelf has no markup at all."""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string, select_template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_recs.exceptions import RecsError
from django_recs.serving.asking import item_ids
from django_recs.serving.recommendations import Recommendations, Rung
from django_recs.serving.recommending import recommend

logger = logging.getLogger(__name__)


def page_recommendations(placement: str, **wanted: Any) -> Recommendations:
    """`recommend()` for a page: whatever it raises is logged, and the answer is an empty list."""
    try:
        return recommend(placement, **wanted)
    except RecsError as error:
        logger.error("No recommendations: %s", error)
    except Exception:  # the promise of every tag: a page never fails over a shelf
        logger.exception("No recommendations for the placement %r", placement)
    return Recommendations(placement=str(placement), title="", rung=Rung.EMPTY)


def shelf_markup(placement: str, **wanted: Any) -> SafeString:
    """The shelf, "" when it has too few items. With ``DEBUG``, a comment tells which rung made it."""
    shelf = page_recommendations(placement, **wanted)
    try:
        markup = _rendered(shelf, wanted.get("request")) if shelf else SafeString("")
    except Exception:  # a shop's own shelf template may be broken; the page around it is not
        logger.exception("The shelf %r could not be rendered", placement)
        markup = SafeString("")
    return SafeString(markup + _debug_comment(shelf)) if settings.DEBUG else markup


def fragment_markup(
    placement: str,
    *,
    item: object = None,
    items: Iterable[object] = (),
    limit: int | None = None,
    category: str = "",
) -> SafeString:
    """An empty element that the script fills with the shelf, so that the page around it may be cached for everyone."""
    try:
        anchors = item_ids([item, *items])
        name = "item" if len(anchors) == 1 else "items"
        query: list[tuple[str, object]] = [(name, item_id) for item_id in anchors]
        if limit is not None:
            query.append(("limit", int(limit)))
        if category:
            query.append(("category", category))
        url = reverse("django_recs:fragment", args=[placement]) + (f"?{urlencode(query)}" if query else "")
        return SafeString(render_to_string("django_recs/fragment.html", {"url": url}))
    except Exception:  # as above; most likely a slug that is none, or URLs that are not included
        logger.exception("No place for the fragment %r", placement)
        return SafeString("")


def _rendered(shelf: Recommendations, request: HttpRequest | None) -> SafeString:
    template = select_template([f"django_recs/shelf_{shelf.placement}.html", "django_recs/shelf.html"])
    return SafeString(template.render({"shelf": shelf}, request))


def _debug_comment(shelf: Recommendations) -> SafeString:
    return format_html("<!-- django_recs: {} from the rung {} -->", shelf.placement.replace("-", "_"), shelf.rung)
