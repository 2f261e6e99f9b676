"""Shelves made of what the visitor did themselves."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import lazystr

from django_recs.conf import get_settings
from django_recs.engine.events import EventType
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.candidate import Candidate, Candidates
from django_recs.serving.live import LiveModel
from django_recs.serving.reasons import Reason

UNFINISHED_DAYS = 30
"""What one looked at longer ago is no unfinished shopping."""
UNFINISHED_HALF_LIFE_DAYS = 3.0
REPEAT_CHANCE = 0.03
"""Products with a smaller chance of being wanted again now are not offered again."""

_DECIDED = (EventType.ADD_TO_CART, EventType.ADD_TO_WISHLIST)


def recently_viewed(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the visitor looked at, newest first. Needs no model."""
    viewed = dict.fromkeys(row.item_id for row in asking.history if row.type == EventType.VIEW_ITEM)
    for age, item_id in enumerate(viewed):
        if item_id not in asking.unwanted:
            yield Candidate(item_id=item_id, score=1.0 / (1 + age), reason=Reason.VIEWED)


def continue_shopping(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the visitor looked at or put aside lately and did not buy since, by how much and how lately."""
    weights = get_settings().event_weights
    scores: dict[str, float] = {}
    decided: set[str] = set()
    for item_id, type_, days in _interest_since_purchase(asking):
        if days <= UNFINISHED_DAYS:
            scores[item_id] = scores.get(item_id, 0.0) + weights.get(type_, 0.0) * 2 ** (
                -days / UNFINISHED_HALF_LIFE_DAYS
            )
            if type_ in _DECIDED:
                decided.add(item_id)
    for item_id in sorted(scores, key=lambda item_id: -scores[item_id]):
        if item_id not in asking.unwanted and scores[item_id] > 0:
            reason = Reason.IN_MIND if item_id in decided else Reason.VIEWED
            yield Candidate(item_id=item_id, score=scores[item_id], reason=reason)


def buy_it_again(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the visitor bought and is likely to need again about now, the most likely first."""
    if model is None or model.artifact.shelf_facts is None:
        return
    repeats = model.artifact.shelf_facts.repeats
    bought: dict[str, list[datetime]] = {}
    for row in asking.history:
        if row.type == EventType.PURCHASE:
            bought.setdefault(row.item_id, []).append(row.occurred_at)
    chances = {
        item_id: repeats.chance(index, _days_apart(moments), now=asking.now)
        for item_id, moments in bought.items()
        if (index := model.artifact.index_of(item_id)) and item_id not in asking.unwanted
    }
    for item_id in sorted(chances, key=lambda item_id: -chances[item_id]):
        if chances[item_id] >= REPEAT_CHANCE:
            last = lazystr(_Day(bought[item_id][0]))
            yield Candidate(item_id=item_id, score=chances[item_id], reason=Reason.DUE_AGAIN, label=last)


def back_in_stock(asking: Asking, model: LiveModel | None) -> Candidates:
    """What the visitor wanted and did not buy since, newest first. Whether it was sold out, the product says."""
    wanted = dict.fromkeys(item_id for item_id, _, _ in _interest_since_purchase(asking))
    for age, item_id in enumerate(wanted):
        if item_id not in asking.unwanted:
            yield Candidate(item_id=item_id, score=1.0 / (1 + age), reason=Reason.BACK_IN_STOCK)


class _Day:
    """A day in the shopper's language and time zone, written when the page is rendered."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def __str__(self) -> str:
        return date_format(timezone.localtime(self._moment), "DATE_FORMAT")


def _interest_since_purchase(asking: Asking) -> Iterable[tuple[str, str, float]]:
    """Item id, type and age in days of views, carts and wishes, newest first, up to the last purchase of each item."""
    bought: set[str] = set()
    for row in asking.history:
        if row.type == EventType.PURCHASE:
            bought.add(row.item_id)
        elif row.item_id not in bought and row.type in (EventType.VIEW_ITEM, *_DECIDED):
            yield row.item_id, row.type, max(asking.now - row.occurred_at.timestamp(), 0) / 86_400


def _days_apart(newest_first: list[datetime]) -> list[int]:
    """Seconds since 1970, ascending, of purchases that lie at least a day apart: two lines of a day are one need."""
    times = sorted(int(moment.timestamp()) for moment in newest_first)
    return [times[0], *(later for earlier, later in pairwise(times) if later - earlier >= 86_400)]
