"""Blend weights that maximise NDCG@10 on validation queries, directly, starting from what is known to be reasonable.

Coordinate ascent after Metzler and Croft (2007, "Linear feature-based models for information retrieval", section 3.3):
one weight at a time is tried on a grid while the others stay. A step is taken only when its gain exceeds the gain's own
standard error, so that a small shop keeps the prior weights and a large one finds its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend import Blend, Weights
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray, IntArray
from django_recs.engine.recommender import Recommender
from django_recs.engine.shortlists import Shortlists, shortlists
from django_recs.engine.situations import Situation
from django_recs.engine.voices import PRIOR_WEIGHTS

FACTORS = (0.0, 0.5, 0.75, 1.33, 2.0)
"""Tried on a weight above 0."""
FIRST_WEIGHTS = (0.02, 0.05, 0.12, 0.3)
"""Tried on a weight of 0, where the weights of all voices sum to 1."""
ROUND_LIMIT = 6
MIN_GAIN = 1e-4
"""A step must gain this much NDCG@10 besides exceeding its standard error."""
QUERY_LIMIT = 2_000
"""Queries of a situation that weights are fitted on."""


def fit_blend(
    voices: Sequence[Recommender],
    queries: Mapping[str, Queries],
    *,
    prior: Mapping[Situation, Mapping[str, float]] = PRIOR_WEIGHTS,
) -> Blend:
    """Weights for every situation from validation ``queries``, on which the voices were not fitted.

    Args:
        prior: weights by voice name to start from; a voice left out starts at 0. Without any queries of a situation
            they stay as they are.
    """
    weights: dict[Situation, Weights] = {}
    for situation in Situation:
        asked = [batch for batch in queries.values() if batch.situation is situation and len(batch)]
        start = prior_weights(voices, prior.get(situation, {}))
        weights[situation] = fit_weights(shortlists(voices, asked, QUERY_LIMIT), start) if asked else start
    return Blend(voices=tuple(voices), weights=weights)


def prior_weights(voices: Sequence[Recommender], prior: Mapping[str, float]) -> Weights:
    """(V,) the prior of the voices that are there, scaled to sum 1; equal weights where it knows none of them."""
    weights = np.array([prior.get(voice.name, 0.0) for voice in voices], dtype=np.float64)
    if not weights.sum():
        weights = np.ones(len(voices))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def fit_weights(lists: Shortlists, start: Weights) -> Weights:
    """(V,) weights of sum 1, climbed from ``start`` (V,) in steps that are larger than their standard error."""
    climb = _Climb.from_start(lists, start, hit_clusters(lists))
    for _ in range(ROUND_LIMIT):
        steps = [climb.step(voice) for voice in range(len(start))]
        climb.rescale()
        if not any(steps):
            break
    return climb.weights


def hit_clusters(lists: Shortlists) -> IntArray:
    """(Q,) a number for each query; those whose most wanted true item is the same share one.

    Their gains rise and fall together: a hundred buyers of the one new bestseller are not a hundred witnesses.
    """
    true_items = np.where(lists.true, lists.items, 0)
    wanted = np.bincount(true_items.ravel())
    wanted[0] = 0
    best = wanted[true_items].argmax(axis=1)
    found = np.take_along_axis(true_items, best[:, None], axis=1)[:, 0]
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def clustered_error(values: npt.NDArray[np.float64], clusters: IntArray) -> float:
    """Standard error of the mean of ``values`` (Q,) that move together within clusters (Liang and Zeger, 1986)."""
    sums = np.bincount(clusters, weights=values - values.mean())
    return float(np.sqrt((sums**2).sum()) / len(values))


@dataclass(kw_only=True)
class _Climb:
    """Where the ascent stands: weights, the scores they give and the NDCG of each query."""

    lists: Shortlists
    clusters: IntArray
    weights: Weights
    scores: FloatArray
    values: npt.NDArray[np.float64]

    @classmethod
    def from_start(cls, lists: Shortlists, start: Weights, clusters: IntArray) -> "_Climb":
        scores = lists.features @ start.astype(np.float32)
        return cls(lists=lists, clusters=clusters, weights=start.copy(), scores=scores, values=lists.ndcg(scores))

    def step(self, voice: int) -> bool:
        """Set the weight of one voice to the best value of its grid; whether that was a change."""
        weight = self.weights[voice]
        grid = [weight * factor for factor in FACTORS] if weight else FIRST_WEIGHTS
        best_gain, best_value = 0.0, weight
        for value in grid:
            others = self.weights.sum() - weight
            if value + others <= 0:
                continue
            gains = self.lists.ndcg(self._moved(voice, value)) - self.values
            if gains.mean() > max(MIN_GAIN, clustered_error(gains, self.clusters), best_gain):
                best_gain, best_value = float(gains.mean()), value
        if best_gain:
            self.scores = self._moved(voice, best_value)
            self.weights[voice] = best_value
            self.values = self.lists.ndcg(self.scores)
        return best_gain > 0

    def rescale(self) -> None:
        total = self.weights.sum()
        self.weights = self.weights / total
        self.scores = self.scores / np.float32(total)

    def _moved(self, voice: int, value: float) -> FloatArray:
        return self.scores + np.float32(value - self.weights[voice]) * self.lists.features[:, :, voice]
