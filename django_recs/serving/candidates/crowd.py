"""Shelves of what many people want: lately, for months, in a country, at this time of day."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from django_recs.conf import get_settings
from django_recs.engine.shelves.demand import daypart
from django_recs.serving.asking import Asking
from django_recs.serving.candidates.candidate import Candidate, Candidates, best, names, wanted_count
from django_recs.serving.candidates.personal import personal_scores
from django_recs.serving.live import LiveModel
from django_recs.serving.popularity import popular_in, popular_items
from django_recs.serving.reasons import Reason

_PARTS = (_("{weekday} night"), _("{weekday} morning"), _("{weekday} afternoon"), _("{weekday} evening"))


def popular(asking: Asking, model: LiveModel | None) -> Candidates:
    """What is wanted lately: by the live artifact, and after that what the event table counts of newer products."""
    yield from _once(asking, chain(_trending(asking, model), _counted()), Reason.POPULAR)


def bestsellers(asking: Asking, model: LiveModel | None) -> Candidates:
    """What most persons bought in the last months before the model was trained."""
    if model is not None and model.artifact.shelf_facts is not None:
        sold = model.artifact.shelf_facts.demand.sold
        many = np.where(sold >= get_settings().min_persons, sold, 0).astype(np.float32)
        for item_id, score in best(many, asking, model.artifact):
            yield Candidate(item_id=item_id, score=score, reason=Reason.BESTSELLER)


def trending_in_country(asking: Asking, model: LiveModel | None) -> Candidates:
    """What is bought lately by at least ``MIN_PERSONS`` persons in the visitor's country."""
    if asking.country:
        yield from _once(asking, iter(popular_in(asking.country)), Reason.POPULAR_IN_COUNTRY)


def daypart_mix(asking: Asking, model: LiveModel | None, *, counts_only: bool = False) -> Candidates:
    """What is wanted more at this time of day and week than at others, and fits the visitor."""
    if model is None or model.artifact.shelf_facts is None:
        return
    local = timezone.localtime(asking.moment)
    lifts = model.artifact.shelf_facts.demand.lifts[daypart(local.hour, local.weekday())]
    scores = personal_scores(asking, model.artifact, counts_only=counts_only)
    if scores is None:
        scores = np.sqrt(model.artifact.shelf_facts.demand.sold)
    scores = np.where(lifts > 1, np.maximum(scores, 0) * lifts, 0).astype(np.float32)
    label = format_lazy(_PARTS[daypart(local.hour, 0)], weekday=WEEKDAYS[local.weekday()])
    for item_id, score in best(scores, asking, model.artifact):
        yield Candidate(item_id=item_id, score=score, reason=Reason.DAYPART, label=label)


def _once(asking: Asking, ranked: Iterator[tuple[str, float]], reason: Reason) -> Candidates:
    seen = set(asking.unwanted)
    for item_id, score in ranked:
        if item_id not in seen:
            seen.add(item_id)
            yield Candidate(item_id=item_id, score=score, reason=reason)


def _trending(asking: Asking, model: LiveModel | None) -> Iterator[tuple[str, float]]:
    if model is None:
        return
    artifact = model.artifact
    allowed = asking.allowed(artifact)
    if allowed is None:
        items, scores = artifact.trending(limit=wanted_count(asking) + len(asking.unwanted))
    else:
        items, scores = artifact.trending(limit=len(artifact.item_ids))
        items, scores = items[allowed[items]], scores[allowed[items]]
    yield from zip(names(artifact, items), scores.tolist(), strict=True)


def _counted() -> Iterator[tuple[str, float]]:
    """Counts nothing before the first item is asked for, which is only when the artifact's have run out."""
    yield from popular_items()
