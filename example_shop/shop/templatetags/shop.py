"""How the shop writes prices and addresses of pages."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.http import QueryDict
from django.utils.formats import number_format

register = template.Library()

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


@register.filter
def money(amount: Decimal, currency: str = "") -> str:
    """``12.5`` as ``€12.50``."""
    currency = currency or settings.SHOP_CURRENCY
    figure = number_format(amount, decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{_SIGNS[currency]}{figure}" if currency in _SIGNS else f"{figure} {currency}"


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: object) -> str:
    """The page's query string with some parameters changed."""
    query: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"
