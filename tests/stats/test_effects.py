"""Comparisons against scipy, regressions on the units themselves, and a search through all lifts."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from django_recs.stats.effects import Comparison, Interval, compare_means, compare_ratios
from django_recs.stats.moments import Floats, Moments

Z = 1.959963984540054
EVERYTHING = Interval(low=-math.inf, high=math.inf)


def draws(seed: int, size: int, lift: float = 0.0) -> Floats:
    """Revenue of units of which one in ten buys."""
    rng = np.random.default_rng(seed)
    return (rng.random(size) < 0.1) * rng.lognormal(3, 1, size) * (1 + lift)


def test_a_difference_of_means_is_welchs() -> None:
    control, treatment = draws(1, 3_000), draws(2, 5_000, lift=0.2)

    found = compare_means(Moments.of(control), Moments.of(treatment))

    welch = scipy.stats.ttest_ind(treatment, control, equal_var=False)
    assert found.difference == pytest.approx(treatment.mean() - control.mean())
    assert found.z == pytest.approx(welch.statistic)
    assert found.p == pytest.approx(welch.pvalue, abs=1e-3)
    assert found.lift == pytest.approx(treatment.mean() / control.mean() - 1)
    assert found.interval(Z) == Interval(
        low=found.difference - Z * found.error, high=found.difference + Z * found.error
    )
    assert (found.count, found.variance_saved) == (8_000, 0.0)


def test_a_lift_holds_what_no_test_of_the_units_rejects() -> None:
    control, treatment = draws(3, 2_000), draws(4, 2_000, lift=0.5)

    found = compare_means(Moments.of(control), Moments.of(treatment)).lift_interval(Z)

    def excess(lift: float) -> float:
        scaled = control * (1 + lift)
        error = math.sqrt(treatment.var(ddof=1) / len(treatment) + scaled.var(ddof=1) / len(scaled))
        return abs(treatment.mean() - scaled.mean()) / error - Z

    centre = treatment.mean() / control.mean() - 1
    assert found is not None
    assert found.low == pytest.approx(scipy.optimize.brentq(excess, -1, centre))
    assert found.high == pytest.approx(scipy.optimize.brentq(excess, centre, 10))


@pytest.mark.parametrize("multiplier", [1.0, Z, 2.5, 4.0])
def test_a_lift_is_significant_exactly_when_the_difference_is(multiplier: float) -> None:
    for seed in range(60):
        found = compare_means(Moments.of(draws(seed, 300)), Moments.of(draws(1_000 + seed, 300, lift=seed / 30)))
        lift = found.lift_interval(multiplier)
        if lift is not None:
            assert lift.holds(0.0) == found.interval(multiplier).holds(0.0)


def test_a_control_that_may_be_zero_has_no_lift() -> None:
    found = compare_means(Moments.of_rate(1_000, 3), Moments.of_rate(1_000, 30))

    assert found.lift == pytest.approx(9.0)
    assert found.lift_interval(Z) is None
    assert not found.interval(Z).holds(0.0)


def test_a_control_below_zero_has_no_lift() -> None:
    found = compare_means(Moments.of([-5.0, -6.0, -7.0]), Moments.of([-1.0, -2.0, -3.0]))

    assert (found.difference, found.lift, found.lift_interval(0.1)) == (4.0, None, None)


def test_a_ratio_of_sums_has_the_spread_of_resampled_visitors() -> None:
    rng = np.random.default_rng(5)
    views = rng.poisson(rng.gamma(2, 3, 2_000)) + 1.0
    clicks = rng.binomial(views.astype(int), rng.beta(2, 18, 2_000)).astype(float)

    found = compare_ratios(Moments.of(clicks, views), Moments.of(clicks[:500], views[:500]))

    chosen = rng.integers(0, 2_000, (4_000, 2_000))
    resampled = clicks[chosen].sum(axis=1) / views[chosen].sum(axis=1)
    assert found.control == pytest.approx(clicks.sum() / views.sum())
    assert found.treatment == pytest.approx(clicks[:500].sum() / views[:500].sum())
    assert found.control_variance == pytest.approx(resampled.var(), rel=0.1)
    assert found.treatment_variance == pytest.approx(4 * found.control_variance, rel=0.3)


def test_the_ratio_of_hand_counted_visitors() -> None:
    control = Moments.of([1.0, 0.0, 2.0], [2.0, 2.0, 4.0])  # 3 / 8; y - 3/8 x: 1/4, -3/4, 1/2; squares 7/8
    treatment = Moments.of([1.0, 3.0], [2.0, 2.0])  # 4 / 4; y - x: -1, 1; squares 2

    found = compare_ratios(control, treatment)

    assert (found.control, found.treatment) == (0.375, 1.0)
    assert found.control_variance == pytest.approx(7 / 8 / 2 / 3 / (8 / 3) ** 2)
    assert found.treatment_variance == pytest.approx(2 / 1 / 2 / 2**2)


def test_cuped_is_a_regression_on_the_past() -> None:
    rng = np.random.default_rng(6)
    past = rng.gamma(1, 20, 6_000)
    spent = past * 0.8 + rng.gamma(1, 10, 6_000)
    arm = rng.random(6_000) < 0.4
    spent = spent + 1.5 * arm

    found = compare_means(Moments.of(spent[~arm], past[~arm]), Moments.of(spent[arm], past[arm]))

    design = np.column_stack([np.ones(6_000), arm, past])
    fitted, *_ = np.linalg.lstsq(design, spent, rcond=None)
    correlation = np.corrcoef(past, spent)[0, 1]
    assert found.difference == pytest.approx(fitted[1], abs=0.02)
    assert found.variance_saved == pytest.approx(correlation**2, abs=0.02)
    assert found.unadjusted_variance == pytest.approx(
        spent[arm].var(ddof=1) / arm.sum() + spent[~arm].var(ddof=1) / (~arm).sum()
    )


def test_the_errors_of_cuped_are_those_of_repeated_experiments() -> None:
    """Both arms move with the shared mean of the covariate, which a lift has to know."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(2_000):
        past = rng.gamma(1, 2, (2, 80))
        spent = past + rng.normal(2, 1, (2, 80))
        found.append(compare_means(Moments.of(spent[0], past[0]), Moments.of(spent[1], past[1])))

    means = np.array([(one.control, one.treatment) for one in found])
    expected = np.cov(means.T)
    assert np.mean([one.control_variance for one in found]) == pytest.approx(expected[0, 0], rel=0.08)
    assert np.mean([one.treatment_variance for one in found]) == pytest.approx(expected[1, 1], rel=0.08)
    assert np.mean([one.covariance for one in found]) == pytest.approx(expected[0, 1], rel=0.08)
    assert np.mean([one.variance for one in found]) == pytest.approx(np.var(means[:, 1] - means[:, 0]), rel=0.08)


