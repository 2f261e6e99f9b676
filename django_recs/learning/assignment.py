"""All that a fit depends on, as one value that can be told apart from another and handed to another process."""

import hashlib
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from django_recs.engine.interactions import FloatArray, Interactions, ItemContent
from django_recs.engine.local_time import LocalTime
from django_recs.learning.config import NetworkConfig
from django_recs.learning.records import packed, read_record, write_record
from django_recs.learning.warm_start import TrainingState

_INTERACTIONS, _CONTENT, _STATE, _REST = "interactions.npz", "content.npz", "state.npz", "assignment.npz"


@dataclass(frozen=True, kw_only=True, eq=False)
class Assignment:
    """Fit such a network on these events."""

    interactions: Interactions
    """Of read types only."""
    content: ItemContent
    config: NetworkConfig
    type_weights: FloatArray
    """(E,) by event code: what an event counts as a target."""
    clock: LocalTime | None = None
    """The shop's time zone, from which hour, weekday and season are read; None: they are not."""
    start: TrainingState | None = None
    """Where to start from; None: from scratch."""

    @property
    def until(self) -> int:
        """Seconds since 1970: right after the last event."""
        return int(self.interactions.time.max(initial=-1)) + 1

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that matters and of torch's version: equal fingerprints, equal paths of training on a machine.

        The device does not matter: what a GPU began may be ended on the CPU.
        """
        digest = hashlib.sha256(torch.__version__.encode())
        parts: list[object] = [self.interactions, self.content, self._rest(device="")]
        if self.start is not None:
            parts.append(self.start)
        for part in parts:
            for name, array in packed(part, without=_WITHOUT_EFFECT):
                digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _rest(self, *, device: str) -> "_Rest":
        config = replace(self.config, device=device)
        return _Rest(config=asdict(config), type_weights=self.type_weights, clock=self.clock)

    def write(self, folder: Path) -> None:
        """For `read` in another process. Who the units are stays here."""
        nameless = replace(self.interactions, unit_ids=("",) * self.interactions.unit_count)
        write_record(folder / _INTERACTIONS, nameless)
        write_record(folder / _CONTENT, self.content)
        if self.start is not None:
            write_record(folder / _STATE, self.start)
        write_record(folder / _REST, self._rest(device=self.config.device))

    @classmethod
    def read(cls, folder: Path) -> "Assignment":
        rest = read_record(folder / _REST, _Rest)
        state = folder / _STATE
        return cls(
            interactions=read_record(folder / _INTERACTIONS, Interactions),
            content=read_record(folder / _CONTENT, ItemContent),
            config=NetworkConfig(**rest.config),  # type: ignore[arg-type]
            type_weights=rest.type_weights,
            clock=rest.clock,
            start=read_record(state, TrainingState) if state.exists() else None,
        )


_WITHOUT_EFFECT = ("unit_ids", "available")
"""Fields that no network learns from: names of people, and what is in stock at the moment."""


@dataclass(frozen=True, kw_only=True)
class _Rest:
    config: dict[str, object]
    type_weights: FloatArray
    clock: LocalTime | None = None
