"""The voices together, in two stages: a weighted sum of what each says retrieves, a learned ranker orders the best.

Both have weights of their own for each situation; a situation without a ranker keeps the order of the sum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.evaluation.metrics import top_items
from django_recs.engine.interactions import FloatArray, Histories, IntArray
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.features import ranking_features
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.recommender import Recommender
from django_recs.engine.situations import Situation as Situation
from django_recs.engine.situations import situation_of as situation_of

Weights = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


SHORTLIST = 100
"""Items that the first stage hands to the second. On Online Retail before its test period 60 did as well as 300."""


@dataclass(frozen=True, kw_only=True)
class Blend:
    """V voices and, for every situation, how much each of them counts and who orders what they find."""

    voices: tuple[Recommender, ...]
    weights: Mapping[Situation, Weights]
    """(V,) per situation, in the order of ``voices``; never negative."""
    rankers: Mapping[Situation, Ranker] = field(default_factory=dict)
    """The second stage, for the situations in which it proved itself."""
    facts: ItemFacts | None = None
    """What rankers know of the items; needed where there is any."""

    def rank(
        self, histories: Histories, situation: Situation, allowed: BoolArray, *, count: int
    ) -> tuple[IntArray, FloatArray]:
        """The best items and their scores, both (B, count), best first; -1 where the allowed items ran out.

        With a ranker a score is the probability that the visitor takes the item next, else the weighted sum; it is 0
        for an item of which no voice says anything.

        Args:
            allowed: (I + 1,) or (B, I + 1) what may be shown: voices are put on one scale over these items.
        """
        planes = {voice.name: voice.score(histories) for voice in self.heard(situation)}
        return self.rank_planes(planes, histories, situation, allowed, count=count)

    def rank_planes(
        self,
        planes: Mapping[str, FloatArray],
        histories: Histories,
        situation: Situation,
        allowed: BoolArray,
        *,
        count: int,
    ) -> tuple[IntArray, FloatArray]:
        """`rank` from what the voices, by name, already said: (B, I + 1) each."""
        ranker = self.rankers.get(situation)
        length = count if ranker is None else max(count, SHORTLIST)
        items, said, scores = self.shortlist(planes, situation, allowed, length=length)
        if ranker is not None and self.facts is not None:
            features = ranking_features(histories, np.maximum(items, 0), said, scores, self.facts)
            order, scores = ranker.order(features, known=scores > 0)
            items = np.take_along_axis(items, order, axis=1)
        return items[:, :count], scores[:, :count]

    def shortlist(
        self, planes: Mapping[str, FloatArray], situation: Situation, allowed: BoolArray, *, length: int
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """The first stage: the best items (B, S), what each voice heard says of them (V, B, S), and the sum (B, S)."""
        heard = self.heard(situation)
        ways = normalise(np.stack([planes[voice.name] for voice in heard]), allowed)
        blend = _weighted(ways, self._weights_of(heard, situation))
        items = top_items(np.where(allowed, blend, -np.inf), length)
        places = np.maximum(items, 0)
        scores = np.where(items >= 0, np.take_along_axis(blend, places, axis=1), 0)
        return items, np.take_along_axis(ways, places[None], axis=2), scores

    def heard(self, situation: Situation) -> tuple[Recommender, ...]:
        """The voices that count in a situation, in the order in which its ranker reads them.

        Raises:
            ValueError: none does.
        """
        if situation in self.rankers:
            by_name = {voice.name: voice for voice in self.voices}
            return tuple(by_name[name] for name in self.rankers[situation].voices.tolist())
        heard = tuple(voice for voice, weight in zip(self.voices, self.weights[situation], strict=True) if weight)
        if not heard:
            raise ValueError(f"No voice counts in the situation {situation}.")
        return heard

    def _weights_of(self, voices: Sequence[Recommender], situation: Situation) -> Weights:
        weight_of = {voice.name: weight for voice, weight in zip(self.voices, self.weights[situation], strict=True)}
        return np.array([weight_of[voice.name] for voice in voices])

    def score(self, histories: Histories, situation: Situation, allowed: BoolArray | None = None) -> FloatArray:
        """The first stage alone: scores (B, I + 1), higher is better; column 0 is meaningless.

        Args:
            allowed: as in `rank`. Left out, it is everything, or everything outside the history where the situation
                asks for something new.
        """
        heard = self.heard(situation)
        planes = np.stack([voice.score(histories) for voice in heard])
        if allowed is None:
            allowed = _open_items(histories, situation, planes.shape[2])
        return _weighted(normalise(planes, allowed), self._weights_of(heard, situation))

    def with_voices(self, voices: Sequence[Recommender], *, facts: ItemFacts | None = None) -> Self:
        """The same recipe over voices fitted anew, matched by name; a voice the recipe does not know gets no weight.

        A ranker goes along where all its voices are there, and ``facts`` for it.
        """
        place = {voice.name: index for index, voice in enumerate(self.voices)}
        weights = {
            situation: np.array([values[place[voice.name]] if voice.name in place else 0.0 for voice in voices])
            for situation, values in self.weights.items()
        }
        names = {voice.name for voice in voices}
        rankers = {
            situation: ranker
            for situation, ranker in self.rankers.items()
            if facts is not None and names.issuperset(ranker.voices.tolist())
        }
        return type(self)(voices=tuple(voices), weights=weights, rankers=rankers, facts=facts)


def normalise(scores: FloatArray, allowed: BoolArray) -> FloatArray:
    """Each row on one scale: the square root of its way from the lowest (0) to the highest (1) allowed score.

    Counts are skewed; the root brings the places behind the first nearer, as if counts were compared by their noise. Of
    maximum, root, logarithm, z-score and two kinds of reciprocal rank it was the best on windows before the test. A row
    without differences becomes 0; what is not allowed is cut to 0 to 1.

    Args:
        scores: (..., B, I + 1), such as the planes of several voices.
        allowed: (I + 1,) or (B, I + 1).
    """
    low = np.where(allowed, scores, np.float32(np.inf)).min(axis=-1, keepdims=True)
    high = np.where(allowed, scores, np.float32(-np.inf)).max(axis=-1, keepdims=True)
    spread = high - low
    flat = ~(np.isfinite(spread) & (spread > 0))
    way = np.subtract(scores, np.where(flat, 0, low), dtype=np.float32)
    way /= np.where(flat, np.float32(np.inf), spread)
    np.maximum(way, 0, out=way)
    np.minimum(way, 1, out=way)
    return np.sqrt(way, out=way)


def _weighted(ways: FloatArray, weights: Weights) -> FloatArray:
    """(B, I + 1) sum over V voices of ``ways`` (V, B, I + 1) by ``weights`` (V,), the same bits for any B."""
    total: FloatArray = np.einsum("v,vbi->bi", weights.astype(np.float32), ways)
    return total


def _open_items(histories: Histories, situation: Situation, size: int) -> BoolArray:
    allowed = np.ones((len(histories), size), dtype=bool)
    allowed[:, 0] = False
    if situation is not Situation.RETURNING:
        allowed[histories.row, histories.item] = False
    return allowed
