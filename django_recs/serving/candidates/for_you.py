"""The shelf that is ranked for one visitor."""

import numpy as np

from django_recs.engine.artifacts import Artifact
from django_recs.engine.circumstances import COUNTRY, CUSTOMER_PREFIX, DEVICE, Circumstances
from django_recs.engine.events import EVENT_CODES, PURCHASE_CODE, EventType
from django_recs.engine.interactions import Histories
from django_recs.engine.situations import Situation, situation_of
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.candidate import Candidate, Candidates, names, open_items, wanted_count
from django_recs.serving.live import LiveModel
from django_recs.serving.reasons import Reason


def for_you(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """What the blend ranks highest for this visitor; nothing for somebody of whom nothing is known."""
    if model is None or not asking.history:
        return
    histories = histories_of(asking, model.artifact)
    if not len(histories.item):
        return
    blend = model.artifact.counts_blend if counts_only else model.artifact.blend
    situation = situation_of(histories)
    if asking.placement.exclude_purchased and situation is Situation.RETURNING:
        situation = Situation.NEW_TO_THEM
    bought = {row.item_id for row in asking.history if row.type == EventType.PURCHASE}
    allowed = open_items(asking, model.artifact)
    if situation is Situation.NEW_VISITOR:  # the few things they just looked at are no news; what they bought may be
        allowed[np.setdiff1d(histories.item, histories.item[histories.event_type == PURCHASE_CODE])] = False
    items, scores = blend.rank(histories, situation, allowed, count=wanted_count(asking))
    found = items[0][scores[0] > 0]
    for item_id, score in zip(names(model.artifact, found), scores[0].tolist(), strict=False):
        reason = Reason.BOUGHT_BEFORE if item_id in bought else Reason.FOR_YOU
        yield Candidate(item_id=item_id, score=score, reason=reason)


def histories_of(asking: Asking, artifact: Artifact) -> Histories:
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
