import numpy as np
import pytest
import scipy.special
import scipy.stats

from django_recs.stats.sample_ratio import chi_square_p, sequential_p


@pytest.mark.parametrize(
    ("counts", "shares"), [((510, 490), (1, 1)), ((300, 700), (0.3, 0.7)), ((100, 130, 95), (1, 1, 1))]
)
def test_chi_square_is_scipys(counts: tuple[int, ...], shares: tuple[float, ...]) -> None:
    expected = np.array(shares) / sum(shares) * sum(counts)

    assert chi_square_p(counts, shares) == pytest.approx(scipy.stats.chisquare(counts, expected).pvalue)


def test_cookie_cats_is_a_warning() -> None:
    """Chi-square 6.9024, p 0.008608: below the 1 % that warns, above the 0.05 % that blocks."""
    assert chi_square_p((44_700, 45_489), (1, 1)) == pytest.approx(0.008608, abs=1e-6)


@pytest.mark.parametrize("counts", [(0, 0), (1, 1)])
def test_what_fits_perfectly_is_no_evidence(counts: tuple[int, int]) -> None:
    assert chi_square_p(counts, (0.5, 0.5)) == 1.0


def test_a_unit_where_none_belongs_is_impossible() -> None:
    assert chi_square_p((1, 99), (0, 1)) == 0.0
    assert sequential_p([(0, 99), (1, 99)], (0, 1)) == 0.0


def test_an_arm_without_share_and_units_is_left_out() -> None:
    assert chi_square_p((0, 60, 40), (0, 1, 1)) == pytest.approx(chi_square_p((60, 40), (1, 1)))
    assert sequential_p([(0, 60, 40)], (0, 1, 1)) == pytest.approx(sequential_p([(60, 40)], (1, 1)))
    assert chi_square_p((7,), (1,)) == 1.0


def test_the_sequential_p_is_one_over_a_beta_bayes_factor() -> None:
    counts = (5_200, 4_800)

    log_factor = scipy.special.betaln(50 + 5_200, 50 + 4_800) - scipy.special.betaln(50, 50) - 10_000 * np.log(0.5)

    assert sequential_p([counts], (0.5, 0.5)) == pytest.approx(np.exp(-log_factor))


def test_it_keeps_the_strongest_alarm() -> None:
    calm, alarming = (5_000, 5_000), (560, 440)

    alone = sequential_p([alarming], (1, 1))
    assert alone < 1
    assert sequential_p([alarming, calm], (1, 1)) == alone
    assert sequential_p([calm], (1, 1)) == 1.0
    assert sequential_p([], (1, 1)) == 1.0


@pytest.mark.parametrize("shares", [(1,), (-1, 2), (0, 0)])
def test_shares_without_sense_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="one planned share"):
        chi_square_p((1, 2), shares)
    with pytest.raises(ValueError, match="one planned share"):
        sequential_p([(1, 2)], shares)
