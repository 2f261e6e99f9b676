"""Real processes on a database of their own, for tests that race, freeze and kill."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120.0
DATABASE = "db.sqlite3"

START = """
import json, os, django
from tests import settings
settings.DJANGO_RECS = json.loads(os.environ["RECS_TEST_SETTINGS"])
django.setup()
from django_recs.models import *
"""


@dataclass(kw_only=True)
class Project:
    """A migrated project on SQLite in ``folder``, whose processes can be started and killed."""

    folder: Path
    overrides: dict[str, Any]
    """``DJANGO_RECS`` of its processes."""
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, code: str) -> "subprocess.Popen[str]":
        """A process that runs ``code`` with Django set up and all models imported."""
        process = subprocess.Popen(
            [sys.executable, "-c", START + code],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TEST_"))},
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "TEST_SQLITE_NAME": str(self.folder / DATABASE),
                "RECS_TEST_SETTINGS": json.dumps(self.overrides),
                "OMP_NUM_THREADS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(process)
        return process

    def run(self, code: str) -> str:
        """What ``code`` printed; fails when it ended with an error."""
        process = self.start(code)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, errors
        return output.strip()

    def value(self, sql: str) -> Any:
        """The first column of the first row, read without Django."""
        connection = sqlite3.connect(f"file:{self.folder / DATABASE}?mode=ro", uri=True, timeout=20)
        try:
            row = connection.execute(sql).fetchone()
        finally:
            connection.close()
        return row[0] if row else None

    def wait_for(self, sql: str, expected: Any) -> None:
        """Until ``sql`` gives ``expected``."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.value(sql)) != expected:
            assert time.monotonic() < deadline, f"{sql} gives {found!r} and not {expected!r}"
            time.sleep(0.01)

    def stop_all(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()
