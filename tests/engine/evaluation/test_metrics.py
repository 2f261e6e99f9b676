"""Metrics against fractions written by hand and against twins in pure Python."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from django_recs.engine.evaluation.metrics import (
    Figure,
    average_precision,
    clustered_error,
    coverage,
    hit_rate,
    mean_and_error,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    top_items,
)

HITS = np.array(
    [
        [True, False, True, False],
        [False, False, False, False],
        [False, False, False, True],
        [True, True, True, True],
    ]
)
TRUE_COUNTS = np.array([2, 3, 1, 9])
LOG3 = math.log2(3)


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        (ndcg, 3, [(1 + 1 / 2) / (1 + 1 / LOG3), 0, 0, 1]),
        (ndcg, 1, [1, 0, 0, 1]),
        (ndcg, 4, [(1 + 1 / 2) / (1 + 1 / LOG3), 0, (1 / math.log2(5)) / 1, 1]),
        (precision, 3, [2 / 3, 0, 0, 3 / 3]),
        (precision, 4, [2 / 4, 0, 1 / 4, 4 / 4]),
        (recall, 3, [2 / 2, 0, 0, 3 / 9]),
        (recall, 2, [1 / 2, 0, 0, 2 / 9]),
        (hit_rate, 3, [1, 0, 0, 1]),
        (hit_rate, 4, [1, 0, 1, 1]),
        (average_precision, 4, [(1 / 1 + 2 / 3) / 2, 0, (1 / 4) / 1, (1 + 1 + 1 + 1) / 4]),
        (average_precision, 2, [(1 / 1) / 2, 0, 0, (1 + 1) / 2]),
        (reciprocal_rank, 4, [1, 0, 1 / 4, 1]),
        (reciprocal_rank, 3, [1, 0, 0, 1]),
    ],
)
def test_metrics_by_hand(
    metric: Callable[[np.ndarray, np.ndarray, int], np.ndarray], k: int, expected: list[float]
) -> None:
    np.testing.assert_allclose(metric(HITS, TRUE_COUNTS, k), expected, rtol=1e-12)


def test_ndcg_equals_a_twin_in_pure_python() -> None:
    random = np.random.default_rng(0)
    hits = random.random((50, 20)) < 0.2
    true_counts = hits.sum(axis=1) + random.integers(1, 5, 50)
    expected = []
    for row, count in zip(hits.tolist(), true_counts.tolist(), strict=True):
        gained = sum(1 / math.log2(place + 2) for place in range(10) if row[place])
        best = sum(1 / math.log2(place + 2) for place in range(min(count, 10)))
        expected.append(gained / best)

    np.testing.assert_allclose(ndcg(hits, true_counts, 10), expected, rtol=1e-12)


def test_a_list_shorter_than_k_is_judged_by_what_it_holds() -> None:
    short = np.array([[True, False]])

    assert ndcg(short, np.array([1]), 10).tolist() == [1.0]
    assert recall(short, np.array([4]), 20).tolist() == [0.25]
    assert precision(short, np.array([4]), 10).tolist() == [0.1]  # eight empty places are no hits
    assert average_precision(short, np.array([2]), 10).tolist() == [0.5]


def test_top_items_fall_to_the_lower_number_on_ties() -> None:
    scores = np.array([[0, 5, 7, 5, 5], [1, 1, 1, 1, 1]], dtype=np.float32)

    assert top_items(scores, 3).tolist() == [[2, 1, 3], [0, 1, 2]]


def test_what_is_ruled_out_is_never_listed() -> None:
    scores = np.array([[-np.inf, 2, -np.inf, 3], [-np.inf] * 4])

    assert top_items(scores, 3).tolist() == [[3, 1, -1], [-1, -1, -1]]
    assert top_items(scores, 9)[0].tolist() == [3, 1, -1, -1, -1, -1, -1, -1, -1]


def test_top_items_equal_a_sort() -> None:
    scores = np.random.default_rng(1).integers(0, 12, (40, 60)).astype(np.float32)
    expected = [sorted(range(60), key=lambda column: (-row[column], column))[:7] for row in scores.tolist()]

    assert top_items(scores, 7).tolist() == expected


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        top_items(np.array([[1.0, np.nan]]), 1)


def test_coverage_is_the_share_of_candidates_in_anybodys_first_places() -> None:
    top = np.array([[3, 1, 4], [3, 2, -1]])
    candidates = np.array([False, True, True, True, True])

    assert coverage(top, candidates, 1) == 1 / 4
    assert coverage(top, candidates, 2) == 3 / 4
    assert coverage(top[:0], candidates, 2) == 0
    assert coverage(top[:0], np.zeros(5, dtype=bool), 2) == 0


def test_mean_and_standard_error() -> None:
    figure = mean_and_error(np.array([1.0, 2.0, 3.0, 6.0]))

    # deviations 2, 1, 0, 3: variance 14 / 3
    assert figure.mean == 3
    assert figure.se == pytest.approx(math.sqrt(14 / 3) / 2)


@pytest.mark.parametrize(("values", "mean"), [([], 0.0), ([0.4], 0.4)])
def test_too_few_queries_leave_the_error_unknown(values: list[float], mean: float) -> None:
    assert mean_and_error(np.array(values)) == Figure(mean=mean, se=None)


def test_error_of_clusters_is_that_of_their_sums() -> None:
    values = np.array([1.0, 1.0, 4.0, -2.0])

    assert clustered_error(values, np.array([5, 5, 2, 0])) == pytest.approx(math.sqrt(2**2 + 4**2 + 2**2) / 4)
    assert clustered_error(values, np.array([1, 1, 1, 1])) == pytest.approx(values.mean())
    assert clustered_error(np.zeros(0), np.zeros(0, dtype=np.int64)) == 0
