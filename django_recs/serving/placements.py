"""Placements by slug, kept in the process for a few seconds: every page asks for them and they rarely change."""

import logging
import time

from django.db import DatabaseError, router

from django_recs.conf import get_settings
from django_recs.exceptions import PlacementNotFound
from django_recs.models import Placement, Strategy
from django_recs.serving.transactions import contained

logger = logging.getLogger(__name__)

_known: tuple[float, dict[str, Placement]] | None = None


def find_placement(slug: str) -> Placement:
    """The placement ``slug``. An edit in the admin shows after ``RELOAD_SECONDS`` at the latest.

    Raises:
        PlacementNotFound: when there is none.
    """
    if placement := _placements().get(slug):
        return placement
    raise PlacementNotFound(f"There is no placement {slug!r}. Add it in the admin under Recommendations, Placements.")


def forget() -> None:
    """Read the placements again at the next call."""
    global _known
    _known = None


def _placements() -> dict[str, Placement]:
    global _known
    if _known is None or time.monotonic() - _known[0] >= get_settings().reload_seconds:
        _known = time.monotonic(), _read() or (_known[1] if _known else _defaults())
    return _known[1]


def _read() -> dict[str, Placement]:
    """All placements, {} when the database does not answer."""
    try:
        with contained(router.db_for_read(Placement)):
            return {placement.slug: placement for placement in Placement.objects.all()}
    except DatabaseError:
        logger.exception("The placements could not be read; the last known ones serve on")
        return {}


def _defaults() -> dict[str, Placement]:
    return {strategy.value: Placement(slug=strategy.value, strategy=strategy) for strategy in Strategy}
