"""The names of events, in GA4's words. This is the only place that lists them."""

from enum import StrEnum


class EventType(StrEnum):
    """What a visitor did. The value is stored and travels in the REST interface."""

    VIEW_ITEM_LIST = "view_item_list"
    SELECT_ITEM = "select_item"
    VIEW_ITEM = "view_item"
    ADD_TO_CART = "add_to_cart"
    REMOVE_FROM_CART = "remove_from_cart"
    ADD_TO_WISHLIST = "add_to_wishlist"
    BEGIN_CHECKOUT = "begin_checkout"
    PURCHASE = "purchase"
    REFUND = "refund"
    SEARCH = "search"
    RATE = "rate"
    DISMISS = "dismiss"


EVENT_TYPES: tuple[EventType, ...] = tuple(EventType)
"""Code of an event type in the engine's arrays = its place in this tuple. Append only: artifacts hold the codes."""

EVENT_CODES: dict[str, int] = {event_type.value: code for code, event_type in enumerate(EVENT_TYPES)}

PURCHASE_CODE = EVENT_CODES[EventType.PURCHASE]
VIEW_CODE = EVENT_CODES[EventType.VIEW_ITEM]
