"""How fast `recs_import` is beside a bare ``bulk_create`` of the same rows, and whether its memory is flat.

    pytest -m benchmark -s tests/benchmarks/import_speed.py

The import is timed whole: unpacking, parsing, judging, ids, writing. ``bulk_create(batch_size=500)`` is given finished
objects. Both take turns in one process, on a table that is emptied before each turn. Memory is the peak of a process of
its own for each number of rows.
"""

import gzip
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server

ROW_COUNT = 40_000
ROUND_COUNT = 3
LIMIT_RATIO = 0.5
MEMORY_ROW_COUNTS = (10_000, 80_000)
LIMIT_GROWTH_MIB = 8.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.benchmark
def test_import_beside_bulk_create_on_sqlite(tmp_path: Path) -> None:
    _judge(tmp_path, {"TEST_SQLITE_NAME": str(tmp_path / "shop.sqlite3")})


@pytest.mark.benchmark
@pytest.mark.postgres
def test_import_beside_bulk_create_on_postgresql(tmp_path: Path, postgres_server: Server) -> None:
    _judge(tmp_path, {"TEST_POSTGRES_PORT": str(postgres_server.port)})


def _judge(folder: Path, database: dict[str, str]) -> None:
    speed = _measure("speed", _orders(folder, ROW_COUNT), database)
    small, large = (_measure("memory", _orders(folder, count), database) for count in MEMORY_ROW_COUNTS)
    growth = large["peak_mib"] - small["peak_mib"]

    print(f"\n{speed['about']}; {ROW_COUNT:,} order lines, median of {ROUND_COUNT} rounds")
    for name in ("bulk_create", "import"):
        wall, cpu = speed[name]
        print(f"  {name:12} {wall:6.2f} s  {ROW_COUNT / wall:9,.0f} rows/s   client CPU {cpu:6.2f} s")
    print(f"  import at {speed['ratio']:.2f} x the speed of bulk_create (floor {LIMIT_RATIO})")
    print(f"  known again  {speed['again'][0]:6.2f} s  {ROW_COUNT / speed['again'][0]:9,.0f} rows/s, nothing stored")
    sizes = ", ".join(f"{count:,} rows" for count in MEMORY_ROW_COUNTS)
    print(f"  peak memory of {sizes}: {small['peak_mib']:.1f} and {large['peak_mib']:.1f} MiB ({growth:+.1f})")

    assert speed["ratio"] >= LIMIT_RATIO
    assert growth <= LIMIT_GROWTH_MIB


def _orders(folder: Path, count: int) -> Path:
    """A gzipped CSV file of order lines in the shape of Online Retail, always the same."""
    path = folder / f"orders-{count}.csv.gz"
    if path.exists():
        return path
    chosen = random.Random(1)
    start = datetime(2024, 1, 1, 8)  # noqa: DTZ001 as such files have them
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
        for number in range(count):
            invoice = number // 20
            customer = "" if invoice % 4 == 0 else f"{12_000 + invoice % 4_000}.0"
            refunded = invoice % 50 == 7
            file.write(
                f"{'C' if refunded else ''}{536_000 + invoice},{chosen.randrange(20_000, 24_000)},SOME DESCRIPTION,"
                f"{'-' if refunded else ''}{chosen.randrange(1, 25)},{start + timedelta(minutes=10 * invoice)},"
                f"{chosen.randrange(10, 2_000) / 100},{customer},United Kingdom\n"
            )
    return path


def _measure(what: str, path: Path, database: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.import_speed", what, str(path)],
        cwd=ROOT,
        env={**os.environ, **database, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _main(what: str, path: Path) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    if what == "memory":
        _empty()
        _import(path)
        print(json.dumps({"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        print(json.dumps(_speed(path)))


def _speed(path: Path) -> dict[str, Any]:
    import django
    from django.db import connection

    from django_recs.models import Event

    _empty()
    _import(path)
    names = [field.name for field in Event._meta.concrete_fields if not field.primary_key]
    rows = list(Event.objects.order_by("pk").values(*names))
    objects: list[Event] = []

    def bulk_create() -> None:
        Event.objects.bulk_create(objects, batch_size=500)

    turns: dict[str, list[tuple[float, float]]] = {"bulk_create": [], "import": [], "again": []}
    for _ in range(ROUND_COUNT):
        _empty()
        objects = [Event(**row) for row in rows]
        turns["bulk_create"].append(_timed(bulk_create))
        _empty()
        turns["import"].append(_timed(lambda: _import(path)))
        turns["again"].append(_timed(lambda: _import(path)))
        assert Event.objects.count() == len(rows)
    figures: dict[str, Any] = {
        name: tuple(statistics.median(figure) for figure in zip(*pairs, strict=True)) for name, pairs in turns.items()
    }
    ratios = [bare[0] / whole[0] for bare, whole in zip(turns["bulk_create"], turns["import"], strict=True)]
    about = (
        f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}, Django {django.__version__}, "
    )
    about += f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    return {**figures, "ratio": statistics.median(ratios), "about": about}


def _timed(act: Any) -> tuple[float, float]:
    """Wall and CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def _import(path: Path) -> None:
    from django.core.management import call_command

    with Path(os.devnull).open("w") as nowhere:
        call_command(
            "recs_import",
            str(path),
            preset="online-retail",
            purposes="all",
            refused=path.with_suffix(".refused"),
            stdout=nowhere,
            stderr=nowhere,
        )


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_recs_event" if connection.vendor == "sqlite" else "TRUNCATE django_recs_event"
        )


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
