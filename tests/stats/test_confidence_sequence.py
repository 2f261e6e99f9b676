import math

import numpy as np
import pytest

from django_recs.stats.confidence_sequence import multiplier, p


def test_the_price_of_looking_is_as_published() -> None:
    """Width over that of a single look: 1.55 where it is tuned, 1.97 at a tenth of that."""
    assert multiplier(5_000, tuned_for=5_000) / 1.959964 == pytest.approx(1.55, abs=0.005)
    assert multiplier(500, tuned_for=5_000) / 1.959964 == pytest.approx(1.97, abs=0.005)


def test_the_multiplier_written_out() -> None:
    rho_squared = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 1_000
    x = 300 * rho_squared

    assert multiplier(300, tuned_for=1_000) == pytest.approx(
        math.sqrt(2 * (x + 1) / x * math.log(math.sqrt(x + 1) / 0.05))
    )


def test_it_is_nowhere_narrower_relative_to_its_time_than_where_it_is_tuned() -> None:
    """Among sequences tuned for different times, the one tuned for 10,000 is (nearly) the narrowest at 10,000."""
    here = multiplier(10_000, tuned_for=10_000)

    others = [multiplier(10_000, tuned_for=tuned_for) for tuned_for in (2_500, 5_000, 20_000, 40_000)]
    assert all(here < other for other in others)


@pytest.mark.parametrize(("z", "count"), [(3.1, 4_000), (3.6, 90_000), (5.0, 300)])
def test_p_is_where_the_sequence_just_touches_zero(z: float, count: int) -> None:
    found = p(z, count, tuned_for=5_000)
    rho_squared = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 5_000
    x = count * rho_squared

    assert 0 < found < 1
    assert math.sqrt(2 * (x + 1) / x * math.log(math.sqrt(x + 1) / found)) == pytest.approx(z)


def test_p_falls_below_alpha_exactly_when_zero_is_excluded() -> None:
    edge = multiplier(7_000, tuned_for=5_000)

    assert p(edge * 1.0001, 7_000, tuned_for=5_000) < 0.05 < p(edge * 0.9999, 7_000, tuned_for=5_000)


def test_without_units_nothing_is_excluded() -> None:
    assert (multiplier(0, tuned_for=100), p(9.0, 0, tuned_for=100)) == (math.inf, 1.0)


@pytest.mark.parametrize(("tuned_for", "alpha"), [(0, 0.05), (10, 0.0), (10, 1.0)])
def test_a_sequence_without_sense_is_refused(tuned_for: int, alpha: float) -> None:
    with pytest.raises(ValueError, match="tuned for at least one"):
        multiplier(10, tuned_for=tuned_for, alpha=alpha)


def test_no_difference_stays_inside_at_every_single_unit() -> None:
    walks = np.random.default_rng(4).normal(size=(2_000, 3_000)).cumsum(axis=1)
    counts = np.arange(1, 3_001)
    edges = np.array([multiplier(count, tuned_for=1_000) for count in counts.tolist()]) * np.sqrt(counts)

    crossed = (np.abs(walks) > edges).any(axis=1).mean()

    assert crossed <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2_000)
    assert crossed > 0.01
