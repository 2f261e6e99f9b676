"""A shop from the folder that `recs_simulate` writes."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django_recs.models import Visitor
from shop.demo.assortment import NewProduct


def read_products(folder: Path) -> Iterator[NewProduct]:
    for row in _rows(folder / "products.jsonl"):
        department, kind = row["category"]
        yield NewProduct(
            sku=row["sku"],
            title=row["title"],
            description=row["description"],
            department=department,
            kind=kind,
            brand=row["brand"],
            price=Decimal(row["price"]),
            picture=(folder / row["picture"]).read_text(encoding="utf-8"),
            launched_at=datetime.fromisoformat(row["launched_at"]),
        )


def load_visitors(folder: Path) -> int:
    """Who the simulated guests turned out to be, which a real shop learns at login."""
    visitors = [
        Visitor(
            visitor_id=row["visitor_id"],
            customer_id=row["customer_id"],
            merged_at=datetime.fromisoformat(row["merged_at"]),
        )
        for row in _rows(folder / "visitors.jsonl")
    ]
    Visitor.objects.bulk_create(visitors, batch_size=1_000, ignore_conflicts=True)
    return len(visitors)


def _rows(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
