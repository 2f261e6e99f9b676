"""What an unfinished training run has done so far, on disk, so that the attempt after a lost worker goes on from it.

``<root>/run12/run.json`` says until when events are read, so that each attempt reads the same; beside it the networks
keep their checkpoints and results, each under the fingerprint of the events and choices that it depends on. The folder
goes when the run ends.
"""

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from django_recs.conf import get_settings
from django_recs.models import TrainingRun
from django_recs.pipeline.lease import HeldLease
from django_recs.serving.storage import artifact_storage

_FACTS = "run.json"
_PREFIX = "run"


@dataclass(frozen=True, kw_only=True)
class RunPlace:
    """Where one attempt of a run works."""

    folder: Path
    """That of the run, for what this attempt leaves to the next one."""
    lease: HeldLease
    """What lets this attempt write there."""
    until: int
    """Seconds since 1970: the end of all events of the run."""


def training_root() -> Path:
    """``TRAINING_FOLDER``, else ``.training`` beside the artifacts, else, where those are in a remote storage, a
    temporary folder of this machine."""
    if folder := get_settings().training_folder:
        return Path(folder)
    storage = artifact_storage()
    if isinstance(storage, FileSystemStorage):
        return Path(storage.path(".training"))
    return Path(tempfile.gettempdir()) / "django_recs_training"


def open_run_folder(run: TrainingRun) -> Path:
    """The folder of ``run``, made at its first attempt. Folders of runs that have ended are removed."""
    root = training_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {f"{_PREFIX}{pk}" for pk in TrainingRun.objects.unfinished().values_list("pk", flat=True)}
    for folder in root.glob(f"{_PREFIX}*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    folder = root / f"{_PREFIX}{run.pk}"
    folder.mkdir(exist_ok=True)
    return folder


def events_until(folder: Path) -> datetime:
    """The moment before which all attempts of a run read events: that of its first attempt."""
    path = folder / _FACTS
    try:
        return datetime.fromisoformat(json.loads(path.read_text())["until"])
    except (OSError, ValueError, KeyError):
        until = timezone.now()
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"until": until.isoformat()}))
        part.replace(path)
        return until


def remove_run_folder(run: TrainingRun) -> None:
    """Leave nothing of a run that has ended, be it for want of a place to write to."""
    with suppress(ImproperlyConfigured):
        shutil.rmtree(training_root() / f"{_PREFIX}{run.pk}", ignore_errors=True)
