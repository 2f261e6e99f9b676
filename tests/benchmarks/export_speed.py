"""How long events take to arrays, as a multiple of a bare read of the same columns of the same rows.

    pytest -m benchmark -s tests/benchmarks/export_speed.py

The bare read is `fetchmany` of plain columns from the database cursor, rows thrown away. A million events of 20,000
customers and their guests on 4,000 products; a third are purchases, a fiftieth refunds, a tenth without consent.
"""

import json
import os
import platform
import random
import re
import statistics
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.pipeline.processes import MIGRATE, Project
from tests.servers import Server

EVENT_COUNT = int(os.environ.get("RECS_BENCH_EVENTS", "1000000"))
PRODUCT_COUNT = 4_000
ROUND_COUNT = 3
LIMIT_RATIO = 2.0
FETCH_ROWS = 20_000

COLUMNS = (
    "event_id, type, item_id, customer_id, visitor_id, occurred_at, received_at, purposes, is_bot, source, quantity,"
    " currency, order_id, placement, rung, device, country"
)
BARE = (
    "SELECT type, item_id, customer_id, visitor_id, occurred_at, quantity, order_id, device, country"
    " FROM django_recs_event"
    " WHERE NOT is_bot AND (purposes & 1) = 1 AND type IN ('view_item', 'purchase', 'refund')"
)

pytestmark = pytest.mark.benchmark

MEASURE = f"""
import json, resource, time
from django.db import connection
from django_recs.pipeline.export import export_interactions
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def bare():
    count = 0
    with connection.cursor() as cursor:
        cursor.execute({BARE!r})
        while rows := cursor.fetchmany({FETCH_ROWS}):
            count += len(rows)
    return count
def timed(function):
    before = time.process_time(), time.perf_counter()
    result = function()
    return result, time.process_time() - before[0], time.perf_counter() - before[1]
list(connection.cursor().execute("SELECT 1") or ())
rounds, first_peak, bare_peak = [], peak(), 0
for _ in range({ROUND_COUNT}):
    read, *bare_seconds = timed(bare)
    bare_peak = bare_peak or peak()
    data, *export_seconds = timed(export_interactions)
    rounds.append((bare_seconds, export_seconds))
print(json.dumps([read, len(data.interactions), rounds, first_peak, bare_peak, peak()]))
"""


def rows() -> Iterator[tuple[object, ...]]:
    chance = random.Random(1)
    items = [str(uuid.UUID(int=number)) for number in range(1, PRODUCT_COUNT + 1)]
    for number in range(EVENT_COUNT):
        draw = chance.random()
        kind = "refund" if draw < 0.02 else "purchase" if draw < 0.35 else "view_item"
        person = chance.randrange(20_000)
        is_guest = chance.random() < 0.3
        seconds = number * 20
        at = f"2024-{1 + seconds // 2_600_000 % 12:02}-{1 + seconds // 86_400 % 28:02} {seconds // 3_600 % 24:02}:00:00"
        yield (
            str(uuid.UUID(int=chance.getrandbits(128))),
            kind,
            chance.choice(items),
            "" if is_guest else str(person),
            uuid.UUID(int=person).hex,
            at,
            at,
            0 if chance.random() < 0.1 else 7,
            False,
            "import",
            chance.randrange(1, 4),
            "",
            f"order {number // 7}" if kind != "view_item" else "",
            "",
            "",
            ("mobile", "desktop", "tablet", "")[number % 4],
            ("DE", "FR", "AT", "")[person % 4],
        )


def report(project: Project, name: str) -> float:
    project.run(f"from tests.pipeline.rows import add_products; add_products({PRODUCT_COUNT})")
    read, kept, rounds, first, bare_peak, peak = json.loads(project.run(MEASURE, patience_seconds=1_800))
    ratio = statistics.median(export[0] / bare[0] for bare, export in rounds)
    wall = statistics.median(export[1] / bare[1] for bare, export in rounds)
    print(f"\n{name}: {EVENT_COUNT:,} events, {read:,} read, {kept:,} after refunds; median of {len(rounds)} rounds")
    for kind, number in (("bare read", 0), ("export", 1)):
        cpu, clock = (statistics.median(seconds[number][part] for seconds in rounds) for part in (0, 1))
        print(f"  {kind:10} {cpu:6.2f} CPU s, {clock:6.2f} s")
    print(f"  ratio {ratio:.2f} in CPU of this process, {wall:.2f} in wall time; the aim is below {LIMIT_RATIO}")
    print(f"  peak memory: {first:.0f} MiB at the start, {bare_peak:.0f} after a bare read, {peak:.0f} after exports")
    return float(ratio)


def describe_machine() -> None:
    import django
    import numpy
    import psycopg

    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(f"\n{cpu[1] if cpu else platform.machine()}, Python {platform.python_version()}, Django {django.__version__}")
    print(f"numpy {numpy.__version__}, psycopg {psycopg.__version__}, load {os.getloadavg()[0]:.1f}")


def test_on_sqlite(tmp_path: Path) -> None:
    import sqlite3

    describe_machine()
    project = Project(folder=tmp_path)
    project.run(MIGRATE)
    with closing(sqlite3.connect(project.sqlite_file)) as connection, connection:
        places = ", ".join("?" * 17)
        connection.executemany(
            f"INSERT INTO django_recs_event ({COLUMNS}) VALUES ({places})",  # noqa: S608 constants
            ((str(row[0]).replace("-", ""), *row[1:]) for row in rows()),
        )
    assert report(project, f"SQLite {sqlite3.sqlite_version}") < LIMIT_RATIO


@pytest.mark.postgres
def test_on_postgres(tmp_path: Path, postgres_server: Server) -> None:
    import psycopg

    describe_machine()
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE export_speed")
        version = connection.info.server_version
    project = Project(folder=tmp_path, postgres_port=postgres_server.port, database="export_speed")
    project.run(MIGRATE)
    with psycopg.connect(postgres_server.url.removesuffix("recs") + "export_speed", autocommit=True) as connection:
        with connection.cursor().copy(f"COPY django_recs_event ({COLUMNS}) FROM STDIN") as copy:
            for row in rows():
                copy.write_row(row)
        connection.execute("VACUUM ANALYZE django_recs_event")
    assert report(project, f"PostgreSQL {version // 10_000}.{version % 10_000}") < LIMIT_RATIO
