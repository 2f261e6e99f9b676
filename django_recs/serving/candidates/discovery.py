"""Shelves that lead further: new, reduced and unexpected products, ranked by what is known of the visitor."""

import hashlib
import math
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import chain, zip_longest

import numpy as np
from django.utils import timezone

from django_recs.conf import get_settings
from django_recs.engine.artifacts import Artifact
from django_recs.engine.events import EventType
from django_recs.engine.interactions import FloatArray
from django_recs.engine.situations import Situation
from django_recs.serving.arrivals import newest_items, reduced_items
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.around_items import near_items
from django_recs.serving.candidates.candidate import Candidate, Candidates, best, spread, wanted_count
from django_recs.serving.candidates.crowd import popular
from django_recs.serving.candidates.personal import favourite_categories, personal_scores
from django_recs.serving.live import LiveModel
from django_recs.serving.reasons import Reason
from django_recs.serving.remembered import Counted

ANCHOR_CHOICES = 5
"""Products among which "because you" chooses its anchor, another one each day."""
BECAUSE_SPREAD = 0.85
"""A gentle spread, so that a lantern inspires more than twelve lanterns (`candidate.spread`)."""
DISCOVERY_POOL = 10
"""Candidates per slot from which the week's discoveries are drawn."""
DISCOVERY_TEMPERATURE = 0.35
"""0 would draw the best ones only; the larger, the less the score counts beside chance."""
OBSCURITY_POWER = 0.25
"""How much less a discovery counts, the more persons bought it."""


def new_arrivals(asking: Asking, model: LiveModel | None) -> Candidates:
    """The shop's newest products, those that fit the visitor first; for a stranger by date."""
    ranked = _ranked_for(asking, model, newest_items(), Situation.COLD_ITEM)
    liked = _liked_categories(asking, model)
    for item_id, score in ranked:
        category = liked.get(_category(model, item_id))
        reason = Reason.NEW_IN_CATEGORY if category else Reason.NEW
        yield Candidate(item_id=item_id, score=score, reason=reason, label=category or "")


def on_sale(asking: Asking, model: LiveModel | None) -> Candidates:
    """The shop's reduced products, those that fit the visitor first; for a stranger those that sell best."""
    for item_id, score in _ranked_for(asking, model, reduced_items(), Situation.NEW_TO_THEM):
        yield Candidate(item_id=item_id, score=score, reason=Reason.REDUCED)


