"""A simulated shop as files: what a shop would import, pictures, and the truth for tests."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.simulation.pictures import draw_picture
from django_recs.engine.simulation.ranges import KINDS, STYLES
from django_recs.engine.simulation.shop import SimulatedShop, SimulationConfig

FIRST_CUSTOMER_ID = 1_001
"""Customer ids are numbers from here on, so that they can be primary keys of accounts beside those of the staff."""

_ID_NAMESPACE = uuid.UUID("4ac25bf0-5bdc-5d8b-9c39-2f2c2e1a8f11")


def customer_id_of(shopper: int) -> str:
    """The customer id in the files of the shopper with this index."""
    return str(FIRST_CUSTOMER_ID + shopper)


def visitor_id_of(config: SimulationConfig, visitor: int) -> str:
    """32 hex digits, like the ids that the shop's own cookie carries."""
    return _id_of(config, "visitor", visitor).hex


def _id_of(config: SimulationConfig, thing: str, number: int) -> uuid.UUID:
    """The same for the same simulation, different for different ones."""
    return uuid.uuid5(_ID_NAMESPACE, f"{config}:{thing}:{number}")


def write_shop(shop: SimulatedShop, folder: Path) -> None:
    """Writes ``products.jsonl``, ``events.jsonl``, ``visitors.jsonl``, ``truth.npz``, ``shop.json`` and ``pictures/``.

    ``shop.json`` comes last: a folder that has it is complete.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    (folder / "shop.json").unlink(missing_ok=True)
    _write_lines(folder / "products.jsonl", _product_rows(shop))
    _write_pictures(shop, folder / "pictures")
    _write_lines(folder / "events.jsonl", _event_rows(shop))
    _write_lines(folder / "visitors.jsonl", _visitor_rows(shop))
    skus = np.array([product.sku for product in shop.products])
    np.savez_compressed(folder / "truth.npz", skus=skus, **shop.truth.__dict__)
    summary = {
        **asdict(shop.config),
        "event_count": len(shop.events),
        "order_count": int(shop.events.order.max(initial=-1)) + 1,
    }
    (folder / "shop.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def _order_id_of(config: SimulationConfig, order: int) -> str:
    return f"S{config.seed}-{order + 1:06d}"


def _write_lines(path: Path, rows: Iterator[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


def _product_rows(shop: SimulatedShop) -> Iterator[dict[str, object]]:
    for product, launch_day in zip(shop.products, shop.truth.launch_days.tolist(), strict=True):
        launched = shop.config.start + (launch_day if launch_day > 0 else -30) * SECONDS_PER_DAY
        yield {
            "sku": product.sku,
            "title": product.title,
            "description": product.description,
            "category": list(product.category),
            "brand": product.brand,
            "price": f"{product.price_cents / 100:.2f}",
            "picture": f"pictures/{product.sku}.svg",
            "launched_at": _iso(launched),
        }


def _write_pictures(shop: SimulatedShop, folder: Path) -> None:
    for product in shop.products:
        style = STYLES[product.style]
        picture = draw_picture(
            KINDS[product.kind].shape,
            colour=product.colour,
            accent=style.accent,
            background=style.background,
            pattern=style.pattern,
        )
        (folder / f"{product.sku}.svg").write_text(picture, encoding="utf-8")


def _event_rows(shop: SimulatedShop) -> Iterator[dict[str, object]]:
    """Every row has every key, since readers may take the columns from the first."""
    events, config = shop.events, shop.config
    prices = [f"{product.price_cents / 100:.2f}" for product in shop.products]
    visitor_ids = [visitor_id_of(config, visitor) for visitor in range(len(events.signed_up_at))]
    for number in range(len(events)):
        product, order = int(events.product[number]), int(events.order[number])
        yield {
            "event_id": str(_id_of(config, "event", number)),
            "type": EVENT_TYPES[events.event_type[number]].value,
            "item_id": shop.products[product].sku,
            "customer_id": customer_id_of(int(events.shopper[number])) if events.signed_in[number] else None,
            "visitor_id": visitor_ids[events.visitor[number]],
            "occurred_at": _iso(int(events.time[number])),
            "quantity": int(events.quantity[number]),
            "order_id": _order_id_of(config, order) if order >= 0 else None,
            "price": prices[product] if order >= 0 else None,
            "currency": "EUR" if order >= 0 else None,
        }


def _visitor_rows(shop: SimulatedShop) -> Iterator[dict[str, object]]:
    """Visitor ids that were merged into an account, which is what a shop's login does."""
    events = shop.events
    shopper_of = np.zeros(len(events.signed_up_at), dtype=np.int64)
    shopper_of[events.visitor] = events.shopper
    for visitor, merged_at in enumerate(events.signed_up_at.tolist()):
        if 0 <= merged_at < shop.config.end:
            yield {
                "visitor_id": visitor_id_of(shop.config, visitor),
                "customer_id": customer_id_of(int(shopper_of[visitor])),
                "merged_at": _iso(merged_at),
            }


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
