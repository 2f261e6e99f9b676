"""Blend weights that maximise NDCG@10 on validation queries, directly.

Coordinate ascent after Metzler and Croft (2007, "Linear feature-based models for information retrieval", section 3.3):
one weight at a time is tried on a grid while the others stay, from several starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend import Blend, Weights, normalise
from django_recs.engine.evaluation.metrics import ndcg, top_items
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray
from django_recs.engine.recommender import Recommender
from django_recs.engine.situations import Situation

DEPTH = 10
"""Length of the list whose NDCG is maximised."""
SHORTLIST = 50
"""Places of each voice that are looked at. The union is ordered; a true item that no voice found stays lost."""
CHUNK_CELLS = 2_000_000
"""Scores of one voice held at once, which bounds memory."""
STEPS = (0.0, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
"""Factors tried on a weight; a weight of 0 tries `FIRST_WEIGHTS` instead."""
FIRST_WEIGHTS = (0.03, 0.1, 0.3, 1.0)
ROUNDS = 6
GAIN = 1e-4
"""A change must gain this much NDCG, or the simpler weights stay."""
QUERY_LIMIT = 2_000
"""Queries of a situation that weights are fitted on."""
MIN_QUERIES = 30
"""With fewer queries a situation takes over the weights of another."""

FALLBACK: Mapping[Situation, Situation] = {
    Situation.NEW_TO_THEM: Situation.RETURNING,
    Situation.NEW_VISITOR: Situation.NEW_TO_THEM,
    Situation.COLD_ITEM: Situation.NEW_TO_THEM,
}


@dataclass(frozen=True, kw_only=True)
class Shortlists:
    """The best of all voices for Q queries, padded to S items."""

    features: FloatArray
    """(Q, S, V) normalised scores; padding is -inf after `ranked`."""
    real: npt.NDArray[np.bool_]
    """(Q, S)"""
    true: npt.NDArray[np.bool_]
    """(Q, S)"""
    true_counts: npt.NDArray[np.int64]
    """(Q,) true items in all, those that no voice found included."""

    def quality(self, weights: Weights) -> float:
        """Mean NDCG@10 of the lists ordered by ``weights`` (V,)."""
        scores = np.where(self.real, self.features @ weights.astype(np.float32), -np.inf)
        top = top_items(scores, DEPTH)
        hits = np.take_along_axis(self.true, np.maximum(top, 0), axis=1) & (top >= 0)
        return float(ndcg(hits, self.true_counts, DEPTH).mean())


def fit_blend(voices: Sequence[Recommender], queries: Mapping[str, Queries]) -> Blend:
    """Weights for every situation from validation ``queries``, on which the voices were not fitted.

    A situation with fewer than `MIN_QUERIES` queries takes the weights of its `FALLBACK`, in the end equal weights.
    """
    weights: dict[Situation, Weights] = {}
    for situation in (Situation.RETURNING, Situation.NEW_TO_THEM, Situation.NEW_VISITOR, Situation.COLD_ITEM):
        asked = [batch for batch in queries.values() if batch.situation is situation]
        if sum(map(len, asked)) >= MIN_QUERIES:
            weights[situation] = fit_weights(shortlists(voices, asked))
        elif situation in FALLBACK:
            weights[situation] = weights[FALLBACK[situation]]
        else:
            weights[situation] = np.full(len(voices), 1 / len(voices))
    return Blend(voices=tuple(voices), weights=weights)


def fit_weights(lists: Shortlists) -> Weights:
    """(V,) weights that sum to 1: the best of coordinate ascents from the best single voice and from equal weights."""
    voice_count = lists.features.shape[2]
    singles = [lists.quality(row) for row in np.eye(voice_count)]
    starts = [np.eye(voice_count)[int(np.argmax(singles))], np.full(voice_count, 1 / voice_count)]
    climbed = [_climb(lists, start) for start in starts]
    best: Weights = max(climbed, key=lists.quality)
    return np.asarray(best / best.sum(), dtype=np.float64)


def _climb(lists: Shortlists, weights: Weights) -> Weights:
    quality = lists.quality(weights)
    for _ in range(ROUNDS):
        before = quality
        for voice in range(len(weights)):
            tries = FIRST_WEIGHTS if weights[voice] == 0 else [weights[voice] * step for step in STEPS]
            for value in tries:
                changed = weights.copy()
                changed[voice] = value
                if changed.sum() > 0 and (now := lists.quality(changed)) > quality + GAIN:
                    weights, quality = changed, now
        weights = weights / weights.sum()
        if quality - before < GAIN:
            break
    return weights


def shortlists(voices: Sequence[Recommender], batches: Sequence[Queries]) -> Shortlists:
    """The union of each voice's first `SHORTLIST` allowed items per query; the truth is never added."""
    parts = [part for batch in batches for part in _batch_shortlists(voices, batch, QUERY_LIMIT // len(batches))]
    width = max(features.shape[1] for features, _, _, _ in parts)

    def joined(index: int) -> npt.NDArray[np.generic]:
        return np.concatenate(
            [
                np.pad(part[index], [(0, 0), (0, width - part[index].shape[1])] + [(0, 0)] * (part[index].ndim - 2))
                for part in parts
            ]
        )

    return Shortlists(
        features=joined(0).astype(np.float32, copy=False),
        real=joined(1).astype(bool, copy=False),
        true=joined(2).astype(bool, copy=False),
        true_counts=np.concatenate([part[3] for part in parts]),
    )


def _batch_shortlists(
    voices: Sequence[Recommender], queries: Queries, limit: int
) -> list[tuple[FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.int64]]]:
    size = len(queries.candidates)
    step = max(1, CHUNK_CELLS // size)
    parts = []
    for start in range(0, min(len(queries), limit), step):
        stop = min(start + step, len(queries), limit)
        histories, allowed = queries.histories.rows(start, stop), queries.allowed(start, stop)
        planes = [normalise(voice.score(histories), allowed) for voice in voices]
        chosen = np.zeros(allowed.shape, dtype=bool)
        for plane in planes:
            top = top_items(np.where(allowed, plane, -np.inf), SHORTLIST)
            np.put_along_axis(chosen, np.maximum(top, 0), True, axis=1)
        chosen &= allowed
        width = int(chosen.sum(axis=1).max(initial=1))
        items = np.argsort(~chosen, axis=1, kind="stable")[:, :width]
        real = np.take_along_axis(chosen, items, axis=1)
        features = np.stack([np.take_along_axis(plane, items, axis=1) for plane in planes], axis=2)
        true = np.take_along_axis(queries.truth.mask(start, stop, size), items, axis=1) & real
        parts.append((features, real, true, queries.truth.counts[start:stop]))
    return parts
