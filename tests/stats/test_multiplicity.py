import numpy as np
import pytest
import scipy.stats

from django_recs.stats.multiplicity import benjamini_hochberg, holm


def test_holm_by_hand() -> None:
    # sorted 0.01 * 4, 0.02 * 3, 0.03 * 2 (kept at the 0.06 before it), 0.9 * 1
    assert holm([0.03, 0.01, 0.9, 0.02]) == [0.06, 0.04, 0.9, 0.06]


def test_holm_never_exceeds_one() -> None:
    assert holm([0.5, 0.6, 0.7]) == [1.0, 1.0, 1.0]


def test_benjamini_hochberg_is_scipys() -> None:
    ps = np.random.default_rng(6).random(20) ** 3

    assert benjamini_hochberg(ps.tolist()) == pytest.approx(scipy.stats.false_discovery_control(ps).tolist())


def test_one_question_needs_no_adjustment() -> None:
    assert (holm([0.04]), benjamini_hochberg([0.04]), holm([]), benjamini_hochberg([])) == ([0.04], [0.04], [], [])
