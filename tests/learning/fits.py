"""Fits of small worlds, for tests."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import NetworkConfig, TrainingState, assign
from django_recs.learning.assignment import Assignment
from django_recs.learning.batches import Sequences, build_sequences
from django_recs.learning.checkpoints import Checkpoints
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.fitting import torch_state, train_network
from django_recs.learning.trainer import OnProgress, Trainer
from tests.learning.worlds import EVENT_WEIGHTS


def quiet(share: float, message: str) -> None:
    """Whoever is told nothing."""


def assignment_of(
    world: tuple[Interactions, ItemContent], config: NetworkConfig, *, start: TrainingState | None = None
) -> Assignment:
    interactions, content = world
    return assign(interactions, content, config=config, event_weights=EVENT_WEIGHTS, start=start)


def train(
    world: tuple[Interactions, ItemContent],
    config: NetworkConfig,
    *,
    on_progress: OnProgress = quiet,
    folder: Path | None = None,
    start: TrainingState | None = None,
    fence: Callable[[], object] = lambda: None,
) -> Trainer:
    """A trainer after all its epochs, with its checkpoints in ``folder`` or nowhere."""
    with TemporaryDirectory() as nowhere, torch_state(config):
        trainer, _ = train_network(
            assignment_of(world, config, start=start),
            gap_edges=fit_gap_edges(world[0]),
            on_progress=on_progress,
            checkpoints=Checkpoints(folder or Path(nowhere), fingerprint="", fence=fence),
        )
    return trainer


def sequences_of(world: tuple[Interactions, ItemContent], config: NetworkConfig) -> Sequences:
    interactions, _ = world
    weights = np.ones(len(EVENT_TYPES), dtype=np.float32)
    return build_sequences(interactions, type_weights=weights, gap_edges=fit_gap_edges(interactions), config=config)
