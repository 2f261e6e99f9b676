"""From candidates to slots: the shop's own QuerySet has the last word on each of them, then the shop's rules."""

from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.db import router
from django.utils.functional import Promise

from django_recs.serving.asking import Asking
from django_recs.serving.candidates import Candidate, Candidates
from django_recs.serving.merchandising import Arranged, ProductFacts
from django_recs.serving.promises import PROMISES, keeps_promises
from django_recs.serving.reasons import Reason
from django_recs.serving.recommendations import Recommendation
from django_recs.tracking.transactions import contained

SPARE_COUNT = 2
"""Candidates in the first query beyond the slots; reading products is most of the time of a request."""
BACKFILL_COUNT = 2
"""Further queries at the most, when too many candidates turned out to be hidden or sold out."""
POOL_SIZE = 200
"""Candidates in the first query where rules choose among products, or the shelf promises something of them."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A candidate with the product that may be shown."""

    candidate: Candidate
    product: Any


def fill(asking: Asking, candidates: Candidates) -> tuple[Recommendation, ...]:
    """The first ``asking.limit`` candidates that may be shown: one query, or up to three where many may not.

    Raises:
        DatabaseError: when the shop's products cannot be read.
    """
    options: dict[str, Option] = {}
    chosen: list[Option] = []
    for size in _batch_sizes(asking):
        batch = list(islice(candidates, size))
        if not batch:
            break
        _read(asking, batch)
        for candidate in batch:
            product = asking.known.get(candidate.item_id)
            if product is not None and _may_stand(asking, candidate, product, options):
                options[candidate.item_id] = Option(candidate=candidate, product=product)
        chosen = arrange(asking, options)
        if len(chosen) >= asking.limit:
            break
    return tuple(_recommendation(asking, slot, option) for slot, option in enumerate(chosen))


def arrange(asking: Asking, options: dict[str, Option]) -> list[Option]:
    """The options in the order of the list, changed by the rules in force."""
    if not asking.merchandising:
        return list(islice(options.values(), asking.limit))
    pinned = {
        item_id: Option(candidate=Candidate(item_id=item_id, score=0.0, reason=Reason.PICKED), product=product)
        for item_id in asking.merchandising.pinned_ids
        if item_id not in asking.unwanted and (product := asking.known.get(item_id)) is not None
    }
    everything = {**pinned, **options}
    items = [
        Arranged(
            facts=ProductFacts(asking.catalog, item_id, option.product),
            score=option.candidate.score,
            place=place,
            is_own=item_id in options,
        )
        for place, (item_id, option) in enumerate(chain(options.items(), pinned.items()))
        if option is everything[item_id]
    ]
    return [everything[item.facts.item_id] for item in asking.merchandising.arrange(items, limit=asking.limit)]


def _batch_sizes(asking: Asking) -> tuple[int, ...]:
    is_choosy = bool(asking.merchandising) or asking.placement.strategy in PROMISES or asking.category
    first = POOL_SIZE if is_choosy or asking.placement.price_ceiling_percent else asking.limit + SPARE_COUNT
    return (first, *(3 * asking.limit for _ in range(BACKFILL_COUNT)))


def _read(asking: Asking, batch: list[Candidate]) -> None:
    """Read the products of a batch, with those that its reasons name and that rules pin, in one query."""
    wanted = {candidate.item_id for candidate in batch} | {candidate.anchor_id for candidate in batch}
    if asking.placement.price_ceiling_percent:
        wanted |= set(asking.anchors)
    wanted |= set(asking.merchandising.pinned_ids)
    labelled = bool(asking.merchandising) or bool(asking.category)
    with contained(router.db_for_read(asking.catalog.model)):
        asking.known.update(asking.catalog.products(wanted - {""} - set(asking.known), labelled=labelled))


def _may_stand(asking: Asking, candidate: Candidate, product: Any, options: dict[str, Option]) -> bool:
    """Whether the shelf's promises hold, and no other variant of the same product is there already."""
    if not keeps_promises(asking, candidate, product):
        return False
    parent = asking.catalog.get_parent(product)
    taken = chain((option.product for option in options.values()), _anchor_products(asking)) if parent else ()
    return not any(asking.catalog.get_parent(other) == parent for other in taken)


def _anchor_products(asking: Asking) -> list[Any]:
    return [asking.known[item_id] for item_id in asking.anchors if item_id in asking.known]


def _recommendation(asking: Asking, slot: int, option: Option) -> Recommendation:
    candidate = option.candidate
    anchor = _anchor(asking, option)
    return Recommendation(
        item_id=candidate.item_id,
        product=option.product,
        slot=slot,
        score=candidate.score,
        reason=candidate.reason.text(anchor),
        anchor=anchor,
        catalog=asking.catalog,
    )


def _anchor(asking: Asking, option: Option) -> str | Promise:
    """What the reason rests on: a product's title where that product may be shown, else the candidate's label."""
    candidate = option.candidate
    if candidate.reason is Reason.REDUCED:
        return str(asking.catalog.get_reduction(option.product))
    if candidate.anchor_id in asking.known:
        return asking.catalog.get_title(asking.known[candidate.anchor_id])
    return candidate.label
