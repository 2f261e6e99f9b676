"""The artifact that is live in this process: mapped read-only, looked after now and then, swapped as one reference."""

import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from django.db import router

from django_recs.conf import get_settings
from django_recs.engine.artifacts import MANIFEST, Artifact, ArtifactRefused, open_artifact
from django_recs.models import ModelPointer, ModelVersion
from django_recs.serving.storage import local_folder
from django_recs.tracking.transactions import contained

logger = logging.getLogger(__name__)

LIVE = "live"
FIRST_LOOK_SECONDS = 2.0
"""How long a request waits at the most while another thread of a new process opens the first artifact."""


@dataclass(frozen=True, kw_only=True)
class LiveModel:
    """A model version together with its opened artifact."""

    version_id: int
    artifact: Artifact


class _Slot:
    """What this process knows of the live version. Readers take one reference; one thread at a time writes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.looked_at: float | None = None
        self.model: LiveModel | None = None
        self.problem = ""


_slot = _Slot()


def live_model() -> LiveModel | None:
    """The live model, or None without one. Never raises; a failure to load another version keeps the one at hand."""
    slot = _slot
    first = slot.looked_at is None
    is_due = slot.looked_at is None or time.monotonic() - slot.looked_at >= get_settings().reload_seconds
    if is_due and slot.lock.acquire(timeout=FIRST_LOOK_SECONDS if first else 0):
        try:
            if not (first and slot.looked_at is not None):
                _look(slot)
        finally:
            slot.lock.release()
    return slot.model


def live_problem() -> str:
    """Why this process could not follow the pointer at its last look, "" when all is well."""
    return _slot.problem


def forget() -> None:
    """Let go of the artifact and look again at the next call."""
    global _slot
    _slot = _Slot()


def open_version(version: ModelVersion) -> Artifact:
    """Open and verify the artifact of ``version``.

    Raises:
        ArtifactRefused: when a file is missing, altered or not of a known format.
        OSError: when the storage cannot be read.
    """
    return _open(version.artifact, version.manifest_sha256)


def _look(slot: _Slot) -> None:
    try:
        pointed = _pointed_version()
        if pointed is None:
            slot.model = None
        elif slot.model is None or slot.model.version_id != pointed[0]:
            version_id, artifact, manifest_sha256 = pointed
            slot.model = LiveModel(version_id=version_id, artifact=_open(artifact, manifest_sha256))
        slot.problem = ""
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        if problem != slot.problem:
            logger.exception("The live model version could not be loaded; the one before keeps serving")
        slot.problem = problem
    finally:
        slot.looked_at = time.monotonic()


def _pointed_version() -> tuple[int, str, str] | None:
    with contained(router.db_for_read(ModelPointer)):
        return (
            ModelPointer.objects.filter(name=LIVE)
            .values_list("version_id", "version__artifact", "version__manifest_sha256")
            .first()
        )


def _open(name: str, manifest_sha256: str) -> Artifact:
    folder = local_folder(name)
    _check_manifest(folder / MANIFEST, manifest_sha256)
    artifact = open_artifact(folder)
    artifact.index_of("")  # builds the index now, and not in the first request after the swap
    return artifact


def _check_manifest(manifest: Path, sha256: str) -> None:
    if hashlib.sha256(manifest.read_bytes()).hexdigest() != sha256:
        raise ArtifactRefused(f"{manifest} is not the manifest that the registry knows.")
