"""Declared probabilities beside what came true."""

import math

import numpy as np
import pytest

from django_recs.engine.evaluation.calibration import reliability


def test_two_bins_by_hand() -> None:
    said = np.array([0.1, 0.1, 0.1, 0.1, 0.6, 0.6])
    came_true = np.array([False, False, True, False, True, True])
    queries = np.array([0, 0, 1, 1, 2, 3])

    found = reliability(said, came_true, queries)

    # low: said 0.1, came 1/4; deviations by query -0.2 and 0.8. High: said 0.6, came 1; deviations 0.4 and 0.4.
    low, high = found["bins"]
    assert (low["count"], low["predicted"], low["observed"]) == (4, pytest.approx(0.1), 0.25)
    assert low["se"] == pytest.approx(math.hypot(-0.2, 0.8) / 4)
    assert (high["count"], high["predicted"], high["observed"]) == (2, pytest.approx(0.6), 1)
    assert high["se"] == pytest.approx(math.hypot(0.4, 0.4) / 2)
    assert found["count"] == 6
    assert found["ece"] == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)
    assert found["brier"] == pytest.approx((3 * 0.1**2 + 0.9**2 + 2 * 0.4**2) / 6)


def test_honest_probabilities_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    random = np.random.default_rng(3)
    chance = random.random(20_000)
    came_true = random.random(20_000) < chance
    queries = np.arange(20_000) // 10

    honest = reliability(chance, came_true, queries)
    boastful = reliability(np.sqrt(chance), came_true, queries)

    assert [each["count"] for each in honest["bins"]] == [2_000] * 10
    assert honest["ece"] < 0.015
    assert boastful["ece"] == pytest.approx(2 / 3 - 1 / 2, abs=0.01)  # mean of sqrt(p) - p
    assert all(abs(each["observed"] - each["predicted"]) < 4 * each["se"] for each in honest["bins"])
    assert honest["brier"] < boastful["brier"]


def test_no_declaration_is_no_figure() -> None:
    nothing = np.zeros(0)

    assert reliability(nothing, nothing.astype(bool), nothing.astype(np.int64)) == {
        "count": 0,
        "ece": None,
        "brier": None,
        "bins": [],
    }


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([0.5, wrong]), np.array([True, False]), np.array([0, 0]))
