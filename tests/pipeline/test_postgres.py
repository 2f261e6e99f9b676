"""What depends on the database's own SQL, once more on PostgreSQL."""

import os
import subprocess
import sys

import pytest

from tests.pipeline.processes import PATIENCE_SECONDS, ROOT
from tests.servers import Server

FILES = ("test_export.py", "test_refunds.py", "test_lease.py")


@pytest.mark.postgres
def test_export_refunds_and_lease_pass_on_postgres(postgres_server: Server) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not project"]
        + [f"tests/pipeline/{name}" for name in FILES],
        cwd=ROOT,
        env={**environment, "TEST_POSTGRES_PORT": str(postgres_server.port)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
