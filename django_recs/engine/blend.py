"""The voices together: a weighted sum of what each says, with weights of its own for each situation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray, Histories
from django_recs.engine.recommender import Recommender
from django_recs.engine.situations import Situation as Situation
from django_recs.engine.situations import situation_of as situation_of

Weights = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Blend:
    """V voices and, for every situation, how much each of them counts."""

    voices: tuple[Recommender, ...]
    weights: Mapping[Situation, Weights]
    """(V,) per situation, in the order of ``voices``; never negative."""

    def score(self, histories: Histories, situation: Situation, allowed: BoolArray | None = None) -> FloatArray:
        """Scores (B, I + 1), higher is better; column 0 is meaningless.

        Args:
            allowed: (I + 1,) or (B, I + 1) what may be shown: voices are put on one scale over these items. Left out,
                it is everything, or everything outside the history where the situation asks for something new.
        """
        heard = np.flatnonzero(self.weights[situation])
        planes = [self.voices[voice].score(histories) for voice in heard]
        if not planes:
            raise ValueError(f"No voice counts in the situation {situation}.")
        if allowed is None:
            allowed = _open_items(histories, situation, planes[0].shape[1])
        return weighted_sum(planes, self.weights[situation][heard], allowed)

    def combine(self, planes: Mapping[str, FloatArray], situation: Situation, allowed: BoolArray) -> FloatArray:
        """`score` from what the voices, by name, already said: (B, I + 1) each."""
        heard = np.flatnonzero(self.weights[situation])
        return weighted_sum(
            [planes[self.voices[voice].name] for voice in heard], self.weights[situation][heard], allowed
        )

    def with_voices(self, voices: Sequence[Recommender]) -> Self:
        """The same recipe over voices fitted anew, matched by name; a voice the recipe does not know gets no weight."""
        place = {voice.name: index for index, voice in enumerate(self.voices)}
        weights = {
            situation: np.array([values[place[voice.name]] if voice.name in place else 0.0 for voice in voices])
            for situation, values in self.weights.items()
        }
        return type(self)(voices=tuple(voices), weights=weights)


def normalise(scores: FloatArray, allowed: BoolArray) -> FloatArray:
    """Each row on one scale: the square root of its way from the lowest (0) to the highest (1) allowed score.

    Counts are skewed; the root brings the places behind the first nearer, as if counts were compared by their noise. Of
    maximum, root, logarithm, z-score and two kinds of reciprocal rank it was the best on windows before the test. A row
    without differences becomes 0; what is not allowed is cut to 0 to 1.

    Args:
        scores: (..., B, I + 1), such as the planes of several voices.
        allowed: (I + 1,) or (B, I + 1).
    """
    low, high = _bounds(scores, np.broadcast_to(allowed, scores.shape[-2:]))
    spread = high - low
    flat = ~(np.isfinite(spread) & (spread > 0))
    way = np.subtract(scores, np.where(flat, 0, low), dtype=np.float32)
    way /= np.where(flat, np.inf, spread)
    np.maximum(way, 0, out=way)
    np.minimum(way, 1, out=way)
    return np.sqrt(way, out=way)


def _bounds(scores: FloatArray, allowed: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(..., B, 1) lowest and highest allowed score of each row; reductions with a mask take four times as long."""
    if len(allowed) == 1 and allowed.any():
        all_but_padding = not allowed[0, 0] and allowed[0, 1:].all()
        shown = scores[..., 1:] if all_but_padding else scores[..., allowed[0]]
        return shown.min(axis=-1, keepdims=True), shown.max(axis=-1, keepdims=True)
    low = np.min(scores, axis=-1, where=allowed, initial=np.inf, keepdims=True)
    high = np.max(scores, axis=-1, where=allowed, initial=-np.inf, keepdims=True)
    return low, high


def weighted_sum(planes: Sequence[FloatArray], weights: Weights, allowed: BoolArray) -> FloatArray:
    """(B, I + 1) sum of normalised planes, each (B, I + 1)."""
    ways = normalise(np.stack(planes), allowed)
    ways *= weights.astype(np.float32)[:, None, None]
    total: FloatArray = ways.sum(axis=0)
    return total


def _open_items(histories: Histories, situation: Situation, size: int) -> BoolArray:
    allowed = np.ones((len(histories), size), dtype=bool)
    allowed[:, 0] = False
    if situation is not Situation.RETURNING:
        allowed[histories.row, histories.item] = False
    return allowed
