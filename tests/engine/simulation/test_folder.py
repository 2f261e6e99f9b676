"""The files of a simulated shop, read as a shop would read them."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.simulation import SimulatedShop, SimulationConfig, simulate_shop, write_shop

CONFIG = SimulationConfig(
    product_count=30,
    shopper_count=20,
    day_count=40,
    seed=1,
    end=int(datetime(2025, 7, 1, tzinfo=UTC).timestamp()),
)


@pytest.fixture(scope="module")
def shop() -> SimulatedShop:
    return simulate_shop(CONFIG)


@pytest.fixture(scope="module")
def folder(shop: SimulatedShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    write_shop(shop, folder)
    return folder


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_writing_again_gives_the_same_files(shop: SimulatedShop, folder: Path, tmp_path: Path) -> None:
    write_shop(simulate_shop(CONFIG), tmp_path)

    assert digests(tmp_path) == digests(folder)


def test_products_have_their_pictures(shop: SimulatedShop, folder: Path) -> None:
    products = rows(folder / "products.jsonl")

    assert [row["sku"] for row in products] == [product.sku for product in shop.products]
    assert all((folder / str(row["picture"])).read_text().startswith("<svg") for row in products)


def test_events_say_what_happened(shop: SimulatedShop, folder: Path) -> None:
    events = rows(folder / "events.jsonl")

    assert len(events) == len(shop.events)
    assert len({row["event_id"] for row in events}) == len(events)
    for number in (0, len(events) // 2, len(events) - 1):
        row = events[number]
        product = shop.products[shop.events.product[number]]
        assert row["type"] == EVENT_TYPES[shop.events.event_type[number]]
        assert row["item_id"] == product.sku
        assert datetime.fromisoformat(str(row["occurred_at"])).timestamp() == shop.events.time[number]
        assert (row["customer_id"] is not None) == shop.events.signed_in[number]
        assert (row["order_id"] is not None) == (shop.events.order[number] >= 0)


def test_all_rows_have_the_same_keys(folder: Path) -> None:
    assert len({tuple(row) for row in rows(folder / "events.jsonl")}) == 1


def test_visitors_are_those_who_signed_in(shop: SimulatedShop, folder: Path) -> None:
    visitors = {row["visitor_id"]: row["customer_id"] for row in rows(folder / "visitors.jsonl")}
    signed_in = {
        row["visitor_id"]: row["customer_id"] for row in rows(folder / "events.jsonl") if row["customer_id"] is not None
    }

    assert visitors == signed_in


def test_the_truth_can_be_read_without_pickle(shop: SimulatedShop, folder: Path) -> None:
    with np.load(folder / "truth.npz", allow_pickle=False) as truth:
        np.testing.assert_array_equal(truth["product_vectors"], shop.truth.product_vectors)
        np.testing.assert_array_equal(truth["complements"], shop.truth.complements)
        assert truth["skus"].tolist() == [product.sku for product in shop.products]


def test_the_summary_is_written_last_and_says_how_large_it_is(shop: SimulatedShop, folder: Path) -> None:
    summary = json.loads((folder / "shop.json").read_text())

    assert summary == {
        "product_count": 30,
        "shopper_count": 20,
        "day_count": 40,
        "seed": 1,
        "end": CONFIG.end,
        "event_count": len(shop.events),
        "order_count": int(shop.events.order.max()) + 1,
    }