def test_a_ratio_can_be_adjusted_too() -> None:
    rng = np.random.default_rng(8)
    taste = rng.beta(2, 8, (2, 4_000))
    views = rng.poisson(6, (2, 4_000)) + 1.0
    clicks = rng.binomial(views.astype(int), taste).astype(float)
    past = rng.binomial(40, taste).astype(float)

    plain = compare_ratios(*(Moments.of(clicks[arm], views[arm]) for arm in (0, 1)))
    found = compare_ratios(*(Moments.of(clicks[arm], views[arm], past[arm]) for arm in (0, 1)))

    assert found.unadjusted_variance == pytest.approx(plain.variance)
    assert 0.2 < found.variance_saved < 0.6
    assert abs(found.difference - plain.difference) < 3 * plain.error


def test_a_covariate_that_never_varies_changes_nothing() -> None:
    control, treatment = draws(9, 500), draws(10, 500)

    adjusted = compare_means(Moments.of(control, np.zeros(500)), Moments.of(treatment, np.zeros(500)))

    plain = compare_means(Moments.of(control), Moments.of(treatment))
    assert vars(adjusted) == pytest.approx(vars(plain))


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (Moments.of_one(0, 0, 0), Moments.of_one(0, 0, 0)),
        (Moments.of_one(1, 5, 25), Moments.of_rate(1_000, 30)),
        (Moments.of_rate(1_000, 0), Moments.of_rate(1_000, 0)),
        (Moments.of_rate(50, 50), Moments.of_rate(70, 70)),
    ],
)
def test_too_little_or_nothing_varying_is_not_known(control: Moments, treatment: Moments) -> None:
    found = compare_means(control, treatment)

    assert (found.interval(Z), found.lift_interval(Z), found.z, found.p) == (EVERYTHING, None, 0.0, 1.0)
    assert found.variance_saved == 0.0


def test_a_ratio_without_any_denominator_is_not_known() -> None:
    nothing = Moments.of([0.0, 0.0], [0.0, 0.0])

    found = compare_ratios(nothing, Moments.of([1.0, 0.0], [2.0, 1.0]))

    assert (found.control, found.treatment, found.interval(Z), found.p) == (0.0, pytest.approx(1 / 3), EVERYTHING, 1.0)


def test_an_infinite_multiplier_excludes_nothing() -> None:
    found = compare_means(Moments.of_rate(1_000, 300), Moments.of_rate(1_000, 500))

    assert (found.interval(math.inf), found.lift_interval(math.inf)) == (EVERYTHING, None)


def test_arms_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="Both arms need 1 value"):
        compare_means(Moments.of([1.0], [2.0]), Moments.of([1.0]))
    with pytest.raises(ValueError, match="Both arms need 2 value"):
        compare_ratios(Moments.of([1.0]), Moments.of([1.0]))


def test_correlated_estimates_have_a_lift_too() -> None:
    found = Comparison(
        control=10.0,
        treatment=12.0,
        control_variance=1.0,
        treatment_variance=1.0,
        covariance=0.5,
        count=100,
        unadjusted_variance=1.0,
    ).lift_interval(1.0)

    # (12 - 10 r)^2 = 1 - r + r^2 with r = 1 + lift: 99 r^2 - 239 r + 143 = 0
    roots = [(239 - math.sqrt(239**2 - 4 * 99 * 143)) / 198, (239 + math.sqrt(239**2 - 4 * 99 * 143)) / 198]
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(roots[0] - 1), pytest.approx(roots[1] - 1))
