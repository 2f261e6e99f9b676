"""What a source yields, and how the best of many scores become candidates."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.utils.functional import Promise

from django_recs.engine.artifacts import Artifact
from django_recs.engine.interactions import FloatArray
from django_recs.engine.shelves.assortment import BoolArray
from django_recs.serving.asking import Asking
from django_recs.serving.live import LiveModel
from django_recs.serving.reasons import Reason

OVERFETCH = 9
"""Candidates per slot: enough for a first fill and two back-fills from a shop that sold out of most of them."""
SAME_KIND = 0.5
"""What the score of an item is multiplied with for each one of its category that stands before it (`spread`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An item that might fill a slot."""

    item_id: str
    score: float
    """Higher is better; positive."""
    reason: Reason
    anchor_id: str = ""
    """Item id of the product that the reason rests on."""
    label: str | Promise = ""
    """What the reason rests on where that is no product, such as the name of a category."""


Candidates = Iterator[Candidate]
Source = Callable[[Asking, LiveModel | None], Candidates]


def best(scores: FloatArray, asking: Asking, artifact: Artifact) -> Iterator[tuple[str, float]]:
    """The item ids with the highest positive scores (I + 1,), best first, without what may not appear."""
    scores = np.where(open_items(asking, artifact), scores, -np.inf)
    count = min(wanted_count(asking), len(scores))
    order = np.sort(np.argpartition(scores, -count)[-count:])  # what is alike in score comes by item number
    order = order[np.argsort(-scores[order], kind="stable")]
    order = order[scores[order] > 0]
    yield from zip(names(artifact, order), scores[order].tolist(), strict=True)


def open_items(asking: Asking, artifact: Artifact) -> BoolArray:
    """(I + 1,) what may appear: not padding, nothing unwanted, and where the list is narrowed, what that leaves."""
    narrowed = asking.allowed(artifact)
    found = np.ones(len(artifact.item_ids), dtype=np.bool_) if narrowed is None else narrowed
    found[[0, *indices_of(artifact, asking.unwanted)]] = False
    return found


def spread(ranked: Iterable[tuple[str, float]], artifact: Artifact, *, factor: float = SAME_KIND) -> list[str]:
    """The item ids in an order in which no category crowds out the others; greedy, best first."""
    left = [(score, item_id, _category(artifact, item_id)) for item_id, score in ranked]
    counts: dict[int, int] = {}
    order: list[str] = []
    while left:
        place = max(range(len(left)), key=lambda at: left[at][0] * factor ** counts.get(left[at][2], 0))
        _, item_id, category = left.pop(place)
        order.append(item_id)
        if category >= 0:
            counts[category] = counts.get(category, 0) + 1
    return order


def names(artifact: Artifact, indices: npt.NDArray[np.integer]) -> list[str]:
    """The shop's item ids of engine indices (n,)."""
    found: list[str] = artifact.item_ids[indices].tolist()
    return found


def wanted_count(asking: Asking) -> int:
    """How many candidates a source makes at the most."""
    return asking.limit * OVERFETCH


def indices_of(artifact: Artifact, item_ids: Iterable[str]) -> list[int]:
    """The engine's indices of those items that the artifact knows."""
    return [index for item_id in item_ids if (index := artifact.index_of(item_id))]


def _category(artifact: Artifact, item_id: str) -> int:
    index = artifact.index_of(item_id)
    if index is None or artifact.shelf_facts is None:
        return -1
    return int(artifact.shelf_facts.assortment.categories[index])
