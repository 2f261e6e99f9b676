"""The experiments that pages have to know, kept in the process for a few seconds like the placements."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError, router

from django_recs.conf import get_settings
from django_recs.experiments.assignment import LAYER_SLOTS, Arm, LayerRange, Served
from django_recs.models import Experiment
from django_recs.tracking.transactions import contained

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ServedExperiments:
    """All of them, by what pages ask for."""

    by_slug: Mapping[str, Served] = field(default_factory=dict)
    by_placement: Mapping[str, Served] = field(default_factory=dict)
    """The one running experiment that varies a placement."""
    holdout: Served | None = None


_known: tuple[float, ServedExperiments] | None = None


def served_experiments() -> ServedExperiments:
    """What was read at most ``RELOAD_SECONDS`` ago; what was known before where the database does not answer."""
    global _known
    if _known is None or time.monotonic() - _known[0] >= get_settings().reload_seconds:
        _known = time.monotonic(), _read() or (_known[1] if _known else ServedExperiments())
    return _known[1]


def nothing_served() -> None:
    """Somebody read just now that there is none; the next look comes after ``RELOAD_SECONDS``."""
    global _known
    _known = time.monotonic(), ServedExperiments()


def forget() -> None:
    """Read the experiments again at the next call."""
    global _known
    _known = None


def _read() -> ServedExperiments | None:
    using = router.db_for_read(Experiment)
    try:
        with contained(using):
            rows = Experiment.objects.using(using).served().select_related("layer", "shipped")
            served = [_served(row) for row in rows.prefetch_related("variants")]
    except DatabaseError:
        logger.exception("The experiments could not be read; the last known ones go on")
        return None
    running = [experiment for experiment in served if experiment.is_running]
    return ServedExperiments(
        by_slug={experiment.slug: experiment for experiment in served if experiment.arms},
        by_placement={experiment.placement: experiment for experiment in running if experiment.placement},
        holdout=next((experiment for experiment in running if experiment.is_holdout), None),
    )


def _served(row: Experiment) -> Served:
    variants = sorted(row.variants.all(), key=lambda variant: variant.position)
    weight = sum(variant.weight for variant in variants)
    arms = [
        Arm(pk=variant.pk, slug=variant.slug, share=variant.weight / weight, changes=variant.changes)
        for variant in variants
    ]
    layer = None
    if row.layer and row.layer_start is not None:
        stop = row.layer_start + row.layer_percent * LAYER_SLOTS // 100
        layer = LayerRange(salt=row.layer.salt, start=row.layer_start, stop=stop)
    return Served(
        pk=row.pk,
        slug=row.slug,
        salt=row.salt,
        is_running=row.status == Experiment.Status.RUNNING,
        is_holdout=row.is_holdout,
        arms=arms,
        coverage=row.coverage_percent / 100,
        wants_customers=row.audience != Experiment.Audience.GUESTS,
        wants_guests=row.audience != Experiment.Audience.CUSTOMERS,
        window_days=row.window_days,
        layer=layer,
        placement=row.placement_id or "",
        shipped=next((arm for arm in arms if arm.pk == row.shipped_id), None),
    )
