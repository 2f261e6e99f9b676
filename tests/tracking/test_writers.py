"""Several processes write at the same moment: every event is stored once and counted as new once."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.pages import ROOT

WRITER_COUNT = 3
EVENT_COUNT = 40

WRITER = """
import json, sys, uuid
import django
django.setup()
from django_recs.tracking import NewEvent, store_events
from datetime import UTC, datetime
noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
stored = []
for number in range(EVENT_COUNT):
    event = NewEvent(event_id=uuid.UUID(int=number), type="view_item", item_id="a", occurred_at=noon, received_at=noon)
    stored.append(store_events([event]).stored)
print(json.dumps(sum(stored)))
""".replace("EVENT_COUNT", str(EVENT_COUNT))


def test_writers_do_not_lock_each_other_out(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TEST_POSTGRES_PORT"}
    environment |= {"TEST_SQLITE_NAME": str(tmp_path / "shop.sqlite3"), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(WRITER_COUNT)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()  # all of them have started
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [writer.communicate(timeout=120) for writer in writers]

    assert [errors for _, errors in answers] == [""] * WRITER_COUNT
    assert sum(json.loads(said) for said, _ in answers) == EVENT_COUNT
