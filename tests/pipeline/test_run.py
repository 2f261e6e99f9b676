"""One training run from events to the live version."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from django_recs.models import TrainingRun
from django_recs.pipeline.run import run_training
from django_recs.serving.registry import live_version
from tests.pipeline.rows import add_shop

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {
        "ARTIFACT_ROOT": str(tmp_path),
        "NETWORK_EPOCHS": 0,
        "TRAINING_THREADS": 1,
        "RELOAD_SECONDS": 0,
    }


def train() -> TrainingRun:
    return run_training(TrainingRun.objects.create(trigger="test").pk)


def test_a_shop_with_a_clear_taste_gets_a_live_version() -> None:
    items = add_shop()
    run = train()
    print(run.status, run.message)
    version = live_version()
    assert version is not None
    assert (run.status, run.message, run.progress) == (Status.PROMOTED, f"{version} is live.", 1.0)
