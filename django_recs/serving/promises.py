"""What a shelf promises of its products, checked on the products of this moment: training knew older ones."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django_recs.catalog import Catalog
from django_recs.models import Strategy
from django_recs.serving.asking import Asking
from django_recs.serving.candidates import Candidate

NEW_DAYS = 60
"""A product that came into the range longer ago is not new."""

Promise = Callable[[Asking, Candidate, Any], bool]


def is_reduced(asking: Asking, candidate: Candidate, product: Any) -> bool:
    return asking.catalog.get_reduction(product) > 0


def is_new(asking: Asking, candidate: Candidate, product: Any) -> bool:
    since = asking.catalog.get_available_since(product)
    return since is not None and timedelta() <= asking.moment - since <= timedelta(days=NEW_DAYS)


def came_back(asking: Asking, candidate: Candidate, product: Any) -> bool:
    """Whether it came back into stock after the visitor was last interested, so that it is news to them."""
    restocked_at = asking.catalog.get_restocked_at(product)
    seen_at = next((row.occurred_at for row in asking.history if row.item_id == candidate.item_id), None)
    return restocked_at is not None and seen_at is not None and seen_at < restocked_at <= asking.moment


def is_dearer(asking: Asking, candidate: Candidate, product: Any) -> bool:
    """Whether it costs more than what it is a step up from; true where that price is not known."""
    anchor = asking.known.get(candidate.anchor_id)
    floor = None if anchor is None else asking.catalog.get_price(anchor)
    price = asking.catalog.get_price(product)
    return floor is None or (price is not None and price > floor)


PROMISES: Mapping[str, Promise] = {
    Strategy.ON_SALE_FOR_YOU: is_reduced,
    Strategy.NEW_ARRIVALS_FOR_YOU: is_new,
    Strategy.BACK_IN_STOCK_FOR_YOU: came_back,
    Strategy.UPSELL: is_dearer,
}


CATALOG_MEMBERS: Mapping[str, str] = {
    Strategy.NEW_ARRIVALS_FOR_YOU: "available_since",
    Strategy.ON_SALE_FOR_YOU: "list_price",
    Strategy.BACK_IN_STOCK_FOR_YOU: "restocked_at",
}
"""The member of the `Catalog` without which a strategy finds nothing."""


def missing_member(strategy: str, catalog: Catalog[Any]) -> str:
    """The member of ``catalog`` that ``strategy`` needs and does not find; "" when nothing is missing."""
    member = CATALOG_MEMBERS.get(strategy, "")
    is_overridden = member == "list_price" and type(catalog).get_reduced is not Catalog.get_reduced
    return "" if not member or getattr(catalog, member) or is_overridden else member


def keeps_promises(asking: Asking, candidate: Candidate, product: Any) -> bool:
    """Whether ``product`` may stand on this shelf, the shop's QuerySet having let it through."""
    promise = PROMISES.get(asking.placement.strategy)
    return (
        (promise is None or promise(asking, candidate, product))
        and (not asking.category or _is_in(asking, product))
        and (not asking.placement.price_ceiling_percent or _is_affordable(asking, product))
    )


def _is_in(asking: Asking, product: Any) -> bool:
    wanted = asking.category.casefold()
    return any(label.casefold() == wanted for label in asking.catalog.get_categories(product))


def _is_affordable(asking: Asking, product: Any) -> bool:
    """Whether it costs no more than the placement's share of the dearest product that the list is about."""
    anchors = [asking.known[item_id] for item_id in asking.anchors if item_id in asking.known]
    prices = [price for anchor in anchors if (price := asking.catalog.get_price(anchor)) is not None]
    price = asking.catalog.get_price(product)
    if not prices or price is None:
        return True
    return price <= max(prices) * (asking.placement.price_ceiling_percent or 0) / 100
