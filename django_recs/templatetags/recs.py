"""``{% load recs %}``. A tag parses, calls one function and presents; it never makes a page fail."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from django_recs.tracking.markup import event_markup, script_markup

register = template.Library()


@register.simple_tag
def recs_track(event_type: str, item: Any = None, **columns: Any) -> SafeString:
    """``{% recs_track "view_item" item=product %}``: the browser reports this event once the page is shown."""
    return event_markup(event_type, item, **columns)


@register.simple_tag(takes_context=True)
def recs_script(context: template.Context) -> SafeString:
    """``{% recs_script %}``: the script that reports events, once per page, at the end of the body."""
    return script_markup(context.get("request"), context.get("csp_nonce"))
