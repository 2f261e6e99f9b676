"""The voices of a blend, fitted on one stretch of the past."""

import importlib.util
import logging
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from django.utils.timezone import get_default_timezone

from django_recs.conf import get_settings
from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.engine.local_time import LocalTime
from django_recs.engine.recommender import Recommender
from django_recs.engine.voices import fit_voices
from django_recs.pipeline.configuration import Configuration
from django_recs.pipeline.progress import OnProgress
from django_recs.pipeline.run_folder import RunPlace
from django_recs.pipeline.training_states import latest_before, states_to_start_from

if TYPE_CHECKING:
    from django_recs.learning import Assignment, Fit, FittedNetwork, TrainingState

logger = logging.getLogger(__name__)

COUNTING_SHARE = 0.15
"""Share of the time of a fit that the counting voices take, for the progress bar."""


def event_weight_array() -> WeightArray:
    """(T,) weight of each type of `EVENT_TYPES` from the settings."""
    weights = get_settings().event_weights
    return np.array([weights[event_type] for event_type in EVENT_TYPES], dtype=np.float64)


@dataclass(kw_only=True)
class VoiceFitter:
    """Fits all voices again and again within one run; the first fit of the network decides for how long the next go."""

    content: ItemContent
    configuration: Configuration = field(default_factory=Configuration)
    place: RunPlace | None = None
    """Where the networks of a run keep what they have done; None: nothing is kept, and all start from scratch."""
    states: "list[TrainingState]" = field(default_factory=list)
    """What the networks ended with, in the order of the fits."""
    event_weights: WeightArray = field(default_factory=event_weight_array)
    epoch_limit: int = field(default_factory=lambda: get_settings().network_epochs)
    device: str = ""
    """Where the network was fitted, "" before and without one."""

    def fit(self, interactions: Interactions, on_progress: OnProgress) -> tuple[Recommender, ...]:
        """Every voice on all of ``interactions``, in a fixed order."""
        on_progress(0.0, "Counting.")
        counting = self.counting(interactions)
        on_progress(COUNTING_SHARE, "Counted.")
        if not self.has_network:
            return counting
        network = self.network(
            interactions,
            lambda share, message: on_progress(COUNTING_SHARE + (1 - COUNTING_SHARE) * share, f"Network, {message}"),
        )
        return (*counting, network.voice())

    @cached_property
    def _earlier_states(self) -> "tuple[TrainingState, ...]":
        return states_to_start_from(self.place.until, self.configuration) if self.place else ()

    @property
    def has_network(self) -> bool:
        """Whether a network is wanted, and torch is there to fit one."""
        if self.epoch_limit and importlib.util.find_spec("torch") is None:
            logger.warning('torch is not installed, so no network is fitted: pip install "django-recs[train]".')
            return False
        return self.epoch_limit > 0

    def counting(self, interactions: Interactions) -> tuple[Recommender, ...]:
        """The voices that count."""
        return fit_voices(
            interactions, self.content, event_weights=self.event_weights, config=self.configuration.voice_config
        )

    def network(self, interactions: Interactions, on_progress: OnProgress) -> "FittedNetwork":
        """The voice that is learned."""
        from django_recs.learning import Workplace, assign, fit, fit_together

        settings = get_settings()
        process_count = settings.training_processes or gpu_count(settings.training_device)
        # Threads that outnumber the free cores wait for each other: with both of two cores, and one of them busy, an
        # epoch of Online Retail took 50 s instead of 4.
        threads = settings.training_threads or max(1, (os.cpu_count() or 1) - 1)
        config = self.configuration.network_config(
            epoch_limit=self.epoch_limit, thread_count=max(1, threads // process_count)
        )
        weights = {event_type.value: float(self.event_weights[code]) for code, event_type in enumerate(EVENT_TYPES)}
        until = int(interactions.time.max(initial=-1)) + 1
        assignment = assign(
            interactions,
            self.content,
            config=replace(config, device=settings.training_device),
            event_weights=weights,
            clock=LocalTime.of_zone(get_default_timezone()),
            start=latest_before(self._earlier_states, until),
        )

        def attempt(assignment: "Assignment") -> "Fit":
            with nullcontext(self.place.folder) if self.place else TemporaryDirectory(prefix="recs_fit_") as folder:
                workplace = Workplace(folder=Path(folder))
                if self.place:
                    workplace = replace(workplace, token=self.place.lease.token, fence=self.place.lease.check)
                if process_count > 1:
                    return fit_together(assignment, process_count, workplace=workplace, on_progress=on_progress)
                return fit(assignment, workplace=workplace, on_progress=on_progress)

        fitted = fit_on_any_device(attempt, assignment)
        self.states.append(fitted.state)
        self.device = fitted.network.device
        if fitted.network.scores:
            self.epoch_limit = 1 + int(np.argmax(fitted.network.scores))
        return fitted.network


def gpu_count(device: str) -> int:
    """GPUs that may be trained on, at least 1 for the CPU that stands in for them."""
    import torch

    return max(1, torch.cuda.device_count()) if device != "cpu" else 1


def fit_on_any_device(attempt: "Callable[[Assignment], Fit]", assignment: "Assignment") -> "Fit":
    """Fit on the CPU what does not fit into the memory of the GPU, unless the GPU was asked for by name."""
    import torch

    try:
        return attempt(assignment)
    except torch.OutOfMemoryError as error:
        if assignment.config.device != "auto":
            raise
        logger.warning("%s Training goes on on the CPU.", error)
    return attempt(replace(assignment, config=replace(assignment.config, device="cpu")))
