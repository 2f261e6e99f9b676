"""A ranker of one split, told in the head."""

import math

import numpy as np
import pytest

from django_recs.engine.ranking.features import FEATURES
from django_recs.engine.ranking.ranker import Ranker
from tests.engine.ranking_by_hand import stump

RANKER = stump("loud", feature="loud", threshold=0.5, low=0.0, high=2.0)


def features(*rows: tuple[float, float]) -> np.ndarray:
    """One visitor's shortlist: what the voice says of each item, and the blend."""
    values = np.zeros((1, len(rows), 1 + len(FEATURES)), dtype=np.float32)
    values[0, :, :2] = rows
    return values


def test_a_score_is_five_times_the_blend_and_what_the_trees_add() -> None:
    scores = RANKER.score(features((0.5, 0.2), (0.6, 0.0)))

    np.testing.assert_allclose(scores, [[1.0, 2.0]])


def test_the_order_is_by_score_and_what_nobody_speaks_for_is_last_with_nothing() -> None:
    shortlist = features((0.5, 0.2), (0.9, 0.9), (0.6, 0.0))

    order, probabilities = RANKER.order(shortlist, known=np.array([[True, False, True]]))

    assert order.tolist() == [[2, 0, 1]]
    np.testing.assert_allclose(probabilities, [[1 / (1 + math.exp(0)), 1 / (1 + math.exp(1)), 0]], rtol=1e-6)


def test_equal_scores_keep_the_order_of_the_blend() -> None:
    order, _ = RANKER.order(features((0.1, 0.2), (0.2, 0.2), (0.3, 0.2)), known=np.ones((1, 3), dtype=bool))

    assert order.tolist() == [[0, 1, 2]]


def test_arrays_restore_the_same_scores() -> None:
    again = Ranker.from_arrays(RANKER.arrays())

    shortlist = features((0.5, 0.2), (0.6, 0.0))
    assert again.score(shortlist).tobytes() == RANKER.score(shortlist).tobytes()
    assert again.voices.tolist() == ["loud"]


def test_a_graph_that_refers_to_other_files_is_refused() -> None:
    arrays = {**RANKER.arrays(), "trees_onnx": np.frombuffer(b"..\x0a\x08location..", dtype=np.uint8)}

    with pytest.raises(ValueError, match="trees_onnx refers to data in other files"):
        Ranker.from_arrays(arrays)
