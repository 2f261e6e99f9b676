"""The cart page, and what changes the cart."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from django_recs.tracking import track
from shop.cart import Cart
from shop.forms import QuantityForm
from shop.models import Product


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    lines = list(Cart(request))
    return render(
        request,
        "shop/cart.html",
        {
            "lines": lines,
            "products": [line.product for line in lines],
            "total": sum((line.total for line in lines), start=0),
        },
    )


@require_POST
def add(request: HttpRequest, sku: str) -> HttpResponse:
    product = get_object_or_404(Product.objects.on_sale(), sku=sku)
    form = QuantityForm({"quantity": request.POST.get("quantity", 1)})
    if not form.is_valid() or not form.cleaned_data["quantity"]:
        return HttpResponseBadRequest("How many?")
    grown = Cart(request).add(product, form.cleaned_data["quantity"])
    if grown > 0:
        _track_change(request, product, grown)
        messages.success(request, f"“{product.title}” is in your cart.")
    else:
        messages.info(request, f"There are no more of “{product.title}”.")
    return redirect("cart")


@require_POST
def change(request: HttpRequest, sku: str) -> HttpResponse:
    product = get_object_or_404(Product, sku=sku)
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("How many?")
    _track_change(request, product, Cart(request).set(product, form.cleaned_data["quantity"]))
    return redirect("cart")


def _track_change(request: HttpRequest, product: Product, grown: int) -> None:
    if grown:
        track(
            "add_to_cart" if grown > 0 else "remove_from_cart",
            request=request,
            item=product,
            quantity=abs(grown),
            price=product.price,
        )
