"""Who gets which variant: arithmetic on a hash of the unit, so that nothing has to be stored or asked.

Kill switch, global holdout, layer, audience, coverage, variant, in this order. Each level hashes with a random salt of
its own, so that being in one experiment says nothing about the place in another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

LAYER_SLOTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One variant as pages need it."""

    pk: int
    slug: str
    share: float
    """Of the units of the experiment; all shares add up to 1."""
    changes: dict[str, object]
    """Fields of the placement that it replaces."""


@dataclass(frozen=True, kw_only=True)
class LayerRange:
    """The slots of a layer that belong to one experiment."""

    salt: str
    start: int
    stop: int
    """Behind the last slot."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """One experiment as pages need it: frozen, and free of the database."""

    pk: int
    slug: str
    salt: str
    is_running: bool
    is_holdout: bool
    arms: Sequence[Arm]
    """The control first."""
    coverage: float
    """Share of the audience that takes part, above 0 and up to 1."""
    wants_customers: bool
    wants_guests: bool
    window_days: int
    layer: LayerRange | None = None
    placement: str = ""
    """Slug of the placement that it varies."""
    shipped: Arm | None = None

    @property
    def control(self) -> Arm:
        return self.arms[0]


def position(salt: str, unit: str) -> float:
    """Where ``unit`` lies among all units, from 0 to below 1, the same for ever for one salt."""
    digest = blake2b(f"{salt}\0{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def assign(experiment: Served, unit: str, *, is_customer: bool) -> Arm | None:
    """The arm of ``unit`` by its hash; None when it takes no part.

    Each arm owns a range of positions as wide as its share. With a coverage below 1 it takes units from the beginning
    of its own range, so that a growing coverage adds units and moves none.
    """
    if not experiment.is_running:
        return None
    if (layer := experiment.layer) and not layer.start <= position(layer.salt, unit) * LAYER_SLOTS < layer.stop:
        return None
    if not (experiment.wants_customers if is_customer else experiment.wants_guests):
        return None
    place, start = position(experiment.salt, unit), 0.0
    for arm in experiment.arms:
        if place < start + arm.share:
            return arm if place < start + arm.share * experiment.coverage else None
        start += arm.share
    return None
