"""The same tests on PostgreSQL: what touches the database is run a second time, on a server of our own."""

import os
import subprocess
import sys

import pytest

from tests.pages import ROOT
from tests.servers import Server

ON_POSTGRES = (
    "tests/catalog",
    "tests/models",
    "tests/tracking",
    "tests/serving",
    "tests/experiments",
    "tests/api",
    "tests/management",
)
"""Folders of tests whose queries, constraints or transactions a database could see differently."""

NEEDS_NO_SECOND_RUN = "not postgres and not redis and not rabbitmq and not browser and not real_data and not benchmark"


@pytest.mark.postgres
def test_what_touches_the_database_passes_on_postgres(postgres_server: Server) -> None:
    folders = [folder for folder in ON_POSTGRES if (ROOT / folder).is_dir()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NEEDS_NO_SECOND_RUN, *folders],
        cwd=ROOT,
        env={**environment, "TEST_POSTGRES_PORT": str(postgres_server.port)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
