"""``manage.py demo``: fills an empty shop once, and knows afterwards what it did."""

import csv
import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.example_shop.running import ROOT, SIZE, RunningShop, manage, shop_environment

pytestmark = pytest.mark.xdist_group("browser")

QUICK = {"RECS_NETWORK_EPOCHS": "0", "RECS_TRAINING_LEASE_SECONDS": "8"}
TABLES = ("shop_product", "shop_category", "shop_order", "shop_orderline", "auth_user", "django_recs_event")


def test_the_demo_says_how_good_the_model_is_and_where_to_go(running_shop: RunningShop) -> None:
    said = running_shop.demo_output

    for word in ("blend", "personal_frequency", "item_knn", "ease", "sequence", "ndcg@10"):
        assert word in said
    assert "Shop      http://localhost:8000/" in said
    assert "Admin     http://localhost:8000/admin/   sign in as admin, password larkmoor-demo" in said


def test_a_second_start_does_nothing_again(running_shop: RunningShop) -> None:
    before = {table: running_shop.count(table) for table in (*TABLES, "django_recs_trainingrun")}

    again = manage(running_shop.folder, "demo", "--no-serve", *SIZE)

    assert again.returncode == 0, again.stderr
    assert "recs_import" not in again.stderr
    assert "rows read" not in again.stdout
    assert "ndcg@10" in again.stdout
    assert {table: running_shop.count(table) for table in (*TABLES, "django_recs_trainingrun")} == before


def test_a_start_that_was_interrupted_goes_on_without_doubling(running_shop: RunningShop) -> None:
    """The last thing written before the plug was pulled is the note that products and events are there."""
    before = {table: running_shop.count(table) for table in TABLES}
    notes = running_shop.folder / "demo.json"
    state = json.loads(notes.read_text())
    training = [step for step in state["done"] if step.startswith("training")]
    notes.write_text(json.dumps(state | {"done": training}))

    again = manage(running_shop.folder, "demo", "--no-serve", *SIZE)

    assert again.returncode == 0, again.stderr
    assert ": 0 stored, " in again.stdout
    assert {table: running_shop.count(table) for table in TABLES} == before
    assert sorted(json.loads(notes.read_text())["done"]) == sorted(state["done"])


def test_another_shop_is_not_poured_over_this_one(running_shop: RunningShop) -> None:
    before = running_shop.count("shop_product")

    other = manage(running_shop.folder, "demo", "--no-serve", "--products", "91")

    assert other.returncode == 1
    assert "holds another shop (simulated shop 90/150/90/1)" in other.stderr
    assert running_shop.count("shop_product") == before


def test_the_demo_with_its_known_password_needs_debug(tmp_path: Path) -> None:
    refused = manage(tmp_path, "demo", "--no-serve", DEBUG="off", SECRET_KEY="x" * 50)

    assert refused.returncode == 1
    assert "runs only with DEBUG on" in refused.stderr
    assert not (tmp_path / "shop.sqlite3").exists()


def test_without_debug_a_secret_is_demanded(tmp_path: Path) -> None:
    refused = manage(tmp_path, "check", DEBUG="off")

    assert refused.returncode == 1
    assert "set SECRET_KEY" in refused.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "There is no file"), ("a,b\n1,2\n", "has no column StockCode, Description, UnitPrice")],
)
def test_a_file_that_cannot_be_loaded(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "orders.csv"
    if content is not None:
        file.write_text(content)

    refused = manage(tmp_path / "var", "demo", "--no-serve", "--data", str(file))

    assert refused.returncode == 1
    assert problem in refused.stderr


def test_order_lines_become_a_shop(tmp_path: Path) -> None:
    """Too few for a model, enough to see what is read off them."""
    lines = [
        ("536365", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, 2.55, "17850.0"),
        ("536365", "22423", "REGENCY CAKESTAND 3 TIER", 1, 12.75, "17850.0"),
        ("536366", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 2, 2.95, "13047.0"),
        ("536367", "85123A", "damaged?", -9, 0.0, ""),
        ("536368", "POST", "POSTAGE", 1, 18.0, "13047.0"),
        ("536369", "20725", "LUNCH BAG RED RETROSPOT", 1, 1.65, ""),
    ]
    file = tmp_path / "orders.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
        )
        for place, (invoice, sku, name, quantity, price, customer) in enumerate(lines):
            at = datetime(2010, 12, 1, 8, 26) + timedelta(hours=place)  # noqa: DTZ001  (as the file has it)
            writer.writerow((invoice, sku, name, quantity, at, price, customer, "United Kingdom"))

    done = manage(tmp_path / "var", "demo", "--no-serve", "--data", str(file))

    assert done.returncode == 0, done.stderr
    shop = RunningShop(url="", folder=tmp_path / "var", demo_output=done.stdout)
    assert shop.rows(
        "SELECT sku, title, price, category.name, parent.name FROM shop_product"
        " JOIN shop_category category ON category.id = category_id JOIN shop_category parent"
        " ON parent.id = category.parent_id ORDER BY sku"
    ) == [
        ("20725", "Lunch bag red retrospot", 1.65, "Lunch bags", "Bags"),
        ("22423", "Regency cakestand 3 tier", 12.75, "Plates and trays", "Kitchen"),
        ("85123A", "White hanging heart t-light holder", 2.75, "Candles and holders", "Light"),
    ]
    assert shop.rows("SELECT username FROM auth_user ORDER BY id") == [("admin",), ("demo",), ("customer-17850",)]
    assert "Skipped" in done.stdout


def test_a_training_that_was_killed_is_taken_up_again(tmp_path: Path) -> None:
    """The process dies without a word while it trains; the next start waits for its lease and goes on."""
    process = subprocess.Popen(
        [sys.executable, "example_shop/manage.py", "demo", "--no-serve", *SIZE],
        cwd=ROOT,
        env=shop_environment(tmp_path) | QUICK,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert process.stderr
    with process:
        assert any(b"Fitting" in line for line in process.stderr)
        process.kill()
    shop = RunningShop(url="", folder=tmp_path, demo_output="")
    assert [status for (status,) in shop.rows("SELECT status FROM django_recs_trainingrun")] != ["promoted"]

    again = manage(tmp_path, "demo", "--no-serve", *SIZE, **QUICK)

    assert again.returncode == 0, again.stderr
    assert "An earlier training was cut off" in again.stdout
    assert "rows read" not in again.stdout
    assert shop.rows("SELECT id, attempt_count FROM django_recs_trainingrun") == [(1, 2)]
    assert shop.count("django_recs_modelversion") == 1
