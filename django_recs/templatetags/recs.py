"""``{% load recs %}``. A tag parses, calls one function and presents; it never makes a page fail."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from django_recs.experiments import page_variant
from django_recs.serving import Recommendation, Recommendations
from django_recs.serving.markup import fragment_markup, page_recommendations, shelf_markup
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


@register.simple_tag(takes_context=True)
def recommend(
    context: template.Context,
    placement: str,
    item: Any = None,
    items: Any = (),
    limit: int | None = None,
    category: str = "",
) -> Recommendations:
    """``{% recommend "for_you" limit=12 as shelf %}``: the recommendations, for markup of the shop's own."""
    return page_recommendations(
        placement, request=context.get("request"), item=item, items=items or (), limit=limit, category=str(category)
    )


@register.simple_tag(takes_context=True)
def recs_shelf(
    context: template.Context,
    placement: str,
    item: Any = None,
    items: Any = (),
    limit: int | None = None,
    category: str = "",
) -> SafeString:
    """``{% recs_shelf "similar" item=product %}``: a whole shelf, or nothing at all."""
    return shelf_markup(
        placement, request=context.get("request"), item=item, items=items or (), limit=limit, category=str(category)
    )


@register.simple_tag
def recs_fragment(
    placement: str, item: Any = None, items: Any = (), limit: int | None = None, category: str = ""
) -> SafeString:
    """``{% recs_fragment "for_you" %}``: a shelf that the script fetches, for pages that a cache keeps for everyone."""
    return fragment_markup(placement, item=item, items=items or (), limit=limit, category=str(category))


@register.simple_tag(takes_context=True)
def recs_variant(context: template.Context, experiment: str) -> str:
    """``{% recs_variant "header" as variant %}``: the variant to show to this visitor, noted as shown."""
    return page_variant(experiment, request=context.get("request"))


@register.simple_tag
def recs_reason(recommendation: Recommendation) -> str:
    """``{% recs_reason recommendation %}``: why it is shown, in the shopper's language."""
    return str(getattr(recommendation, "reason", ""))
