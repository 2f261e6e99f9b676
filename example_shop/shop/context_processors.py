"""What every page of the shop shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from django_recs.conf import get_settings
from shop.cart import Cart
from shop.models import Category


def shop_front(request: HttpRequest) -> dict[str, Any]:
    """Departments, the number of pieces in the cart, and whether to ask for consent."""
    gpc = request.headers.get("Sec-GPC") == "1"
    return {
        "shop_name": settings.SHOP_NAME,
        "departments": SimpleLazyObject(
            lambda: list(Category.objects.filter(parent=None).prefetch_related("children"))
        ),
        "cart_piece_count": SimpleLazyObject(lambda: Cart(request).piece_count),
        "has_gpc": gpc,
        "asks_consent": not gpc and get_settings().consent_cookie not in request.COOKIES,
    }
