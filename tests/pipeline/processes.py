"""Real processes on a database of their own, for tests that race, freeze and kill."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120.0
START = "import django; django.setup()\nfrom django_recs.models import *\n"
MIGRATE = "from django.core.management import call_command; call_command('migrate', verbosity=0)"


@dataclass(kw_only=True)
class Project:
    """A project in ``folder``, whose processes can be started and killed."""

    folder: Path
    recs: Mapping[str, Any] = field(default_factory=dict)
    """``DJANGO_RECS`` of its processes, besides an artifact folder of their own."""
    postgres_port: int | None = None
    """Port of its PostgreSQL server; None: SQLite in ``folder``."""
    database: str = ""
    """Name on that server, or path of the file."""
    environment: Mapping[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def sqlite_file(self) -> Path:
        return self.folder / "db.sqlite3"

    def start_command(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """A process of this project in a session of its own."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TEST_"))}
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.process_settings",
            "OMP_NUM_THREADS": "1",
            "TEST_DATABASE": self.database or str(self.sqlite_file),
            "TEST_DJANGO_RECS": json.dumps({"ARTIFACT_ROOT": str(self.folder / "artifacts"), **self.recs}),
        }
        if self.postgres_port:
            own["TEST_POSTGRES_PORT"] = str(self.postgres_port)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, **own, **self.environment},
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        self._running.append(process)
        return process

    def start(self, code: str) -> subprocess.Popen[str]:
        """A process that runs ``code`` with Django set up and all models imported."""
        return self.start_command([sys.executable, "-c", START + code])

    def run(self, code: str, *, patience_seconds: float = PATIENCE_SECONDS) -> str:
        """What ``code`` printed; fails when it ended with an error."""
        process = self.start(code)
        output, errors = process.communicate(timeout=patience_seconds)
        assert process.returncode == 0, errors
        return output.strip()

    def value(self, sql: str) -> Any:
        """The first column of the first row, read without Django."""
        with closing(self._connect()) as connection:
            row = connection.execute(sql).fetchone()
        return row[0] if row else None

    def wait_for(self, sql: str, expected: Any) -> None:
        """Until ``sql`` gives ``expected``."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.value(sql)) != expected:
            assert time.monotonic() < deadline, f"{sql} gives {found!r} and not {expected!r}"
            time.sleep(0.02)

    def stop_all(self) -> None:
        for process in self._running:
            kill(process)
            process.communicate()

    def _connect(self) -> Any:
        if self.postgres_port:
            return psycopg.connect(
                host="127.0.0.1", port=self.postgres_port, user="recs", dbname=self.database, autocommit=True
            )
        return sqlite3.connect(f"file:{self.sqlite_file}?mode=ro", uri=True, timeout=20)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL for the process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
