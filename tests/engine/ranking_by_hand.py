"""Rankers of a single split, so that every score can be told in the head."""

from typing import Any

import numpy as np

from django_recs.engine.ranking.features import FEATURES
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.ranking.trees import trees_as_onnx


class Stump:
    """What LightGBM dumps of one tree with one split."""

    def __init__(self, *, feature: int, feature_count: int, threshold: float, low: float, high: float) -> None:
        self.tree = {
            "split_feature": feature,
            "threshold": threshold,
            "left_child": {"leaf_value": low},
            "right_child": {"leaf_value": high},
        }
        self.feature_count = feature_count

    def dump_model(self) -> dict[str, Any]:
        return {"max_feature_idx": self.feature_count - 1, "tree_info": [{"tree_structure": self.tree}]}


def stump(*voices: str, feature: str, threshold: float, low: float, high: float) -> Ranker:
    """Adds ``low`` to the score of items whose ``feature`` is at most ``threshold``, else ``high``."""
    names = [*voices, *FEATURES]
    tree = Stump(feature=names.index(feature), feature_count=len(names), threshold=threshold, low=low, high=high)
    return Ranker(
        trees_onnx=np.frombuffer(trees_as_onnx(tree), dtype=np.uint8),
        voices=np.array(voices),
        calibration=np.array([1.0, -2.0]),
    )
