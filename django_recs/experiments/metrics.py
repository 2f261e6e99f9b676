"""What an experiment may be judged by. A metric is a mean or a ratio of columns that `sums` computes for each unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_recs.engine.events import EventType


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number by which two variants are compared."""

    key: str
    label: str | Promise
    numerator: str
    """A column of a unit."""
    denominator: str = ""
    """Column of a unit; "" for a mean over units."""
    covariate: str = ""
    """Column from before the experiment, for CUPED; "" without."""
    is_share: bool = False
    """Shown in percent."""
    smaller_is_better: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of its moments."""
        return tuple(column for column in (self.numerator, self.denominator, self.covariate) if column)


COUNTED_TYPES = (EventType.ADD_TO_CART, EventType.ADD_TO_WISHLIST, EventType.VIEW_ITEM, EventType.SEARCH)
"""Types of events that are metrics of their own: how many of them a unit causes."""

CONVERSION, REVENUE, CLICK_RATE = "conversion", "revenue", "click_rate"
_ALL = (
    Metric(key=CONVERSION, label=_("Conversion"), numerator="bought", covariate="past_bought", is_share=True),
    Metric(key=REVENUE, label=_("Revenue per visitor"), numerator="capped_revenue", covariate="past_revenue"),
    Metric(key="uncapped_revenue", label=_("Revenue per visitor, without cap"), numerator="revenue"),
    Metric(key="order_value", label=_("Average order value"), numerator="revenue", denominator="orders"),
    Metric(key="order_items", label=_("Items per order"), numerator="items", denominator="orders"),
    Metric(
        key=CLICK_RATE,
        label=_("Clicks per shown product"),
        numerator="clicks",
        denominator="impressions",
        is_share=True,
    ),
    Metric(key="add_to_cart", label=_("Put into the cart, per visitor"), numerator="add_to_cart"),
    Metric(key="add_to_wishlist", label=_("Put on the wish list, per visitor"), numerator="add_to_wishlist"),
    Metric(key="view_item", label=_("Products looked at, per visitor"), numerator="view_item"),
    Metric(key="search", label=_("Searches per visitor"), numerator="search"),
)
METRICS: Mapping[str, Metric] = {metric.key: metric for metric in _ALL}
GUARDRAILS = (CONVERSION, REVENUE)
"""Must not fall, whatever the experiment is about."""
