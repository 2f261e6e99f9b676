"""The learned order of a shortlist, as the web process runs it: a tree ensemble in ONNX Runtime."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.graphs import open_graph, refuse_external_data
from django_recs.engine.interactions import FloatArray, IntArray
from django_recs.engine.ranking.features import FEATURES
from django_recs.engine.recommender import Arrays

BLEND_SHARE = 5.0
"""A ranker's score is this times the blend's, plus what its trees add: without trees the blend's order stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranker:
    """Orders a shortlist of one situation.

    Raises `ValueError` when built from a graph that refers to other files.
    """

    trees_onnx: npt.NDArray[np.uint8]
    """Bytes of the ONNX graph: features (N, F) -> gains (N, 1)."""
    voices: npt.NDArray[np.str_]
    """(V,) names of the voices whose scores are the first of the features, in this order."""
    calibration: npt.NDArray[np.float64]
    """(2,) slope and intercept of the log-odds that the visitor takes the item, as a line over the score."""

    def __post_init__(self) -> None:
        refuse_external_data("trees_onnx", self.trees_onnx)

    @cached_property
    def _session(self) -> Any:
        return open_graph(self.trees_onnx)

    def score(self, features: FloatArray) -> FloatArray:
        """(B, S) from ``features`` (B, S, F); higher is better, within one visitor's shortlist."""
        (gains,) = self._session.run(["gains"], {"features": features.reshape(-1, features.shape[-1])})
        blend = features[:, :, len(self.voices) + FEATURES.index("blend")]
        scores: FloatArray = gains.reshape(blend.shape) + np.float32(BLEND_SHARE) * blend
        return scores

    def order(self, features: FloatArray, *, known: npt.NDArray[np.bool_]) -> tuple[IntArray, FloatArray]:
        """Places of a shortlist, best first, and the probability that the visitor takes the item there, both (B, S).

        Args:
            known: (B, S) False for padding and for what no voice speaks for: it comes last, with probability 0.
        """
        scores = np.where(known, self.score(features), -np.inf)
        order = np.argsort(-scores, axis=1, kind="stable")
        return order, self.probability(np.take_along_axis(scores, order, axis=1))

    def probability(self, scores: FloatArray) -> FloatArray:
        """Scores as probabilities, by the calibration; 0 for minus infinity."""
        slope, intercept = self.calibration
        return np.asarray(1 / (1 + np.exp(-(slope * scores + intercept))), dtype=np.float32)

    def arrays(self) -> Arrays:
        return {"trees_onnx": self.trees_onnx, "voices": self.voices, "calibration": self.calibration}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            trees_onnx=np.asarray(arrays["trees_onnx"], dtype=np.uint8),
            voices=np.asarray(arrays["voices"], dtype=np.str_),
            calibration=np.asarray(arrays["calibration"], dtype=np.float64),
        )
