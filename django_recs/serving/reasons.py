"""Why an item stands in a list, in words that are true of it."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class Reason(Enum):
    """The reasons that a candidate can have: the words alone, and the words around the name of what it rests on."""

    BOUGHT_BEFORE = (_("You bought this before"), "")
    DUE_AGAIN = (_("You may need this again"), _("You bought this before, last on {anchor}"))
    VIEWED = (_("You looked at this"), "")
    IN_MIND = (_("You put this into your cart or on your wish list"), "")
    BACK_IN_STOCK = (_("Back in stock since you looked at it"), "")
    FOR_YOU = (_("Fits what you looked at and bought"), "")
    BECAUSE_VIEWED = (_("Fits what you looked at"), _("Because you looked at {anchor}"))
    BECAUSE_BOUGHT = (_("Fits what you bought"), _("Because you bought {anchor}"))
    SIMILAR = (_("Similar to what you are looking at"), _("Similar to {anchor}"))
    ALSO_VIEWED = (_("Often looked at by the same people"), _("Often looked at together with {anchor}"))
    BOUGHT_TOGETHER = (_("Often bought together"), _("Often bought together with {anchor}"))
    BOUGHT_NEXT = (_("Often bought next"), _("Often bought after {anchor}"))
    STEP_UP = (_("A step up"), _("A step up from {anchor}"))
    POPULAR = (_("Popular right now"), "")
    BESTSELLER = (_("Bought by many"), "")
    POPULAR_IN_COUNTRY = (_("Popular in your country"), "")
    POPULAR_IN_CATEGORY = (_("Popular in a category you like"), _("Popular in {anchor}, which you often look at"))
    DAYPART = (_("Wanted more at this time of day than at others"), "")
    NEW = (_("New in the shop"), "")
    NEW_IN_CATEGORY = (_("New in a category you like"), _("New in {anchor}, which you often look at"))
    REDUCED = (_("Reduced"), _("Reduced by {anchor} %"))
    DISCOVERY = (_("Something new to discover, chosen for you"), "")
    PICKED = (_("Picked by the shop"), "")

    def text(self, anchor: object = "") -> Promise | str:
        """The words for shoppers, translated when rendered; ``anchor`` is the name of what the reason rests on."""
        alone, around = self.value
        return format_lazy(around, anchor=anchor) if around and anchor else alone
