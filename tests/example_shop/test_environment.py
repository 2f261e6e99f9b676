"""The same shop with other programs behind it, chosen by the environment alone."""

import uuid
from pathlib import Path

import psycopg
import pytest

from tests.example_shop.running import SIZE, manage
from tests.servers import Server

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


def test_the_demo_on_postgresql_and_redis(postgres_server: Server, redis_server: Server, tmp_path: Path) -> None:
    name = f"shop_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres_server.url.rsplit("/", 1)[0] + f"/{name}"
    elsewhere = {
        "DATABASE_URL": url,
        "CACHE_URL": redis_server.url.replace("redis://", "rediscache://"),
        "RECS_NETWORK_EPOCHS": "0",
    }

    first = manage(tmp_path, "demo", "--no-serve", *SIZE, **elsewhere)
    again = manage(tmp_path, "demo", "--no-serve", *SIZE, **elsewhere)
    said = manage(
        tmp_path,
        "shell",
        "--command=from django.contrib.auth.models import User; from django.core.cache import cache;"
        "cache.set('a', 1); newest = User.objects.create_user('next').pk;"
        "print(cache.get('a'), newest > User.objects.get(username='demo').pk)",
        **elsewhere,
    )

    assert first.returncode == 0, first.stderr
    assert again.returncode == 0, again.stderr
    assert "rows read" in first.stdout
    assert "rows read" not in again.stdout
    assert said.stdout.strip().endswith("1 True"), said.stderr
    assert not (tmp_path / "shop.sqlite3").exists()
    with psycopg.connect(url) as connection:
        orders = connection.execute(
            "SELECT COUNT(DISTINCT order_id) FROM django_recs_event WHERE order_id <> ''"
        ).fetchone()
        assert orders is not None
        assert orders[0] > 100
