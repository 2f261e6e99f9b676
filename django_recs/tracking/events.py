"""`NewEvent`: an event that every supported database can hold. What cannot be held is refused here, with a code.

One text with a NUL character would make PostgreSQL throw away the whole batch it travels in, while SQLite keeps it.
Checking in Python gives every database the same verdict and lets the neighbours of a bad event through.
"""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django_recs.engine.events import EVENT_CODES, EventType
from django_recs.exceptions import EventRefused

ITEMLESS_TYPES = frozenset({EventType.BEGIN_CHECKOUT.value, EventType.SEARCH.value})
"""Every other type is about one item and needs its id; only a refund may name a whole order instead."""

SERVER_ONLY_TYPES = frozenset({EventType.PURCHASE.value, EventType.REFUND.value})
"""Only the shop's own code and its files record these: anybody can send a request, and orders weigh most."""

MAX_EVENT_ID_LENGTH = 128
MAX_QUANTITY = 1_000_000
MAX_PRICE = Decimal("9999999999.99")
MAX_RATING = 100.0
MAX_SLOT = 32_767
MAX_MODEL_VERSION_ID = 2**63 - 1

TEXT_LIMITS: tuple[tuple[str, int], ...] = (
    ("item_id", 64),
    ("customer_id", 64),
    ("visitor_id", 32),
    ("source", 10),
    ("currency", 3),
    ("order_id", 64),
    ("placement", 50),
    ("rung", 12),
    ("device", 8),
    ("country", 2),
)
"""Text columns of `Event` and the characters they hold."""

_CENT = Decimal("0.01")
_BROWSER_NAMESPACE = uuid.UUID("5e2f6c0e-6f0b-5d0e-9a55-0f3b6d0c8a11")
_SERVER_NAMESPACE = uuid.UUID("b4b7a2d6-0f4c-5c53-8d1e-6f7c2a9d3e42")
_RANDOM_VERSIONS = (4, 7)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """One event on its way into the table; the fields are those of `Event`.

    Raises:
        EventRefused: a value cannot be stored, or the event makes no sense.
    """

    event_id: uuid.UUID
    type: str
    occurred_at: datetime
    received_at: datetime
    item_id: str = ""
    customer_id: str = ""
    visitor_id: str = ""
    purposes: int = 0
    is_bot: bool = False
    source: str = "server"
    quantity: int = 1
    price: Decimal | None = None
    currency: str = ""
    order_id: str = ""
    rating: float | None = None
    list_id: uuid.UUID | None = None
    placement: str = ""
    slot: int | None = None
    model_version_id: int | None = None
    rung: str = ""
    device: str = ""
    country: str = ""

    def __post_init__(self) -> None:
        if self.type not in EVENT_CODES:
            raise EventRefused("unknown_type", f"{self.type!r:.60} is none of {', '.join(EVENT_CODES)}.")
        if not self.item_id and self.type not in ITEMLESS_TYPES and not (self.type == "refund" and self.order_id):
            raise EventRefused("missing_item", f"{self.type} needs an item_id.")
        if self.rating is None and self.type == "rate":
            raise EventRefused("missing_rating", "rate needs a rating.")
        for name, limit in TEXT_LIMITS:
            if value := getattr(self, name):
                check_text(name, value, limit)
        if self.occurred_at.tzinfo is None or self.received_at.tzinfo is None:
            raise EventRefused("bad_time", "times need a time zone.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        check_range("quantity", self.quantity, 1, MAX_QUANTITY)
        if self.price is not None:
            if not self.price.is_finite():
                raise EventRefused("bad_number", "price is not a finite number.")
            check_range("price", self.price, 0, MAX_PRICE)
        if self.rating is not None:
            if not math.isfinite(self.rating):
                raise EventRefused("bad_number", "rating is not a finite number.")
            check_range("rating", self.rating, 0, MAX_RATING)
        if self.slot is not None:
            check_range("slot", self.slot, 0, MAX_SLOT)
        if self.model_version_id is not None:
            check_range("model_version_id", self.model_version_id, 1, MAX_MODEL_VERSION_ID)


def check_text(name: str, value: str, limit: int) -> None:
    """Raises `EventRefused` unless every database can hold ``value`` in ``limit`` characters."""
    if len(value) > limit:
        raise EventRefused("too_long", f"{name} has {len(value):,} characters; at most {limit} fit.")
    if "\0" in value:
        raise EventRefused("bad_text", f"{name} contains a NUL character.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise EventRefused("bad_text", f"{name} is not valid Unicode.") from None


def check_range(name: str, value: float | Decimal, low: float, high: float | Decimal) -> None:
    """Raises `EventRefused` unless ``low <= value <= high``."""
    if not low <= value <= high:
        raise EventRefused("out_of_range", f"{name} is {value!s:.40}; it must be from {low} to {high}.")


def as_text(name: str, value: object) -> str:
    """An id as text: whole numbers are written out. Raises `EventRefused`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise EventRefused(*_not_flat(name, value, "bad_text", "a text"))


def as_number(name: str, value: object) -> float:
    """A finite number, also from its text. Raises `EventRefused`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise EventRefused(*_not_flat(name, value, "bad_number", "a number"))
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise EventRefused("bad_number", f"{name} is {str(value)[:40]!r}, which is not a finite number.")
    return number


def as_integer(name: str, value: object) -> int:
    """A whole number, also from its text. Raises `EventRefused`."""
    if type(value) is int:
        return value
    number = as_number(name, value)
    if not number.is_integer():
        raise EventRefused("bad_number", f"{name} is {number}, which is not a whole number.")
    return int(number)


def as_price(value: object) -> Decimal:
    """A price in cents. Raises `EventRefused`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise EventRefused(*_not_flat("price", value, "bad_number", "a number"))
    try:
        price = Decimal(str(value)[:60])
    except InvalidOperation:
        raise EventRefused("bad_number", f"price is {str(value)[:40]!r}, which is not a number.") from None
    if not price.is_finite():
        raise EventRefused("bad_number", "price is not a finite number.")
    check_range("price", price, 0, MAX_PRICE)
    return price.quantize(_CENT)


def _not_flat(name: str, value: object, code: str, wanted: str) -> tuple[str, str]:
    if isinstance(value, (dict, list)):
        return "too_deep", f"{name} is nested; an event is flat."
    return code, f"{name} is a {type(value).__name__}, not {wanted}."


def browser_event_id(text: str) -> uuid.UUID:
    """The id of an event that a browser named ``text``.

    Random UUIDs are kept. Anything else, also UUIDs that could be computed from an order's number, is hashed into a
    namespace of its own, so that a browser cannot take the id of an event that the server will record later.
    """
    if (parsed := _parse_uuid(text)) and parsed.version in _RANDOM_VERSIONS:
        return parsed
    return _hashed(_BROWSER_NAMESPACE, text)


def server_event_id(value: object) -> uuid.UUID:
    """The id of an event that the shop's own code named ``value``: random for None, UUIDs kept, texts hashed."""
    if value is None or isinstance(value, uuid.UUID):
        return value or uuid.uuid4()
    text = str(value)
    return _parse_uuid(text) or _hashed(_SERVER_NAMESPACE, text)


def derived_event_id(parts: Iterable[str]) -> uuid.UUID:
    """The same id for the same ``parts``, for events that may be recorded again, such as an order's lines."""
    return _hashed(_SERVER_NAMESPACE, "\x1f".join(parts))


def _hashed(namespace: uuid.UUID, text: str) -> uuid.UUID:
    return uuid.uuid5(namespace, text.encode("utf-8", "backslashreplace").decode())


def _parse_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
