import numpy as np
import pytest

from django_recs.stats.winsorising import Cap, find_cap, winsorise


def test_the_cap_is_a_quantile_of_those_who_spend() -> None:
    spent = [0.0] * 900 + [float(value) for value in range(1, 102)]  # quantile 0.99 of 1 .. 101 is 100

    assert find_cap(spent) == Cap(value=100.0, share_above=pytest.approx(1 / (101 * 51)))


def test_all_values_would_hide_the_tail_behind_those_who_spend_nothing() -> None:
    spent = np.concatenate([np.zeros(97_000), np.random.default_rng(7).lognormal(3, 1, 3_000)])

    found = find_cap(spent, quantile=0.999)

    assert found is not None
    assert (spent > found.value).sum() == 3  # of 3,000; a quantile of all would have cut 100


def test_without_spending_there_is_no_cap() -> None:
    assert (find_cap([0.0, 0.0]), find_cap([])) == (None, None)


def test_values_are_cut_at_the_cap() -> None:
    assert winsorise([0.0, 5.0, 50.0], Cap(value=10.0, share_above=0.7)).tolist() == [0.0, 5.0, 10.0]
    assert winsorise([0.0, 5.0, 50.0], None).tolist() == [0.0, 5.0, 50.0]
