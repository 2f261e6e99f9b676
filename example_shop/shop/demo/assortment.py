"""Products for the shop, from whatever source, in bulk."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from shop.models import Category, Product

_UPDATED = ["title", "description", "category", "brand", "price", "list_price", "picture"]
_UPDATED += ["is_published", "launched_at", "restocked_at"]


@dataclass(frozen=True, kw_only=True)
class NewProduct:
    """One product as a source describes it."""

    sku: str
    title: str
    description: str
    department: str
    kind: str
    brand: str
    price: Decimal
    picture: str
    """SVG."""
    launched_at: datetime


@transaction.atomic
def load_products(products: Iterable[NewProduct]) -> int:
    """Creates or updates products with their categories and pictures. Returns how many there are."""
    folder = Path(settings.MEDIA_ROOT) / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    categories: dict[tuple[str, str], Category] = {}
    rows = []
    for product in products:
        name = f"{slugify(product.sku)}.svg"
        (folder / name).write_text(product.picture, encoding="utf-8")
        path = (product.department, product.kind)
        if path not in categories:
            categories[path] = _category(product.kind, parent=_category(product.department))
        rows.append(
            Product(
                sku=product.sku,
                title=product.title,
                description=product.description,
                category=categories[path],
                brand=product.brand,
                price=product.price,
                picture=f"pictures/{name}",
                list_price=_list_price(product),
                restocked_at=_restocked_at(product.sku),
                stock=_stock(product.sku),
                launched_at=product.launched_at,
            )
        )
    Product.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["sku"], update_fields=_UPDATED
    )
    return len(rows)


def _category(name: str, parent: Category | None = None) -> Category:
    slug = slugify(f"{parent.name} {name}" if parent else name)
    return Category.objects.get_or_create(slug=slug, defaults={"name": name, "parent": parent})[0]


def _number(sku: str) -> int:
    """A large number, the same for the same product."""
    return int(hashlib.sha256(sku.encode()).hexdigest(), 16)


def _stock(sku: str) -> int:
    """3 to 120 pieces, now and then none at all."""
    return 0 if _number(sku) % 40 == 0 else 3 + _number(sku) % 118


def _list_price(product: NewProduct) -> Decimal | None:
    """Every ninth product is reduced, by 15 to 40 percent."""
    number = _number(product.sku)
    if number % 9:
        return None
    return (product.price / (1 - Decimal(15 + number // 9 % 26) / 100)).quantize(Decimal("0.1")) - Decimal("0.05")


def _restocked_at(sku: str) -> datetime | None:
    """Every twelfth product came back into stock within the last ten days."""
    number = _number(sku)
    return None if number % 12 else timezone.now() - timedelta(days=number // 12 % 10, hours=1)
