"""From candidates to slots: the shop's own QuerySet has the last word on each of them."""

from itertools import islice

from django.db import router

from django_recs.serving.asking import Asking
from django_recs.serving.candidates import Candidate, Candidates
from django_recs.serving.recommendations import Recommendation
from django_recs.serving.transactions import contained

SPARE_COUNT = 2
"""Candidates in the first query beyond the slots; reading products is most of the time of a request."""
BACKFILL_COUNT = 2
"""Further queries at the most, when too many candidates turned out to be hidden or sold out."""


def fill(asking: Asking, candidates: Candidates) -> tuple[Recommendation, ...]:
    """The first ``asking.limit`` candidates that may be shown: one query, or up to three where many may not.

    Raises:
        DatabaseError: when the shop's products cannot be read.
    """
    shown: list[tuple[Candidate, object]] = []
    size = asking.limit + SPARE_COUNT
    for _ in range(1 + BACKFILL_COUNT):
        batch = list(islice(candidates, size))
        if not batch:
            break
        with contained(router.db_for_read(asking.catalog.model)):
            products = asking.catalog.products([candidate.item_id for candidate in batch])
        shown += [(candidate, products[candidate.item_id]) for candidate in batch if candidate.item_id in products]
        if len(shown) >= asking.limit:
            break
        size = 3 * asking.limit
    return tuple(
        Recommendation(
            item_id=candidate.item_id,
            product=product,
            slot=slot,
            score=candidate.score,
            reason=candidate.reason.text,
            catalog=asking.catalog,
        )
        for slot, (candidate, product) in enumerate(shown[: asking.limit])
    )
