"""Why an item stands in a list, in words that are true of it."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Reason(Enum):
    """The reasons that a candidate can have; the value is what shoppers read."""

    BOUGHT_BEFORE = _("You bought this before")
    VIEWED = _("You looked at this")
    FOR_YOU = _("Fits what you looked at and bought")
    SIMILAR = _("Similar to what you are looking at")
    BOUGHT_TOGETHER = _("Often bought together")
    POPULAR = _("Popular right now")

    @property
    def text(self) -> Promise:
        return self.value
