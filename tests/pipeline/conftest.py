"""A project of real processes on a SQLite file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.processes import DATABASE, Project


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate = "from django.core.management import call_command; call_command('migrate', verbosity=0)"
    Project(folder=folder, overrides={}).run(migrate)
    return folder / DATABASE


@pytest.fixture
def project(tmp_path: Path, migrated_database: Path) -> Iterator[Project]:
    shutil.copy(migrated_database, tmp_path / DATABASE)
    project = Project(
        folder=tmp_path,
        overrides={"ARTIFACT_ROOT": str(tmp_path / "artifacts"), "NETWORK_EPOCHS": 0, "TRAINING_LEASE_SECONDS": 3},
    )
    yield project
    project.stop_all()
