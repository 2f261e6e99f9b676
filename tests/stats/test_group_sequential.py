"""Bounds against published tables, scipy's multivariate normal and random walks."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats

from django_recs.stats.group_sequential import bounds, power, sample_inflation, spent_alpha


def stays_inside(information: Sequence[float], edges: Sequence[float], *, expected_z: float = 0.0) -> float:
    """Probability that the z values of all looks lie within the bounds, by scipy."""
    times = np.array(information)
    covariances = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    means = expected_z * np.sqrt(times / times[-1])
    walk = scipy.stats.multivariate_normal(means, covariances, abseps=1e-5, releps=0, maxpts=200_000, seed=1)
    return float(walk.cdf(np.array(edges), lower_limit=-np.array(edges)))


def test_five_equal_looks_have_the_bounds_of_the_tables() -> None:
    """The table of ldbounds and gsDesign for spending of O'Brien and Fleming's type, alpha 5 %, two-sided."""
    assert bounds([1, 2, 3, 4, 5], planned=5) == pytest.approx([4.8769, 3.3570, 2.6803, 2.2898, 2.0310], abs=1e-4)


def test_thirty_equal_looks_have_known_bounds() -> None:
    found = bounds(range(1, 31), planned=30)

    assert [found[look - 1] for look in (5, 10, 15, 20, 25, 30)] == pytest.approx(
        [5.3679, 3.7475, 3.0449, 2.6306, 2.3495, 2.1427], abs=1e-4
    )
    assert found[:2] == [math.inf, math.inf]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_one_look_is_an_ordinary_test(alpha: float) -> None:
    assert bounds([800.0], planned=800.0, alpha=alpha) == [pytest.approx(scipy.stats.norm.isf(alpha / 2))]


@pytest.mark.parametrize("information", [[1, 2, 3], [0.3, 0.35, 0.9], [0.5, 0.501, 1.0], [0.9, 0.95, 0.99, 1.0]])
def test_a_true_null_crosses_with_what_was_spent(information: list[float]) -> None:
    planned = max(information)

    edges = bounds(information, planned=planned)

    for look in range(1, len(information) + 1):
        spent = spent_alpha(information[look - 1] / planned)
        assert 1 - stays_inside(information[:look], edges[:look]) == pytest.approx(spent, abs=2e-5)


def test_alpha_is_spent_slowly_first_and_then_all() -> None:
    quarter = 4 * scipy.stats.norm.sf(scipy.stats.norm.isf(0.0125) / 0.5)

    assert [spent_alpha(t) for t in (0.0, 0.25, 1.0, 1.7)] == [0.0, pytest.approx(quarter), 0.05, 0.05]


def test_what_comes_after_the_plan_may_not_decide_any_more() -> None:
    found = bounds([50, 100, 130, 160], planned=100)

    assert found[:2] == bounds([50, 100], planned=100)
    assert found[2:] == [math.inf, math.inf]


def test_an_overrun_look_spends_all_with_its_true_correlation() -> None:
    found = bounds([50, 130], planned=100)

    assert found[0] == bounds([50], planned=100)[0]
    assert 1 - stays_inside([50, 130], found) == pytest.approx(0.05, abs=2e-5)


def test_the_last_look_spends_what_is_left_of_a_short_experiment() -> None:
    found = bounds([30, 60, 80], planned=100, is_last=True)

    assert found[:2] == bounds([30, 60], planned=100)
    assert 1 - stays_inside([30, 60, 80], found) == pytest.approx(0.05, abs=2e-5)


def test_a_look_that_adds_nothing_leaves_its_alpha_to_the_next() -> None:
    found = bounds([50, 50, 50.001, 100], planned=100)

    assert found[0] == bounds([50], planned=100)[0]
    assert found[1:3] == [math.inf, math.inf]
    assert found[3] == pytest.approx(bounds([50, 100], planned=100)[1])


def test_a_last_look_that_adds_nothing_spends_what_is_left_all_the_same() -> None:
    found = bounds([50, 100, 100], planned=200, is_last=True)

    assert found[:2] == bounds([50, 100], planned=200)
    assert found[2] < found[1]
    assert 1 - stays_inside([50, 100], [found[0], found[2]]) == pytest.approx(0.05, abs=3e-4)


def test_bounds_hold_on_random_walks() -> None:
    steps = np.random.default_rng(3).normal(size=(40_000, 20)).cumsum(axis=1) / np.sqrt(np.arange(1, 21))

    crossed = (np.abs(steps) > np.array(bounds(range(1, 21), planned=20))).any(axis=1).mean()

    assert crossed == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 40_000))


def test_no_look_at_all_has_no_bounds() -> None:
    assert bounds([], planned=10) == []


@pytest.mark.parametrize(
    ("information", "planned", "alpha"), [([2, 1], 2, 0.05), ([-1], 2, 0.05), ([1], 0, 0.05), ([1], 1, 1.0)]
)
def test_a_plan_without_sense_is_refused(information: list[float], planned: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"Information grows|above 0"):
        bounds(information, planned=planned, alpha=alpha)


@pytest.mark.parametrize("expected_z", [-2.8, 0.0, 1.5, 2.8])
def test_power_is_the_probability_of_leaving(expected_z: float) -> None:
    information = [0.2, 0.5, 0.8, 1.0]
    edges = bounds(information, planned=1.0)

    found = power(information, edges, expected_z=expected_z)

    assert found == pytest.approx(1 - stays_inside(information, edges, expected_z=expected_z), abs=2e-5)


def test_thirty_looks_at_the_design_effect_keep_most_of_the_power() -> None:
    """0.780 (standard error 0.0009) in 200,000 simulated walks of another program."""
    edges = bounds(range(1, 31), planned=30)

    assert power(range(1, 31), edges, expected_z=2.8016) == pytest.approx(0.780, abs=0.0027)


def test_daily_looks_cost_five_in_a_hundred_units() -> None:
    assert sample_inflation(1) == pytest.approx(1.0, abs=1e-5)
    assert sample_inflation(30) == pytest.approx(1.05, abs=0.001)

    edges = bounds(range(1, 31), planned=30)
    z = (scipy.stats.norm.isf(0.025) + scipy.stats.norm.isf(0.2)) * math.sqrt(sample_inflation(30))
    assert power(range(1, 31), edges, expected_z=z) == pytest.approx(0.8, abs=1e-5)
