"""What a shelf would hold with settings that nobody has saved yet."""

from copy import copy
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_recs.admin.dry_run import ITEM_STRATEGIES
from django_recs.catalog import get_catalog
from django_recs.exceptions import CatalogNotFound
from django_recs.models import Placement, Strategy
from django_recs.serving import Recommendation, Rung, recommend
from django_recs.serving.promises import missing_member

PERSON_STRATEGIES = frozenset(
    {
        Strategy.FOR_YOU,
        Strategy.RECENTLY_VIEWED,
        Strategy.BUY_IT_AGAIN,
        Strategy.CONTINUE_SHOPPING,
        Strategy.BACK_IN_STOCK_FOR_YOU,
        Strategy.BECAUSE_YOU,
        Strategy.DISCOVER_WEEKLY,
        Strategy.TOP_CATEGORIES,
    }
)
"""These start from a person."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A shelf in the admin: the products, or a sentence that says why there are none."""

    summary: str
    items: tuple[Recommendation, ...] = ()


def preview_shelf(placement: Placement, *, item_id: str, customer_id: str) -> Preview:
    """Ask for the shelf of an unsaved ``placement``, for an item, a customer, both or neither. Writes nothing."""
    try:
        catalog = get_catalog()
    except CatalogNotFound as missing:
        return Preview(summary=str(missing))
    if item_id and not catalog.products([item_id]):
        return Preview(summary=_("The catalogue shows no item with the id “%s”. Is it hidden or sold out?") % item_id)
    if placement.strategy in ITEM_STRATEGIES and not item_id:
        return Preview(summary=_("This shelf starts from an item: enter the id of one."))
    if member := missing_member(placement.strategy, catalog):
        return Preview(summary=_("The shelf hides: the shop's Catalog does not say “%s”. Ask your developer.") % member)
    shown = copy(placement)
    shown.is_active = True
    shelf = recommend(shown, customer=customer_id or None, item=item_id or None)
    if not shelf.items:
        return Preview(summary=_why_empty(placement, customer_id))
    return Preview(summary=_summary(placement, shelf.rung, len(shelf)), items=shelf.items)


def _summary(placement: Placement, rung: Rung, count: int) -> str:
    sources = {
        Rung.MODEL: _("ranked by the live model"),
        Rung.COUNTS: _("from what was counted"),
        Rung.CATALOG: _("from the shop's own products"),
        Rung.HISTORY: _("from this person's own visits"),
        Rung.POPULARITY: _("what sells most lately"),
    }
    return _("%(count)d of at most %(limit)d items, %(source)s:") % {
        "count": count,
        "limit": placement.limit,
        "source": sources.get(rung, str(rung)),
    }


def _why_empty(placement: Placement, customer_id: str) -> str:
    if placement.strategy in PERSON_STRATEGIES and not customer_id:
        return _("The shelf hides for somebody unknown. Enter the id of a customer to see theirs.")
    if placement.min_items > 1:
        return _("The shelf hides: fewer than %d good items were found.") % placement.min_items
    return _("The shelf hides: nothing good enough was found. Is there a live model, and does it know this item?")
