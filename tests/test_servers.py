"""The throwaway servers answer their own clients, and end."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import Server

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.postgres
def test_postgres_answers_a_query(postgres_server: Server) -> None:
    import psycopg

    with psycopg.connect(postgres_server.url) as connection:
        row = connection.execute("SELECT current_database(), current_setting('fsync')").fetchone()

    assert row == ("recs", "off")


@pytest.mark.redis
def test_redis_keeps_a_value(redis_server: Server) -> None:
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.set("a", "1")
        assert client.get("a") == b"1"


@pytest.mark.rabbitmq
def test_rabbitmq_delivers_a_message(rabbitmq_server: Server) -> None:
    from kombu import Connection

    with Connection(rabbitmq_server.url) as connection, connection.SimpleQueue("letters") as queue:
        queue.put({"from": "a"})
        message = queue.get(timeout=10)
        message.ack()

    assert message.payload == {"from": "a"}


@pytest.mark.browser
def test_the_browser_renders_a_page(browser: "Chrome") -> None:
    browser.get("data:text/html,<title>A shelf</title><script>document.title += ' of books'</script>")

    assert browser.title == "A shelf of books"


@pytest.mark.redis
@pytest.mark.usefixtures("redis_server")  # skips where Redis is not installed
def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    source = (
        "import os, tests.servers as s; c = s.redis(); print(c.__enter__().port, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # a killed process leaves its folder behind
        check=False,
    )

    port = int(killed.stdout)
    deadline = time.monotonic() + 10
    while _listens(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _listens(port)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
