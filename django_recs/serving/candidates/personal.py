"""What is known of a visitor's taste, for shelves that rank a selection by it."""

import numpy as np

from django_recs.conf import get_settings
from django_recs.engine.artifacts import Artifact
from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.shelves.assortment import Assortment
from django_recs.engine.situations import Situation, situation_of
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.for_you import histories_of
from django_recs.tracking.history import HistoryRow

FAVOURITE_COUNT = 4
"""Categories that count as a visitor's favourites."""
INTEREST_HALF_LIFE_DAYS = 30.0


def personal_scores(
    asking: Asking,
    artifact: Artifact,
    *,
    counts_only: bool = False,
    situation: Situation = Situation.NEW_TO_THEM,
    until: float = np.inf,
) -> FloatArray | None:
    """(I + 1,) how well each item fits the visitor, from about 0 to 1; None for somebody of whom nothing is known.

    Args:
        situation: for visitors with a history; of those with a few events the situation is that of a new visitor.
        until: only events before this second count.
    """
    histories = histories_of(asking, artifact)
    if until < np.inf:
        histories = _before(histories, until)
    if not len(histories.item):
        return None
    if situation is not Situation.COLD_ITEM and situation_of(histories) is Situation.NEW_VISITOR:
        situation = Situation.NEW_VISITOR
    blend = artifact.counts_blend if counts_only else artifact.blend
    scores: FloatArray = blend.score(histories, situation)[0]
    return scores


def favourite_categories(asking: Asking, assortment: Assortment, artifact: Artifact) -> list[int]:
    """Numbers of the category labels that the visitor's events are about most, the first one most."""
    histories = histories_of(asking, artifact)
    weights = np.array([get_settings().event_weights.get(row.type, 0.0) for row in _known(asking, artifact)])
    ages = (asking.now - histories.time) / 86_400
    weights = weights * 2 ** (-np.maximum(ages, 0) / INTEREST_HALF_LIFE_DAYS)
    categories = assortment.categories[histories.item]
    known = categories >= 0
    sums = np.bincount(categories[known], weights=weights[known])
    order = np.argsort(-sums, kind="stable")[:FAVOURITE_COUNT]
    return [int(code) for code in order if sums[code] > 0]


def _known(asking: Asking, artifact: Artifact) -> list[HistoryRow]:
    return [row for row in reversed(asking.history) if artifact.index_of(row.item_id)]


def _before(histories: Histories, until: float) -> Histories:
    keep = histories.time < until
    return Histories.of_one(
        item=histories.item[keep].tolist(),
        event_type=histories.event_type[keep].tolist(),
        time=histories.time[keep].tolist(),
        now=int(histories.now[0]),
    )
