"""The weights that the networks of a version ended with, kept beside its artifact for the next run to start from.

They are for workers only: no manifest lists them, web processes never read them, and an artifact without them is whole.
"""

import logging
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from django.core.files import File

from django_recs.conf import get_settings
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.parameters import NETWORK, of_part
from django_recs.models import ModelVersion
from django_recs.pipeline.configuration import CONFIGURATION, Configuration
from django_recs.serving.registry import live_version
from django_recs.serving.storage import artifact_storage

if TYPE_CHECKING:
    from django_recs.learning import TrainingState

logger = logging.getLogger(__name__)


def folder_of(artifact: str) -> str:
    """Where the states of an artifact are, in the same storage."""
    return f"{artifact}.states"


def store_states(artifact: str, states: "Sequence[TrainingState]") -> None:
    """Keep ``states`` beside the artifact of that name."""
    if not states:  # as where torch is missing
        return
    from django_recs.learning import write_record

    storage = artifact_storage()
    for state in states:
        name = f"{folder_of(artifact)}/{state.trained_until}.npz"
        if not storage.exists(name):
            content = BytesIO()
            write_record(content, state)
            content.seek(0)
            storage.save(name, File(content))


def states_to_start_from(until: int, configuration: Configuration) -> "tuple[TrainingState, ...]":
    """The states of the live version, for a run that learns from events before ``until`` (seconds since 1970).

    None when the last network from scratch is `Settings.full_training_days` old, when its hyper-parameters are not
    those of ``configuration``, or when there are none.
    """
    days = get_settings().full_training_days
    version = live_version() if days else None
    if version is None or not _is_of_one_kind(version, configuration):
        return ()
    states = _read(version.artifact)
    if not states:
        return ()
    newest = max(states, key=lambda state: state.trained_until)
    age_days = (until - newest.scratch_until) / SECONDS_PER_DAY
    return states if age_days < days else ()


def latest_before(states: "Sequence[TrainingState]", until: int) -> "TrainingState | None":
    """The newest of ``states`` that has seen no event from ``until`` (seconds since 1970) on.

    A network that is to be judged on a period must not start from one that has seen it.
    """
    known = [state for state in states if state.trained_until <= until]
    return max(known, key=lambda state: state.trained_until, default=None)


def _is_of_one_kind(version: ModelVersion, configuration: Configuration) -> bool:
    """Whether the network of ``version`` was trained as ``configuration`` says; one that was not has to be anew."""
    described = version.metrics.get("protocol", {}).get(CONFIGURATION)
    theirs = Configuration.from_described(described)
    return of_part(theirs.values, NETWORK) == of_part(configuration.values, NETWORK)


def _read(artifact: str) -> "tuple[TrainingState, ...]":
    from django_recs.learning import TrainingState, read_record

    storage, folder = artifact_storage(), folder_of(artifact)
    try:
        _, names = storage.listdir(folder)
        states = []
        for name in names:
            with storage.open(f"{folder}/{name}") as file:
                states.append(read_record(BytesIO(file.read()), TrainingState))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as reason:
        logger.warning("The networks behind %s cannot be started from: %s", artifact, reason)
        return ()
    return tuple(sorted(states, key=lambda state: state.trained_until))
