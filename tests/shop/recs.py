"""The catalogue of the test shop, found by ``django_recs`` because of this module's name."""

from django.db.models import Q

from django_recs.catalog import Catalog, register
from tests.shop.models import Product


@register
class ShopCatalog(Catalog[Product]):
    model = Product
    text = ("title", "description")
    categories = ("category",)
    attributes = ("brand",)
    price = "price"
    list_price = "list_price"
    available_since = "launched_on"
    restocked_at = "restocked_at"
    parent = "variant_of"
    available = Q(is_published=True, stock__gt=0)
