"""From the cart to an order."""

import secrets

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from django_recs.tracking import OrderLine as TrackedLine
from django_recs.tracking import track_order
from shop.cart import Cart, CartLine
from shop.forms import AddressForm
from shop.models import Order, OrderLine, Product

_LAST_ORDER = "last_order"


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    cart = Cart(request)
    lines = list(cart)
    if not lines:
        messages.info(request, "Your cart is empty.")
        return redirect("cart")
    form = AddressForm(request.POST or None, initial=_known_address(request))
    if request.method == "POST" and form.is_valid():
        try:
            order = place_order(request, form.cleaned_data, lines)
        except OutOfStock as shortage:
            messages.error(request, f"“{shortage}” has just sold out. Your cart has been brought up to date.")
            return redirect("cart")
        cart.clear()
        request.session[_LAST_ORDER] = order.number
        return redirect("thank-you", number=order.number)
    total = sum((line.total for line in lines), start=0)
    return render(request, "shop/checkout.html", {"form": form, "lines": lines, "total": total})


@require_safe
def thank_you(request: HttpRequest, number: str) -> HttpResponse:
    if request.session.get(_LAST_ORDER) != number:
        raise Http404
    order = Order.objects.prefetch_related("lines__product").get(number=number)
    products = [line.product for line in order.lines.all()]
    return render(request, "shop/thank_you.html", {"order": order, "products": products})


class OutOfStock(Exception):
    """Somebody else bought the last ones."""


def place_order(request: HttpRequest, address: dict[str, str], lines: list[CartLine]) -> Order:
    """Stores the order, takes the pieces from stock and records the purchase: all of it or nothing.

    Raises:
        OutOfStock: with the title of the product that is missing.
    """
    with transaction.atomic():
        order = Order.objects.create(
            number=f"{secrets.randbelow(10**8):08d}",
            customer=request.user if request.user.is_authenticated else None,
            **address,
        )
        for line in lines:
            in_stock = Product.objects.filter(pk=line.product.pk, stock__gte=line.quantity)
            if not in_stock.update(stock=F("stock") - line.quantity):
                raise OutOfStock(line.product.title)
            OrderLine.objects.create(
                order=order, product=line.product, quantity=line.quantity, price=line.product.price
            )
        track_order(
            request=request,
            order_id=order.number,
            lines=[TrackedLine(item=line.product, quantity=line.quantity, price=line.product.price) for line in lines],
            currency=settings.SHOP_CURRENCY,
        )
    return order


def _known_address(request: HttpRequest) -> dict[str, str]:
    """The address of the customer's latest order."""
    if not request.user.is_authenticated:
        return {}
    latest = request.user.orders.first()
    if latest is None:
        return {"name": request.user.get_full_name(), "email": request.user.email}
    return {name: getattr(latest, name) for name in AddressForm.base_fields}
