"""Events and products as tests of the pipeline write them."""

import random
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


def add_shop(*, customers: int = 160, products: int = 24, days: int = 60) -> list[str]:
    """A small shop in which odd customers buy odd products and even ones even products, four orders each.

    Returns the item ids of products 1 to ``products``.
    """
    items = add_products(products)
    chance = random.Random(7)
    events = []
    for customer in range(customers):
        mine = items[customer % 2 :: 2]
        for number in range(4):
            day = days / 4 * (number + chance.random())
            basket = chance.sample(mine, 3)
            order = f"order {customer}-{number}"
            events += [event(item=item, customer=str(customer), day=day - 0.01) for item in basket]
            events += [event("purchase", item=item, customer=str(customer), day=day, order=order) for item in basket]
    store(*events)
    return items
