"""Projects of real processes on SQLite and on PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.pipeline.processes import MIGRATE, Project

RECS = {"NETWORK_EPOCHS": 0, "TRAINING_LEASE_SECONDS": 3}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A migrated project, once on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("project")
        return
    server = request.getfixturevalue("postgres_server")
    name = f"tuning_{uuid.uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        project = Project(folder=tmp_path, recs=RECS, postgres_port=server.port, database=name)
        project.run(MIGRATE)
        yield project
        project.stop_all()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
