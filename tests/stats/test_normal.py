import math

import pytest
import scipy.stats

from django_recs.stats.normal import chi_square_tail, density, two_sided_p, upper_quantile, upper_tail


@pytest.mark.parametrize("z", [-9.0, -1.0, 0.0, 0.3, 1.959964, 8.0, 30.0])
def test_tails_are_those_of_scipy_also_far_out(z: float) -> None:
    assert upper_tail(z) == pytest.approx(scipy.stats.norm.sf(z), rel=1e-10)
    assert two_sided_p(z) == pytest.approx(2 * scipy.stats.norm.sf(abs(z)), rel=1e-10)
    assert density(z) == pytest.approx(scipy.stats.norm.pdf(z), rel=1e-10)


@pytest.mark.parametrize("probability", [1e-300, 1e-12, 0.025, 0.5, 0.975])
def test_quantiles_are_those_of_scipy(probability: float) -> None:
    assert upper_quantile(probability) == pytest.approx(scipy.stats.norm.isf(probability), abs=1e-9)


def test_certain_and_impossible_have_infinite_quantiles() -> None:
    assert (upper_quantile(0), upper_quantile(1)) == (math.inf, -math.inf)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_has_no_quantile(probability: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        upper_quantile(probability)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 10])
@pytest.mark.parametrize("statistic", [0.01, 1.0, 6.9024, 60.0])
def test_chi_square_tails_are_those_of_scipy(degrees: int, statistic: float) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(scipy.stats.chi2.sf(statistic, degrees), rel=1e-9)


def test_without_any_deviation_chi_square_is_certain() -> None:
    assert chi_square_tail(0.0, 3) == 1.0
