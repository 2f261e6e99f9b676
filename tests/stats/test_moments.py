import math
from fractions import Fraction

import numpy as np
import pytest

from django_recs.stats.moments import Moments


def test_means_and_covariances_are_those_of_the_units() -> None:
    moments = Moments.of([1.0, 2.0, 6.0], [0.0, 3.0, 3.0])

    assert moments.count == 3
    assert moments.means.tolist() == [3.0, 2.0]
    assert moments.covariances.tolist() == [[7.0, 3.0], [3.0, 3.0]]  # (4 + 1 + 9) / 2, (4 - 1 + 3) / 2, (4 + 1 + 1) / 2


def test_moments_of_days_add_up() -> None:
    monday, tuesday = Moments.of([1.0, 2.0], [5.0, 5.0]), Moments.of([7.0], [1.0])

    both = monday + tuesday

    assert (both.count, both.sums.tolist(), both.products.tolist()) == (3, [10.0, 11.0], [[54.0, 22.0], [22.0, 51.0]])


def test_a_rate_has_the_variance_of_a_coin() -> None:
    moments = Moments.of_rate(400, 100)

    assert float(moments.means[0]) == 0.25
    assert float(moments.covariances[0, 0]) == pytest.approx(float(Fraction(400, 399) * Fraction(3, 16)))


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_units_have_no_variance(count: int) -> None:
    moments = Moments.of_one(count, 5.0 * count, 25.0 * count)

    assert (moments.means.tolist(), moments.covariances.tolist()) == ([5.0 * count], [[0.0]])


def test_a_constant_far_from_zero_does_not_vary_by_rounding() -> None:
    values = np.full(10_000, 1_234_567.891)

    assert Moments.of(values).covariances.tolist() == [[0.0]]


def test_a_small_variance_around_a_large_mean_is_kept() -> None:
    values = 100_000.0 + np.tile([-0.5, 0.5], 5_000)

    assert float(Moments.of(values).covariances[0, 0]) == pytest.approx(0.25, rel=0.01)


@pytest.mark.parametrize(
    ("count", "sums", "products"),
    [(-1, [0.0], [[0.0]]), (1, [0.0, 1.0], [[0.0]]), (1, [math.nan], [[0.0]]), (1, [0.0], [[math.inf]])],
)
def test_what_cannot_be_sums_is_refused(count: int, sums: list[float], products: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"sums|finite"):
        Moments(count=count, sums=np.array(sums), products=np.array(products))
