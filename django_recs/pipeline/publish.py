"""A fitted blend as an artifact in its storage and a row of the registry."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from django_recs import __version__
from django_recs.engine.artifacts import write_artifact
from django_recs.models import ModelVersion, TrainingRun
from django_recs.pipeline.dataset import describe
from django_recs.pipeline.fit import Training
from django_recs.pipeline.training_states import store_states
from django_recs.serving.storage import store_artifact

NAME_DIGITS = 16


def publish(training: Training, *, run: TrainingRun, fence: Callable[[], None]) -> ModelVersion:
    """Store the artifact under a name that its content determines, then its row, staged or rejected.

    Args:
        fence: raises `LeaseLost` when another process took the run over; called in the transaction of the row.
    """
    dataset = describe(training.data, trained_until=training.trained_until)
    with tempfile.TemporaryDirectory(prefix="recs_artifact_") as folder:
        manifest_sha256 = _write(training, dataset, Path(folder))
        name = f"run{run.pk}-{manifest_sha256[:NAME_DIGITS]}"
        fence()
        store_artifact(Path(folder), name)
    if not training.gate_reasons:
        store_states(name, training.states)
    status = ModelVersion.Status.REJECTED if training.gate_reasons else ModelVersion.Status.STAGED
    with transaction.atomic(using=router.db_for_write(ModelVersion)):
        fence()
        return ModelVersion.objects.create(
            run=run,
            artifact=name,
            manifest_sha256=manifest_sha256,
            status=status,
            metrics=training.table,
            dataset=dataset,
            gate_reasons=training.gate_reasons,
        )


def _write(training: Training, dataset: dict[str, Any], folder: Path) -> str:
    return write_artifact(
        folder,
        blend=training.blend,
        item_ids=training.data.interactions.item_ids,
        created_at=timezone.now(),
        code_version=__version__,
        metrics=training.table,
        shelf_facts=training.shelf_facts,
        content=training.data.content,
        dataset=dataset,
    )
