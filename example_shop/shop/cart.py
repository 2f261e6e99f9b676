"""The cart: product numbers and quantities in the session."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest

from shop.models import Product

_KEY = "cart"
MOST_PIECES = 99


@dataclass(frozen=True, kw_only=True)
class CartLine:
    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


class Cart:
    """What one session is about to buy. Products that are no longer on sale are left out."""

    def __init__(self, request: HttpRequest) -> None:
        self._session = request.session

    def __iter__(self) -> Iterator[CartLine]:
        quantities = self.quantities
        if not quantities:
            return
        products = {product.sku: product for product in Product.objects.on_sale().filter(sku__in=quantities)}
        for sku, quantity in quantities.items():
            if sku in products:
                yield CartLine(product=products[sku], quantity=quantity)

    @property
    def quantities(self) -> dict[str, int]:
        return dict(self._session.get(_KEY, {}))

    @property
    def piece_count(self) -> int:
        return sum(self.quantities.values())

    def set(self, product: Product, quantity: int) -> int:
        """Puts this many into the cart, none removes it. Returns by how many the cart grew."""
        quantities = self.quantities
        before = quantities.pop(product.sku, 0)
        kept = min(quantity, MOST_PIECES, product.stock)
        if kept > 0:
            quantities[product.sku] = kept
        self._session[_KEY] = quantities
        return max(kept, 0) - before

    def add(self, product: Product, quantity: int = 1) -> int:
        return self.set(product, self.quantities.get(product.sku, 0) + quantity)

    def clear(self) -> None:
        self._session.pop(_KEY, None)
