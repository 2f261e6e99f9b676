"""A shop in which a hyper-parameter matters."""

from tests.pipeline.rows import add_products, event, store

CUSTOMERS = 60
PRODUCTS = 24


def add_movers() -> list[str]:
    """60 customers who buy three products every five days, and after day 25 three others; days 0 to 60.

    Whoever remembers for long is as fond of the first three as of the others, which are the only ones still bought.
    Everybody's products are their own, so that no bestseller helps. The validation period is days 36 to 48.
    """
    items = add_products(PRODUCTS)
    events = []
    for customer in range(CUSTOMERS):
        for number in range(12):
            day = 5 * number + customer * 5 / CUSTOMERS
            first = customer + (0 if day < 25 else 7 + customer % 5)
            order = f"order {customer}-{number}"
            events += [
                event("purchase", item=items[(first + step) % PRODUCTS], customer=str(customer), day=day, order=order)
                for step in range(3)
            ]
    store(*events)
    return items
