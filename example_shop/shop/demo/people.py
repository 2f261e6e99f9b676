"""Accounts and order histories for the people who are in the events."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import CharField, Count, Max, Min, QuerySet
from django.db.models.functions import Cast

from django_recs.models import Event
from shop.models import Order, OrderLine, Product

User = get_user_model()

ADMIN_NAME = "admin"
CUSTOMER_NAME = "demo"
DEMO_PASSWORD = "larkmoor-demo"  # noqa: S105  (printed on purpose)
"""Only for accounts of the demo, which refuses to run with DEBUG off."""

NEWEST_ORDERS = 4_000


def ensure_admin() -> None:
    if not User.objects.filter(username=ADMIN_NAME).exists():
        User.objects.create_superuser(ADMIN_NAME, "", DEMO_PASSWORD)


@transaction.atomic
def load_accounts() -> int:
    """One account for each customer id of the events, with the id as primary key. Nobody can sign in to them."""
    customers = Event.objects.exclude(customer_id="").values_list("customer_id").annotate(Min("occurred_at")).order_by()
    password = make_password(None)
    User.objects.bulk_create(
        [
            User(pk=int(customer_id), username=f"customer-{customer_id}", password=password, date_joined=first_seen_at)
            for customer_id, first_seen_at in customers
            if customer_id.isdecimal()
        ],
        batch_size=1_000,
        ignore_conflicts=True,
    )
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User]):
            cursor.execute(statement)
    return User.objects.filter(username__startswith="customer-").count()


def ensure_demo_customer() -> None:
    """Lets one of the loyal customers sign in: the one who ordered last among those with five to fifteen orders.

    Where there is none, the one with the most orders; where nobody ordered, a new one.
    """
    if User.objects.filter(username=CUSTOMER_NAME).exists():
        return
    buyers = (
        Event.objects.filter(type="purchase", customer_id__in=_account_ids())
        .values("customer_id")
        .annotate(orders=Count("order_id", distinct=True), latest=Max("occurred_at"))
    )
    loyal = buyers.filter(orders__gte=5, orders__lte=15).order_by("-latest", "customer_id").first()
    chosen = loyal or buyers.order_by("-orders", "customer_id").first()
    customer = User.objects.get(pk=chosen["customer_id"]) if chosen else User()
    customer.username = CUSTOMER_NAME
    customer.set_password(DEMO_PASSWORD)
    customer.save()


def _account_ids() -> QuerySet[User]:
    """Primary keys as events hold them."""
    return User.objects.annotate(text=Cast("pk", CharField())).values("text")


@transaction.atomic
def load_orders() -> int:
    """Orders from the purchases of customers: the newest of everybody, and all of the demo customer."""
    customer = User.objects.get(username=CUSTOMER_NAME)
    purchases = Event.objects.filter(type="purchase").exclude(customer_id="").exclude(order_id="")
    newest = purchases.values("order_id").annotate(at=Max("occurred_at")).order_by("-at", "order_id")
    wanted = set(newest.values_list("order_id", flat=True)[:NEWEST_ORDERS])
    wanted |= set(purchases.filter(customer_id=str(customer.pk)).values_list("order_id", flat=True))
    wanted -= set(Order.objects.values_list("number", flat=True))
    columns = ("order_id", "customer_id", "occurred_at", "item_id", "quantity", "price")
    rows = (row for row in purchases.order_by("order_id", "pk").values_list(*columns).iterator() if row[0] in wanted)
    orders, lines = _orders_of(rows)
    Order.objects.bulk_create(orders, batch_size=1_000)
    OrderLine.objects.bulk_create(lines, batch_size=2_000)
    return len(orders)


def _orders_of(rows: Iterable[tuple]) -> tuple[list[Order], list[OrderLine]]:
    products = {product.sku: product for product in Product.objects.only("sku", "price")}
    accounts = set(User.objects.values_list("pk", flat=True))
    orders, lines = [], []
    for number, group in groupby(rows, key=itemgetter(0)):
        bought = [row for row in group if row[3] in products]
        if not bought or int(bought[0][1]) not in accounts:
            continue
        order = Order(
            number=number, customer_id=int(bought[0][1]), placed_at=bought[0][2], name=f"Customer {bought[0][1]}"
        )
        orders.append(order)
        lines.extend(_lines_of(order, bought, products))
    return orders, lines


def _lines_of(order: Order, bought: list[tuple], products: dict[str, Product]) -> Iterator[OrderLine]:
    for _, _, _, sku, quantity, price in bought:
        product = products[sku]
        yield OrderLine(
            order=order, product=product, quantity=quantity, price=product.price if price is None else price
        )
