"""The example shop as its own processes: filled by its demo command, trained on a small simulation, and served."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import ServerFailed, free_port

ROOT = Path(__file__).resolve().parents[2]
SIZE = ("--products", "90", "--shoppers", "150", "--days", "90")
START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class RunningShop:
    url: str
    folder: Path
    """Where the shop writes: database, pictures, artifacts."""
    demo_output: str
    """What the demo command said while it filled the shop."""

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the shop's database holds, read beside the running shop."""
        with closing(sqlite3.connect(self.folder / "shop.sqlite3", timeout=20)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) FROM {table}")[0][0])  # noqa: S608  (our own table names)


def manage(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``manage.py`` of the example shop with its state in ``folder``."""
    return subprocess.run(
        [sys.executable, "example_shop/manage.py", *arguments],
        cwd=ROOT,
        env=shop_environment(folder) | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def shop_environment(folder: Path) -> dict[str, str]:
    """The machine's environment without what would change the shop: settings, databases, brokers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DEBUG")
    }
    return kept | {
        "PYTHONPATH": str(ROOT),
        "SHOP_VAR_DIR": str(folder),
        "RECS_NETWORK_EPOCHS": "1",
        "PYTHONWARNINGS": "default",
    }


def fill(folder: Path) -> str:
    """Fill the shop and make a trained model live; returns what the demo command said."""
    done = manage(folder, "demo", "--no-serve", *SIZE)
    if done.returncode:
        raise ServerFailed(f"demo ended with {done.returncode}:\n{done.stdout[-4_000:]}\n{done.stderr[-4_000:]}")
    # The gate wants a hundred questions per slice, which a shop this small does not have.
    promoted = manage(folder, "recs_promote", "1", "--force")
    if promoted.returncode:
        raise ServerFailed(f"recs_promote ended with {promoted.returncode}:\n{promoted.stderr[-4_000:]}")
    return done.stdout


@contextmanager
def serve(folder: Path, demo_output: str) -> Iterator[RunningShop]:
    port = free_port()
    command: Sequence[str] = (sys.executable, "example_shop/manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    if setpriv := shutil.which("setpriv"):
        command = (setpriv, "--pdeathsig", "TERM", *command)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=shop_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, log)
        yield RunningShop(url=url, folder=folder, demo_output=demo_output)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/privacy/", timeout=10):  # noqa: S310  (our own server)
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    raise ServerFailed(f"The shop did not answer at {url}:\n{log.read_text(errors='replace')[-4_000:]}")
