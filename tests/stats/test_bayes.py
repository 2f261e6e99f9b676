import math

import numpy as np
import pytest

from django_recs.stats.bayes import Readout, read_out


def test_known_readouts_of_another_engine() -> None:
    """Cookie Cats, day-7 retention, relative, flat prior: gbstats says 0.0609 %, and losses 2.17e-6 and 0.0431."""
    found = read_out(-0.043119, ((0.069245 - 0.016993) / 2 / 1.959964) ** 2)

    assert found.chance_to_win == pytest.approx(0.000609, abs=1e-6)
    assert found.loss_of_keeping == pytest.approx(2.17e-6, abs=1e-8)
    assert found.loss_of_shipping == pytest.approx(0.0431, abs=1e-4)


def test_the_posterior_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(5)
    truths = rng.normal(0, 0.3, 4_000_000)
    measured = truths + rng.normal(0, 0.2, 4_000_000)
    like_ours = truths[np.abs(measured - 0.25) < 0.005]

    found = read_out(0.25, 0.04, prior_error=0.3)

    assert found.mean == pytest.approx(like_ours.mean(), abs=0.004)
    assert found.error == pytest.approx(like_ours.std(), abs=0.004)
    assert found.chance_to_win == pytest.approx((like_ours > 0).mean(), abs=0.006)
    assert found.loss_of_shipping == pytest.approx(np.maximum(-like_ours, 0).mean(), abs=0.001)
    assert found.loss_of_keeping == pytest.approx(np.maximum(like_ours, 0).mean(), abs=0.003)


def test_both_losses_differ_by_what_is_expected() -> None:
    found = read_out(0.02, 0.0009, prior_error=0.3)

    assert found.loss_of_keeping - found.loss_of_shipping == pytest.approx(found.mean)


def test_before_any_unit_the_prior_speaks() -> None:
    found = read_out(0.0, math.inf, prior_error=0.3)

    assert (found.mean, found.error, found.chance_to_win) == (0.0, 0.3, 0.5)
    assert found.loss_of_shipping == found.loss_of_keeping == pytest.approx(0.3 / math.sqrt(2 * math.pi))


def test_without_units_and_prior_nothing_is_known() -> None:
    assert read_out(0.0, math.inf) == Readout(
        mean=0.0, error=math.inf, chance_to_win=0.5, loss_of_shipping=math.inf, loss_of_keeping=math.inf
    )


@pytest.mark.parametrize(("difference", "chance"), [(0.5, 1.0), (0.0, 0.5), (-0.5, 0.0)])
def test_a_difference_known_for_certain_is_sure(difference: float, chance: float) -> None:
    found = read_out(difference, 0.0)

    assert (found.chance_to_win, found.loss_of_shipping, found.loss_of_keeping) == (
        chance,
        max(-difference, 0.0),
        max(difference, 0.0),
    )


@pytest.mark.parametrize(("variance", "prior"), [(-1.0, 0.3), (1.0, 0.0)])
def test_a_negative_spread_is_refused(variance: float, prior: float) -> None:
    with pytest.raises(ValueError, match="variance is at least 0"):
        read_out(0.1, variance, prior_error=prior)
