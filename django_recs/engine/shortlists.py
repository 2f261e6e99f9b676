"""The best items of all voices per query, small enough to try many weights on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend import normalise
from django_recs.engine.evaluation.metrics import BoolArray, Counts, Values, ndcg, top_items
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray, IntArray
from django_recs.engine.recommender import Recommender

DEPTH = 10
"""Length of the list whose NDCG is measured."""
PLACES = 50
"""Places of each voice that are looked at. The truth is never added: an item that no voice found stays lost."""
CHUNK_CELLS = 2_000_000
"""Scores of one voice held at once, which bounds memory."""


@dataclass(frozen=True, kw_only=True)
class Shortlists:
    """For Q queries some S items that stand a chance, padded."""

    items: npt.NDArray[np.int64]
    """(Q, S) item indices, 0 where padded."""
    features: FloatArray
    """(Q, S, F): the V normalised scores, or what a ranker reads."""
    true: BoolArray
    """(Q, S)"""
    true_counts: Counts
    """(Q,) true items in all, those that no voice found included."""
    clusters: Counts
    """(Q,) queries with the same number stand or fall together, see `Queries.most_wanted`."""
    now: IntArray
    """(Q,) moment of the question, seconds since 1970."""

    def __len__(self) -> int:
        return len(self.now)

    def take(self, rows: npt.NDArray[np.integer] | slice) -> Self:
        """The given queries, in their order."""
        return type(self)(**{name: values[rows] for name, values in vars(self).items()})

    def ndcg(self, scores: FloatArray) -> Values:
        """(Q,) NDCG@10 of the items ordered by ``scores`` (Q, S)."""
        scores = np.where(self.items > 0, scores, np.float32(-np.inf))
        width = min(DEPTH, scores.shape[1])
        places = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self.true, np.take_along_axis(places, order, axis=1), axis=1)
        return ndcg(hits, self.true_counts, DEPTH)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        width = max(part.items.shape[1] for part in parts)

        def padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.pad(values, [(0, 0), (0, width - values.shape[1]), (0, 0)][: values.ndim])

        return cls(
            items=np.concatenate([padded(part.items) for part in parts]),
            features=np.concatenate([padded(part.features) for part in parts]),
            true=np.concatenate([padded(part.true) for part in parts]),
            true_counts=np.concatenate([part.true_counts for part in parts]),
            clusters=np.concatenate([part.clusters for part in parts]),
            now=np.concatenate([part.now for part in parts]),
        )


def shortlists(voices: Sequence[Recommender], batches: Sequence[Queries], limit: int) -> Shortlists:
    """The shortlists of all batches together, of about ``limit`` queries at the most."""
    share = max(1, limit // len(batches))
    return Shortlists.joined([part for batch in batches for part in _parts(voices, batch, share)])


def _parts(voices: Sequence[Recommender], queries: Queries, limit: int) -> Iterator[Shortlists]:
    size = len(queries.candidates)
    step = max(1, CHUNK_CELLS // size)
    end = min(len(queries), limit)
    clusters = queries.most_wanted().astype(np.int64)
    for start in range(0, end, step):
        stop = min(start + step, end)
        histories, allowed = queries.histories.rows(start, stop), queries.allowed(start, stop)
        planes = [normalise(voice.score(histories), allowed) for voice in voices]
        items = _union(planes, allowed)
        true = np.take_along_axis(queries.truth.mask(start, stop, size), items, axis=1)
        yield Shortlists(
            items=items,
            features=np.stack([np.take_along_axis(plane, items, axis=1) for plane in planes], axis=2),
            true=true & (items > 0),
            true_counts=queries.truth.counts[start:stop],
            clusters=clusters[start:stop],
            now=histories.now,
        )


def _union(planes: Sequence[FloatArray], allowed: BoolArray) -> npt.NDArray[np.int64]:
    """(B, S) item indices in ascending order, then padding."""
    chosen = np.zeros(allowed.shape, dtype=bool)
    for plane in planes:
        top = top_items(np.where(allowed, plane, -np.inf), PLACES)
        np.put_along_axis(chosen, np.maximum(top, 0), True, axis=1)
    chosen &= allowed
    width = max(1, int(chosen.sum(axis=1).max(initial=1)))
    items = np.argsort(~chosen, axis=1, kind="stable")[:, :width]
    return np.where(np.take_along_axis(chosen, items, axis=1), items, 0)