def because_you(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """What is like one product that the visitor lately bought or looked at: another one of a few each day."""
    if model is None:
        return
    for anchor_id, was_bought in _anchors(asking, model.artifact):
        index = model.artifact.index_of(anchor_id) or 0
        items, strengths = near_items(asking, model, counts_only)(index)
        scores = np.zeros(len(model.artifact.item_ids), dtype=np.float32)
        scores[items] = strengths
        scores[[model.artifact.index_of(row.item_id) or 0 for row in asking.history]] = 0
        reason = Reason.BECAUSE_BOUGHT if was_bought else Reason.BECAUSE_VIEWED
        found = dict(best(scores, asking, model.artifact))
        if len(found) >= asking.placement.min_items:
            for item_id in spread(found.items(), model.artifact, factor=BECAUSE_SPREAD):
                yield Candidate(item_id=item_id, score=found[item_id], reason=reason, anchor_id=anchor_id)
            return


def discover_weekly(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """What the visitor never met but may like, drawn anew each Monday and the same all week.

    It is drawn from what was known on Monday, so that looking at one of them changes nothing: the chance of an item
    grows with its score and falls with how many bought it.
    """
    if model is None:
        return
    artifact = model.artifact
    monday = _monday(asking)
    scores = personal_scores(asking, artifact, counts_only=counts_only, until=monday.timestamp())
    if scores is None:
        scores = personal_scores(asking, artifact, counts_only=counts_only)
    if scores is None:
        return
    met = [row.item_id for row in asking.history if row.occurred_at < monday]
    scores[[artifact.index_of(item_id) or 0 for item_id in met]] = 0
    if artifact.shelf_facts is not None:
        scores = scores / (1 + artifact.shelf_facts.demand.sold) ** OBSCURITY_POWER
    pool = list(best(scores.astype(np.float32), asking, artifact))[: DISCOVERY_POOL * asking.limit]
    drawn = sorted(pool, key=lambda pair: -_drawing_key(pair, asking, monday))
    for place, item_id in enumerate(spread([(item, 1 / (1 + at)) for at, (item, _) in enumerate(drawn)], artifact)):
        yield Candidate(item_id=item_id, score=1 / (1 + place), reason=Reason.DISCOVERY)


def top_categories(asking: Asking, model: LiveModel | None) -> Candidates:
    """What sells best in the visitor's favourite categories, one from each in turn."""
    if model is None or model.artifact.shelf_facts is None:
        return
    facts = model.artifact.shelf_facts
    met = [model.artifact.index_of(row.item_id) or 0 for row in asking.history]
    rows: list[list[Candidate]] = []
    for code in favourite_categories(asking, facts.assortment, model.artifact):
        is_popular = (facts.assortment.categories == code) & (facts.demand.sold >= get_settings().min_persons)
        scores = np.where(is_popular, facts.demand.sold, 0).astype(np.float32)
        scores[met] = 0
        label = str(facts.assortment.values[code])
        rows.append(
            [
                Candidate(item_id=item_id, score=score, reason=Reason.POPULAR_IN_CATEGORY, label=label)
                for item_id, score in best(scores, asking, model.artifact)
            ]
        )
    yield from (candidate for turn in zip_longest(*rows) for candidate in turn if candidate is not None)


def no_results(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """Ways on from a search that found nothing: of many kinds, what fits the visitor, else what is popular."""
    if model is None:
        yield from popular(asking, model)
        return
    scores = personal_scores(asking, model.artifact, counts_only=counts_only)
    if scores is None:
        found = {candidate.item_id: candidate for candidate in _first(popular(asking, model), wanted_count(asking))}
    else:
        found = {
            item_id: Candidate(item_id=item_id, score=score, reason=Reason.FOR_YOU)
            for item_id, score in best(scores, asking, model.artifact)
        }
    ranked = [(candidate.item_id, candidate.score) for candidate in found.values()]
    yield from (found[item_id] for item_id in spread(ranked, model.artifact))


def _first(candidates: Candidates, count: int) -> Iterator[Candidate]:
    yield from (candidate for _, candidate in zip(range(count), candidates, strict=False))


def _ranked_for(
    asking: Asking, model: LiveModel | None, listed: Counted, situation: Situation
) -> list[tuple[str, float]]:
    """Listed items by the visitor's taste, those that the artifact does not know in the middle; else as listed.

    Strangers get reduced products by how many persons bought them, and new ones as they are listed: by date.
    """
    wanted = [item_id for item_id, _ in listed if item_id not in asking.unwanted]
    as_listed = [(item_id, 1 / (1 + place)) for place, item_id in enumerate(wanted)]
    if model is None:
        return as_listed
    scores = personal_scores(asking, model.artifact, situation=situation)
    if scores is None:
        if situation is Situation.COLD_ITEM or model.artifact.shelf_facts is None:
            return as_listed
        scores = model.artifact.shelf_facts.demand.sold
    return _sorted_by(scores, wanted, model.artifact)


def _sorted_by(scores: FloatArray, item_ids: list[str], artifact: Artifact) -> list[tuple[str, float]]:
    known = {item_id: float(scores[index]) for item_id in item_ids if (index := artifact.index_of(item_id))}
    middle = float(np.median(list(known.values()))) if known else 1.0
    ranked = [(item_id, max(known.get(item_id, middle), 0.0) + 1e-6) for item_id in item_ids]
    return sorted(ranked, key=lambda pair: -pair[1])


def _liked_categories(asking: Asking, model: LiveModel | None) -> dict[int, str]:
    """Names of the visitor's favourite categories by number."""
    if model is None or model.artifact.shelf_facts is None:
        return {}
    assortment = model.artifact.shelf_facts.assortment
    codes = favourite_categories(asking, assortment, model.artifact)
    return {code: str(assortment.values[code]) for code in codes}


def _category(model: LiveModel | None, item_id: str) -> int:
    index = model.artifact.index_of(item_id) if model else None
    if index is None or model is None or model.artifact.shelf_facts is None:
        return -1
    return int(model.artifact.shelf_facts.assortment.categories[index])


def _anchors(asking: Asking, artifact: Artifact) -> list[tuple[str, bool]]:
    """Visible products of the visitor's latest events and whether each was bought, today's choice first.

    One query: the shelf's title names the product, so that it must be one that may be shown.
    """
    liked = [row for row in asking.history if get_settings().event_weights.get(row.type, 0) > 0]
    bought = {row.item_id for row in liked if row.type == EventType.PURCHASE}
    latest = [item_id for item_id in dict.fromkeys(row.item_id for row in liked) if artifact.index_of(item_id)]
    products = asking.catalog.products(latest[: 2 * ANCHOR_CHOICES])
    asking.known.update(products)
    choices = [item_id for item_id in latest if item_id in products][:ANCHOR_CHOICES]
    if not choices:
        return []
    turn = timezone.localtime(asking.moment).toordinal() % len(choices)
    return [(item_id, item_id in bought) for item_id in chain(choices[turn:], choices[:turn])]


def _monday(asking: Asking) -> datetime:
    """When this week began, by the current time zone."""
    today = timezone.localtime(asking.moment).date()
    return timezone.make_aware(datetime.combine(today - timedelta(days=today.weekday()), time()))


def _drawing_key(pair: tuple[str, float], asking: Asking, monday: datetime) -> float:
    """Sorting by it draws without replacement with chances in proportion to score ** (1 / temperature) (Gumbel-max)."""
    item_id, score = pair
    text = f"{asking.identity.customer_id or asking.identity.visitor_id}|{monday:%Y-%m-%d}|{item_id}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    uniform = (number + 0.5) / 2**64
    return math.log(max(score, 1e-9)) / DISCOVERY_TEMPERATURE - math.log(-math.log(uniform))
