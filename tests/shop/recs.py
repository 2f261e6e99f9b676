"""The catalogue of the test shop, found by ``django_recs`` because of this module's name."""

from django.db.models import QuerySet

from django_recs.catalog import Catalog, register
from tests.shop.models import Product


@register
class ShopCatalog(Catalog[Product]):
    model = Product
    text = ("title", "description")
    categories = ("category",)
    attributes = ("brand",)
    price = "price"

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.filter(is_published=True)

    def is_available(self, product: Product) -> bool:
        return product.stock > 0
