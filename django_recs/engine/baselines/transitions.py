"""What comes next, read off the order of events: a linear model with a closed form, fitted in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.links import Links
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories, Int32Array, IntArray, Interactions
from django_recs.engine.recommender import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ITEM_LIMIT = 8_000
"""Items that are modelled, those with most events: the dense solution needs 12 bytes per pair of them."""
HALF_LIVES_READ = 5
"""Events further back than so many half-lives count less than a thirtieth and are not read when fitting."""
ENTRIES_AT_ONCE = 4_000_000
"""Events times places gathered at once while fitting, which bounds memory."""


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Item weights of SLIT (Choi et al., 2021, arXiv 2103.16104, equation 9), the largest of each row only.

    A step back is a moment back: the lines of one order, which have one time, are all at the same place.
    """

    name: ClassVar[str] = "transitions"
    supports_cold_items: ClassVar[bool] = False
    links: Links
    half_life_places: float
    """Moments of the visitor after which an event counts half."""
    event_weights: WeightArray
    """(T,) one per type of `EVENT_TYPES`."""

    def score(self, histories: Histories) -> FloatArray:
        places = _places_back(histories.time, histories.offsets)
        weights = self.event_weights[histories.event_type] * np.exp2(-places / self.half_life_places)
        return self.links.spread(histories, weights)

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` items that ``item`` speaks most strongly for or against as the next, and the weights."""
        return self.links.of(item, limit)

    def arrays(self) -> Arrays:
        return {
            **self.links.arrays(),
            "half_life_places": np.array([self.half_life_places]),
            "event_weights": self.event_weights,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            links=Links.from_arrays(arrays),
            half_life_places=float(np.asarray(arrays["half_life_places"], dtype=np.float64)[0]),
            event_weights=np.asarray(arrays["event_weights"], dtype=np.float64),
        )


def fit_transitions(
    interactions: Interactions,
    *,
    event_weights: WeightArray,
    half_life_places: float,
    fit_half_life_days: float,
    penalty: float,
    link_count: int,
) -> Transitions:
    """Ridge regression of the items of a unit's next moment on all it did before, halved every few moments.

    Args:
        half_life_places: moments back at which an event counts half, when fitting and when scoring.
        fit_half_life_days: age at which a moment counts half as a lesson.
        penalty: the lambda of the paper.
        link_count: weights kept per item, the largest by absolute value.
    """
    from scipy.sparse import csr_array

    told = interactions.where(event_weights[interactions.event_type] > 0)
    known, column = _most_frequent(told)
    gram = np.zeros((len(known), len(known)), dtype=np.float32)
    following = np.zeros_like(gram)
    for past, age_days, next_items in _lessons(told, column, len(known), event_weights, half_life_places):
        weighted = past.copy()
        weighted.data *= np.repeat(np.exp2(-age_days / fit_half_life_days).astype(np.float32), np.diff(past.indptr))
        gram += (weighted.T @ past).toarray()
        following += (weighted.T @ next_items).toarray()
    gram[np.diag_indices_from(gram)] += penalty
    weights = np.linalg.solve(gram, following) if len(known) else gram
    kept = min(link_count + 1, len(known))  # one more, as the item itself is among them and is left out below
    best = np.argpartition(-np.abs(weights), kept - 1, axis=1)[:, :kept] if kept else np.zeros((0, 0), dtype=np.int64)
    values = np.take_along_axis(weights, best, axis=1)
    size = interactions.item_count + 1
    sparse = csr_array((values.ravel(), (np.repeat(known, kept), known[best.ravel()])), shape=(size, size))
    links = Links.from_blocks([sparse], link_count=link_count)
    return Transitions(links=links, half_life_places=half_life_places, event_weights=event_weights)


def _most_frequent(told: Interactions) -> tuple[IntArray, IntArray]:
    """Items to model in ascending order (K,), and the place of each item among them (I + 1,), -1 for the rest."""
    counts = np.bincount(told.item, minlength=told.item_count + 1)
    known = np.sort(np.argsort(-counts, kind="stable")[: min(ITEM_LIMIT, int((counts > 0).sum()))])
    column = np.full(len(counts), -1, dtype=np.int64)
    column[known] = np.arange(len(known))
    return known, column


def _lessons(
    told: Interactions, column: IntArray, known_count: int, event_weights: WeightArray, half_life_places: float
) -> Iterator[tuple["csr_array", npt.NDArray[np.float64], "csr_array"]]:
    """Runs of units: (R, K) what came before each moment but the first of a unit, (R,) its age in days, (R, K) it."""
    from scipy.sparse import csr_array

    depth = max(1, round(HALF_LIVES_READ * half_life_places))
    newest = told.time.max(initial=0)
    for start, stop in _runs(told.unit, ENTRIES_AT_ONCE // depth):
        unit, time = told.unit[start:stop], told.time[start:stop]
        place, value = column[told.item[start:stop]], event_weights[told.event_type[start:stop]].astype(np.float32)
        new_moment = (np.diff(unit, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
        moment = np.cumsum(new_moment) - 1
        first = np.flatnonzero(new_moment)
        unit_of_moment = unit[first]
        moment_count = len(first)
        rows, columns, values = [], [], []
        for back in range(depth):
            target = moment + back + 1  # the moment to be predicted, from a past in which the event lies so far back
            fits = (target < moment_count) & (place >= 0)
            fits[fits] = unit_of_moment[target[fits]] == unit[fits]
            rows.append(target[fits])
            columns.append(place[fits])
            values.append(value[fits] * np.float32(0.5 ** (back / half_life_places)))
        shape = (moment_count, known_count)
        past = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
        is_known = place >= 0
        next_items = csr_array((value[is_known], (moment[is_known], place[is_known])), shape=shape)
        yield past, (newest - time[first]) / SECONDS_PER_DAY, next_items


def _runs(unit: Int32Array, limit: int) -> Iterator[tuple[int, int]]:
    """Bounds of runs of whole units of about ``limit`` events."""
    bounds = np.append(np.flatnonzero(np.diff(unit, prepend=-1)), len(unit))
    run = bounds // max(limit, 1)
    cuts = np.unique(np.concatenate([[0], bounds[np.flatnonzero(np.diff(run)) + 1], [len(unit)]]))
    yield from zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)


def _places_back(time: IntArray, offsets: IntArray) -> IntArray:
    """(N,) moments of its visitor that came after each event."""
    if not len(time):
        return np.zeros(0, dtype=np.int64)
    ends_moment = np.append(time[1:] != time[:-1], True)
    ends_moment[offsets[1:][np.diff(offsets) > 0] - 1] = True
    ended = np.cumsum(ends_moment)
    last = np.repeat(ended[np.maximum(offsets[1:] - 1, 0)], np.diff(offsets))
    places: IntArray = (last - ended + ends_moment - 1).astype(np.int64)
    return places
