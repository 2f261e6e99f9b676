"""Ranked item ids for each strategy, from each rung that can make them. Whether they may be shown is asked later."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt

from django_recs.conf import get_settings
from django_recs.engine.artifacts import Artifact
from django_recs.engine.circumstances import COUNTRY, CUSTOMER_PREFIX, DEVICE, Circumstances
from django_recs.engine.events import EVENT_CODES, PURCHASE_CODE, EventType
from django_recs.engine.interactions import FloatArray, Histories, Int32Array
from django_recs.engine.situations import Situation, situation_of
from django_recs.models import Strategy
from django_recs.serving.asking import Asking
from django_recs.serving.live import LiveModel
from django_recs.serving.popularity import popular_items
from django_recs.serving.reasons import Reason
from django_recs.serving.recommendations import Rung

OVERFETCH = 9
"""Candidates per slot: enough for a first fill and two back-fills from a shop that sold out of most of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An item that might fill a slot."""

    item_id: str
    score: float
    reason: Reason


Candidates = Iterator[Candidate]
Source = Callable[[Asking, LiveModel | None], Candidates]


def for_you(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """What the blend ranks highest for this visitor; nothing for somebody of whom nothing is known."""
    if model is None or not asking.history:
        return
    histories = _histories(asking, model.artifact)
    if not len(histories.item):
        return
    blend = model.artifact.counts_blend if counts_only else model.artifact.blend
    situation = situation_of(histories)
    if asking.placement.exclude_purchased and situation is Situation.RETURNING:
        situation = Situation.NEW_TO_THEM
    bought = {row.item_id for row in asking.history if row.type == EventType.PURCHASE}
    allowed = np.ones(len(model.artifact.item_ids), dtype=np.bool_)
    allowed[0] = False
    if situation is Situation.NEW_VISITOR:  # the few things they just looked at are no news; what they bought may be
        allowed[np.setdiff1d(histories.item, histories.item[histories.event_type == PURCHASE_CODE])] = False
    allowed[[index for item_id in asking.unwanted if (index := model.artifact.index_of(item_id))]] = False
    items, scores = blend.rank(histories, situation, allowed, count=_count(asking))
    best = items[0][scores[0] > 0]
    for item_id, score in zip(_names(model.artifact, best), scores[0].tolist(), strict=False):
        reason = Reason.BOUGHT_BEFORE if item_id in bought else Reason.FOR_YOU
        yield Candidate(item_id=item_id, score=score, reason=reason)


def similar(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """The neighbours of the anchors; with several anchors, those near to many of them first."""
    if model is not None:
        near = partial(model.artifact.similar, limit=_count(asking), counts_only=counts_only)
        yield from _around_anchors(asking, model.artifact, near, Reason.SIMILAR)


def bought_together(asking: Asking, model: LiveModel | None) -> Candidates:
    """What at least ``MIN_PERSONS`` persons bought in one order with an anchor. Never padded with anything else."""
    if model is not None:
        min_persons = get_settings().min_persons
        together = partial(model.artifact.bought_together, limit=_count(asking), min_persons=min_persons)
        yield from _around_anchors(asking, model.artifact, together, Reason.BOUGHT_TOGETHER)


def recently_viewed(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the visitor looked at, newest first. Needs no model."""
    viewed = dict.fromkeys(row.item_id for row in asking.history if row.type == EventType.VIEW_ITEM)
    for age, item_id in enumerate(viewed):
        if item_id not in asking.unwanted:
            yield Candidate(item_id=item_id, score=1.0 / (1 + age), reason=Reason.VIEWED)


def popular(asking: Asking, model: LiveModel | None) -> Candidates:
    """What is wanted lately: by the live artifact, and after that what the event table counts of newer products."""
    seen = set(asking.unwanted)
    for item_id, score in chain(_trending(asking, model), _counted()):
        if item_id not in seen:
            seen.add(item_id)
            yield Candidate(item_id=item_id, score=score, reason=Reason.POPULAR)


SOURCES: Mapping[Strategy, Mapping[Rung, Source]] = {
    Strategy.FOR_YOU: {
        Rung.MODEL: for_you,
        Rung.COUNTS: partial(for_you, counts_only=True),
        Rung.POPULARITY: popular,
    },
    Strategy.SIMILAR: {
        Rung.MODEL: similar,
        Rung.COUNTS: partial(similar, counts_only=True),
        Rung.POPULARITY: popular,
    },
    Strategy.FREQUENTLY_BOUGHT_TOGETHER: {Rung.COUNTS: bought_together},
    Strategy.RECENTLY_VIEWED: {Rung.HISTORY: recently_viewed},
    Strategy.TRENDING: {Rung.POPULARITY: popular},
}
"""The rungs of each strategy, best first. Below the last of them is the empty shelf."""


def _histories(asking: Asking, artifact: Artifact) -> Histories:
    """The visitor as a batch of one, oldest event first, without items that the artifact does not know."""
    rows = [(index, row) for row in reversed(asking.history) if (index := artifact.index_of(row.item_id))]
    return Histories.of_one(
        item=[index for index, _ in rows],
        event_type=[EVENT_CODES[row.type] for _, row in rows],
        time=[int(row.occurred_at.timestamp()) for _, row in rows],
        now=asking.now,
        context=Circumstances.of(
            {
                DEVICE: [row.device for _, row in rows],
                COUNTRY: [row.country for _, row in rows],
                **{
                    name: [text] * len(rows)
                    for name, text in asking.circumstances.items()
                    if name.startswith(CUSTOMER_PREFIX)
                },
            }
        ),
        asked=Circumstances.of({name: [text] for name, text in asking.circumstances.items()}),
    )


def _around_anchors(
    asking: Asking, artifact: Artifact, related: Callable[[int], tuple[Int32Array, FloatArray]], reason: Reason
) -> Candidates:
    indices = [index for anchor in asking.anchors if (index := artifact.index_of(anchor))]
    if not indices:
        return
    scores = np.zeros(len(artifact.item_ids), dtype=np.float32)
    for index in indices:
        items, strengths = related(index)
        scores[items] += strengths
    for item_id, score in _best(scores, asking, artifact):
        yield Candidate(item_id=item_id, score=score, reason=reason)


def _best(scores: FloatArray, asking: Asking, artifact: Artifact) -> Iterator[tuple[str, float]]:
    """The item ids with the highest positive scores (I + 1,), without the unwanted ones, best first."""
    scores[0] = -np.inf
    for item_id in asking.unwanted:
        if index := artifact.index_of(item_id):
            scores[index] = -np.inf
    count = min(_count(asking), len(scores))
    best = np.argpartition(scores, -count)[-count:]
    best = best[np.argsort(-scores[best], kind="stable")]
    best = best[scores[best] > 0]
    yield from zip(_names(artifact, best), scores[best].tolist(), strict=True)


def _trending(asking: Asking, model: LiveModel | None) -> Iterator[tuple[str, float]]:
    if model is not None:
        items, scores = model.artifact.trending(limit=_count(asking) + len(asking.unwanted))
        yield from zip(_names(model.artifact, items), scores.tolist(), strict=True)


def _counted() -> Iterator[tuple[str, float]]:
    """Counts nothing before the first item is asked for, which is only when the artifact's have run out."""
    yield from popular_items()


def _names(artifact: Artifact, indices: npt.NDArray[np.integer]) -> list[str]:
    names: list[str] = artifact.item_ids[indices].tolist()
    return names


def _count(asking: Asking) -> int:
    return asking.limit * OVERFETCH
