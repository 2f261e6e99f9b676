"""The fallback ladder: model, counts, popularity, empty shelf. A broken rung is logged and the next one tried."""

import logging
from collections.abc import Callable, Iterable

from django.db import DatabaseError

from django_recs.serving.recommendations import Recommendation, Rung

logger = logging.getLogger(__name__)

Attempt = Callable[[Rung], tuple[Recommendation, ...]]


def climb_down(rungs: Iterable[Rung], attempt: Attempt, *, enough: int) -> tuple[Rung, tuple[Recommendation, ...]]:
    """The first rung whose attempt makes at least ``enough`` items, and these; `Rung.EMPTY` when none does.

    Whatever an attempt raises is logged and never travels further. When the database is what failed, the lower rungs
    are left out: they would ask it as well, and each could wait as long.
    """
    for rung in rungs:
        try:
            items = attempt(rung)
        except DatabaseError:
            logger.exception("The database failed on the rung %s; the shelf stays empty", rung)
            break
        except Exception:  # a page never fails over a recommendation
            logger.exception("The rung %s failed; trying the next one", rung)
            continue
        if len(items) >= enough:
            return rung, items
    return Rung.EMPTY, ()
