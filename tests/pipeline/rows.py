"""Events and products as tests of the pipeline write them."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django_recs.engine.interactions import Interactions
from django_recs.models import Event, Purpose
from tests.shop.models import Product

START = datetime(2024, 3, 1, tzinfo=UTC)
VIEW, CART, PURCHASE = 2, 3, 7
"""Codes of event types."""


def product_id(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def add_products(count: int) -> list[str]:
    """Products 1 to ``count`` with text and price; returns their item ids, which sort in that order."""
    products = [
        Product(
            id=product_id(number),
            title=f"{'red' if number % 2 else 'blue'} thing {number}",
            category="even" if number % 2 == 0 else "odd",
            price=Decimal(number),
        )
        for number in range(1, count + 1)
    ]
    Product.objects.bulk_create(products)
    return [str(product.pk) for product in products]


def event(
    event_type: str = "view_item",
    *,
    item: str = "",
    customer: str = "",
    visitor: str = "",
    day: float = 0.0,
    order: str = "",
    quantity: int = 1,
    purposes: Purpose = Purpose.ALL,
    is_bot: bool = False,
) -> Event:
    """An unsaved event ``day`` days after `START`."""
    at = START + timedelta(days=day)
    return Event(
        event_id=uuid.uuid4(),
        type=event_type,
        item_id=item,
        customer_id=customer,
        visitor_id=visitor,
        occurred_at=at,
        received_at=at,
        order_id=order,
        quantity=quantity,
        purposes=int(purposes),
        is_bot=is_bot,
    )


def store(*events: Event) -> None:
    Event.objects.bulk_create(events)


def listed(interactions: Interactions) -> list[tuple[str, str, int, int, float, int]]:
    """One tuple per event: unit, item, type code, days since `START`, pieces, order number."""
    start = int(START.timestamp())
    return [
        (
            interactions.unit_ids[interactions.unit[row]],
            interactions.item_ids[interactions.item[row]],
            int(interactions.event_type[row]),
            int(interactions.time[row] - start) // 86_400,
            float(interactions.quantity[row]),
            int(interactions.basket[row]),
        )
        for row in range(len(interactions))
    ]


def add_shop(*, customers: int = 120, products: int = 24, days: int = 60, changed_mind: bool = False) -> list[str]:
    """A shop of habits; returns the item ids of products 1 to ``products``.

    Every ten days customer n views and buys products n to n + 3 (from 0, around the end). With ``changed_mind``
    everybody wants only the last four products in the last twelve days.
    """
    items = add_products(products)
    events = []
    for customer in range(customers):
        for number in range(days // 10):
            day = 10 * number + customer * 10 / customers
            wanted = [items[(customer + step) % products] for step in range(4)]
            if changed_mind and day >= days - 12:
                wanted = items[-4:]
            who, order = str(customer), f"order {customer}-{number}"
            events += [event(item=item, customer=who, day=day) for item in wanted]
            events += [event("purchase", item=item, customer=who, day=day + 0.01, order=order) for item in wanted]
    store(*events)
    return items
