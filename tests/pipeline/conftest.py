"""A project of real processes on a SQLite file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.processes import MIGRATE, Project


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    template = Project(folder=tmp_path_factory.mktemp("migrated"))
    template.run(MIGRATE)
    return template.sqlite_file


@pytest.fixture
def project(tmp_path: Path, migrated_database: Path) -> Iterator[Project]:
    project = Project(folder=tmp_path, recs={"NETWORK_EPOCHS": 0, "TRAINING_LEASE_SECONDS": 3})
    shutil.copy(migrated_database, project.sqlite_file)
    yield project
    project.stop_all()
