"""Shelves that start from items: the product of the page, the basket, the order that was just placed."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from django_recs.conf import get_settings
from django_recs.engine.artifacts import Artifact
from django_recs.engine.interactions import FloatArray, Int32Array
from django_recs.engine.shelves.relations import Relation
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.candidate import (
    Candidate,
    Candidates,
    best,
    indices_of,
    names,
    spread,
    wanted_count,
)
from django_recs.serving.live import LiveModel
from django_recs.serving.reasons import Reason

ALTERNATIVE = 0.3
"""What a complement's score is multiplied with when the basket holds something of its category already."""
STEP_UP_PRICES = (1.1, 2.5)
"""A step up costs so many times as much, at least and at the most."""

Near = Callable[[int], tuple[Int32Array, FloatArray]]


def similar(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """The neighbours of the anchors; with several anchors, those near to many of them first."""
    if model is not None:
        yield from _around_anchors(asking, model.artifact, near_items(asking, model, counts_only), Reason.SIMILAR)


def bought_together(asking: Asking, model: LiveModel | None) -> Candidates:
    """What at least ``MIN_PERSONS`` persons bought in one order with an anchor, of several kinds where it can be.

    Never padded with anything else.
    """
    if model is not None:
        min_persons = get_settings().min_persons
        together = partial(model.artifact.bought_together, limit=wanted_count(asking), min_persons=min_persons)
        yield from _spread(_around_anchors(asking, model.artifact, together, Reason.BOUGHT_TOGETHER), model.artifact)


def also_viewed(asking: Asking, model: LiveModel | None) -> Candidates:
    """What at least ``MIN_PERSONS`` persons looked at on the same visit as an anchor."""
    if model is not None and model.artifact.shelf_facts is not None:
        related = _related(model.artifact.shelf_facts.also_viewed, asking)
        yield from _around_anchors(asking, model.artifact, related, Reason.ALSO_VIEWED)


def cart_complements(asking: Asking, model: LiveModel | None) -> Candidates:
    """What goes with the whole basket, kinds that are in it already last. Prices are checked on the products."""
    if model is None or model.artifact.shelf_facts is None:
        return
    facts = model.artifact.shelf_facts
    anchors = indices_of(model.artifact, asking.anchors)
    in_basket = facts.assortment.categories[anchors]
    same_kind = np.isin(facts.assortment.categories, in_basket[in_basket >= 0])

    def together(item: int) -> tuple[Int32Array, FloatArray]:
        items, weights = _related(facts.bought_together, asking)(item)
        return items, np.where(same_kind[items], ALTERNATIVE * weights, weights).astype(np.float32)

    yield from _spread(
        _around_anchors(asking, model.artifact, together, Reason.BOUGHT_TOGETHER), model.artifact, factor=0.7
    )


def post_purchase(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the buyers of these products had in their next order, and after that what goes with them."""
    if model is None or model.artifact.shelf_facts is None:
        return
    facts = model.artifact.shelf_facts
    seen: set[str] = set()
    for relation, reason in ((facts.bought_next, Reason.BOUGHT_NEXT), (facts.bought_together, Reason.BOUGHT_TOGETHER)):
        found = _around_anchors(asking, model.artifact, _related(relation, asking), reason)
        for candidate in _spread(found, model.artifact):
            if candidate.item_id not in seen:
                seen.add(candidate.item_id)
                yield candidate


def upsell(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """Better ones of the same kind: similar to the anchor, in its category, dearer, and bought by many."""
    if model is None or model.artifact.shelf_facts is None:
        return
    facts = model.artifact.shelf_facts
    near = near_items(asking, model, counts_only)
    low, high = STEP_UP_PRICES

    def dearer(item: int) -> tuple[Int32Array, FloatArray]:
        items, weights = near(item)
        ratio = facts.assortment.prices[items] / facts.assortment.prices[item]
        same_kind = facts.assortment.categories[items] == facts.assortment.categories[item]
        fits = same_kind & (ratio >= low) & (ratio <= high)
        liked = 1 + np.log1p(facts.demand.sold[items[fits]])
        return items[fits], (weights[fits] * liked).astype(np.float32)

    yield from _around_anchors(asking, model.artifact, dearer, Reason.STEP_UP)


def near_items(asking: Asking, model: LiveModel, counts_only: bool) -> Near:
    """The neighbours of one item, those by persons with at least ``MIN_PERSONS`` of them."""
    return partial(
        model.artifact.similar,
        limit=wanted_count(asking),
        counts_only=counts_only,
        min_persons=get_settings().min_persons,
    )


def _related(relation: Relation, asking: Asking) -> Near:
    return partial(relation.of, min_persons=get_settings().min_persons, limit=wanted_count(asking))


def _around_anchors(asking: Asking, artifact: Artifact, related: Near, reason: Reason) -> Candidates:
    """Sums over the anchors; each item's reason names the anchor that spoke for it most."""
    indices = indices_of(artifact, asking.anchors)
    if not indices:
        return
    scores = np.zeros(len(artifact.item_ids), dtype=np.float32)
    strongest = np.zeros(len(scores), dtype=np.float32)
    speaker = np.zeros(len(scores), dtype=np.int64)
    for index in indices:
        items, strengths = related(index)
        scores[items] += strengths
        stronger = items[strengths > strongest[items]]
        speaker[stronger] = index
        strongest[items] = np.maximum(strongest[items], strengths)
    speakers = names(artifact, speaker)
    for item_id, score in best(scores, asking, artifact):
        anchor_id = speakers[artifact.index_of(item_id) or 0]
        yield Candidate(item_id=item_id, score=score, reason=reason, anchor_id=anchor_id)


def _spread(candidates: Iterable[Candidate], artifact: Artifact, *, factor: float = 0.5) -> Candidates:
    found = {candidate.item_id: candidate for candidate in candidates}
    ranked = [(candidate.item_id, candidate.score) for candidate in found.values()]
    yield from (found[item_id] for item_id in spread(ranked, artifact, factor=factor))
