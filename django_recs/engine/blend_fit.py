"""Blend weights that maximise NDCG@10 on validation queries, directly, starting from what is known to be reasonable.

Coordinate ascent after Metzler and Croft (2007, "Linear feature-based models for information retrieval", section 3.3):
one weight at a time is tried on a grid while the others stay. A step is taken only when its gain exceeds
the gain's own noise, so that a small shop keeps the prior weights and a large one finds its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend import Blend, Weights
from django_recs.engine.evaluation.metrics import clustered_error
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray
from django_recs.engine.recommender import Recommender
from django_recs.engine.shortlists import Shortlists, shortlists
from django_recs.engine.situations import Situation
from django_recs.engine.voices import PRIOR_WEIGHTS, SESSION_WEIGHTS

FACTORS = (0.0, 0.5, 0.75, 1.33, 2.0)
"""Tried on a weight above 0."""
FIRST_WEIGHTS = (0.02, 0.05, 0.12, 0.3)
"""Tried on a weight of 0, where the weights of all voices sum to 1."""
ROUND_LIMIT = 6
ERRORS_PER_STEP = 2.0
"""A step must gain this many of its own standard errors. With 0 or 1, the weights for new items ran after the five new
bestsellers of one month of Online Retail and did worse than the prior in other months; elsewhere nothing changed."""
MIN_GAIN = 1e-4
"""A step must gain this much NDCG@10 besides."""
QUERY_LIMIT = 2_000
"""Queries of a situation that weights are fitted on."""


def fit_blend(
    voices: Sequence[Recommender],
    queries: Mapping[str, Queries],
    *,
    prior: Mapping[Situation, Mapping[str, float]] = PRIOR_WEIGHTS,
    other: Mapping[Situation, Mapping[str, float]] = SESSION_WEIGHTS,
) -> Blend:
    """Weights for every situation from validation ``queries``, on which the voices were not fitted.

    Args:
        prior: weights by voice name to start from; a voice left out starts at 0. Without any queries of a situation
            they stay as they are.
        other: weights to start from instead where they are better by more than noise.
    """
    weights: dict[Situation, Weights] = {}
    for situation in Situation:
        asked = [batch for batch in queries.values() if batch.situation is situation and len(batch)]
        start = prior_weights(voices, prior.get(situation, {}))
        if asked:
            lists = shortlists(voices, asked, QUERY_LIMIT)
            if situation in other:
                start = better_start(lists, start, prior_weights(voices, other[situation]))
            start = fit_weights(lists, start)
        weights[situation] = start
    return Blend(voices=tuple(voices), weights=weights)


def better_start(lists: Shortlists, usual: Weights, other: Weights) -> Weights:
    """``other`` (V,) where it is better than ``usual`` (V,) by more than noise: one weight at a time leads from neither
    to the other, since voices that say the same replace each other only as a whole."""
    usual_scores, other_scores = (lists.features @ weights.astype(np.float32) for weights in (usual, other))
    gains = lists.ndcg(other_scores) - lists.ndcg(usual_scores)
    noise = ERRORS_PER_STEP * clustered_error(gains, lists.clusters)
    return other if gains.mean() > max(MIN_GAIN, noise) else usual


def prior_weights(voices: Sequence[Recommender], prior: Mapping[str, float]) -> Weights:
    """(V,) the prior of the voices that are there, scaled to sum 1; equal weights where it knows none of them."""
    weights = np.array([prior.get(voice.name, 0.0) for voice in voices], dtype=np.float64)
    if not weights.sum():
        weights = np.ones(len(voices))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def fit_weights(lists: Shortlists, start: Weights) -> Weights:
    """(V,) weights of sum 1, climbed from ``start`` (V,) in steps that are larger than their noise."""
    climb = _Climb.from_start(lists, start)
    for _ in range(ROUND_LIMIT):
        steps = [climb.step(voice) for voice in range(len(start))]
        climb.rescale()
        if not any(steps):
            break
    return climb.weights


@dataclass(kw_only=True)
class _Climb:
    """Where the ascent stands: weights, the scores they give and the NDCG of each query."""

    lists: Shortlists
    weights: Weights
    scores: FloatArray
    values: npt.NDArray[np.float64]

    @classmethod
    def from_start(cls, lists: Shortlists, start: Weights) -> "_Climb":
        scores = lists.features @ start.astype(np.float32)
        return cls(lists=lists, weights=start.copy(), scores=scores, values=lists.ndcg(scores))

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
            noise = ERRORS_PER_STEP * clustered_error(gains, self.lists.clusters)
            if gains.mean() > max(MIN_GAIN, noise, best_gain):
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
