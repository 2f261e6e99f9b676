"""The voices of a blend, fitted on one stretch of the past."""

import importlib.util
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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

if TYPE_CHECKING:
    from django_recs.learning import FittedNetwork, NetworkConfig

logger = logging.getLogger(__name__)

COUNTING_SHARE = 0.15
"""Share of the time of a fit that the counting voices take, for the progress bar."""
LOSS_RETRIES = 2
MEMORY_RETRIES = 5


def event_weight_array() -> WeightArray:
    """(T,) weight of each type of `EVENT_TYPES` from the settings."""
    weights = get_settings().event_weights
    return np.array([weights[event_type] for event_type in EVENT_TYPES], dtype=np.float64)


@dataclass(kw_only=True)
class VoiceFitter:
    """Fits all voices again and again within one run; the first fit of the network decides for how long the next go."""

    content: ItemContent
    configuration: Configuration = field(default_factory=Configuration)
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
            interactions,
            self.content,
            event_weights=self.event_weights,
            config=self.configuration.voice_config,
            on_skip=lambda name, reason: logger.info("Without the voice %s: %s", name, reason),
        )

    def network(self, interactions: Interactions, on_progress: OnProgress) -> "FittedNetwork":
        """The voice that is learned."""
        from django_recs.learning import fit_network

        # Threads that outnumber the free cores wait for each other: with both of two cores, and one of them busy, an
        # epoch of Online Retail took 50 s instead of 4.
        threads = get_settings().training_threads or max(1, (os.cpu_count() or 1) - 1)
        config = self.configuration.network_config(epoch_limit=self.epoch_limit, thread_count=threads)
        weights = {event_type.value: float(self.event_weights[code]) for code, event_type in enumerate(EVENT_TYPES)}

        def fit(config: "NetworkConfig") -> "FittedNetwork":
            return fit_network(
                interactions,
                self.content,
                config=config,
                event_weights=weights,
                clock=LocalTime.of_zone(get_default_timezone()),
                on_progress=on_progress,
            )

        network = fit_patiently(fit, config)
        self.device = network.device
        if network.scores:
            self.epoch_limit = 1 + int(np.argmax(network.scores))
        return network


def fit_patiently(fit: "Callable[[NetworkConfig], FittedNetwork]", config: "NetworkConfig") -> "FittedNetwork":
    """Start over with half the batch when memory runs out, and with half the learning rate when the loss diverges."""
    import torch

    from django_recs.learning import LossNotFinite

    memory_left, loss_left = MEMORY_RETRIES, LOSS_RETRIES
    while True:
        try:
            return fit(config)
        except torch.OutOfMemoryError:
            if not memory_left:
                raise
            memory_left -= 1
            config = replace(config, tokens_per_batch=max(config.tokens_per_batch // 2, 1))
            logger.warning("Out of memory; trying again with batches of %s events.", config.tokens_per_batch)
        except LossNotFinite as reason:
            if not loss_left:
                raise
            loss_left -= 1
            config = replace(config, learning_rate=config.learning_rate / 2)
            logger.warning("%s Trying again with a learning rate of %s.", reason, config.learning_rate)
