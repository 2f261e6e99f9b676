"""Products for the shop, from whatever source, in bulk."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from shop.models import Category, Product

_UPDATED = ["title", "description", "category", "brand", "price", "picture", "is_published", "launched_at"]


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


def _stock(sku: str) -> int:
    """3 to 120 pieces, now and then none at all; the same for the same product."""
    number = int(hashlib.sha256(sku.encode()).hexdigest(), 16)
    return 0 if number % 40 == 0 else 3 + number % 118
