"""The shop's catalogue for django_recs, which finds it because of this module's name."""

from django.conf import settings

from django_recs.catalog import Catalog, register
from shop.models import Product
from shop.templatetags.shop import money


@register
class ShopCatalog(Catalog[Product]):
    model = Product
    item_id_field = "sku"
    title = "title"
    text = ("title", "description")
    categories = ("category__parent__name", "category__name")
    attributes = ("brand",)
    price = "price"
    image = "picture"
    list_price = "list_price"
    available_since = "launched_at"
    restocked_at = "restocked_at"
    available = Product.ON_SALE

    def get_price_text(self, product: Product) -> str:
        return money(product.price, settings.SHOP_CURRENCY)
