"""Hashing: even, independent, steady while an experiment grows, and quick."""

import dataclasses
import math
import time
import uuid
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from django_recs.experiments.assignment import Arm, LayerRange, Served, assign, position


def served(*shares: float, **fields: object) -> Served:
    arms = [
        Arm(pk=place, slug=f"arm-{place}", share=share, changes={}) for place, share in enumerate(shares or (0.5, 0.5))
    ]
    values: dict[str, object] = {"pk": 1, "slug": "header", "salt": "s", "is_running": True, "is_holdout": False}
    values |= {"arms": arms, "coverage": 1.0, "wants_customers": True, "wants_guests": True, "window_days": 14}
    return Served(**(values | fields))  # type: ignore[arg-type]


def arm_of(experiment: Served, unit: str) -> int | None:
    arm = assign(experiment, unit, is_customer=True)
    return None if arm is None else arm.pk


def test_known_positions_never_change() -> None:
    """As ``printf "salt\\0c1" | b2sum -l 64`` says, the first 53 bits over 2^53."""
    assert [position("salt", unit) for unit in ("c1", "c2", "v0")] == [
        0.6535401468457847,
        0.353986864975516,
        0.026902626159344245,
    ]


@pytest.mark.parametrize(
    "unit",
    [lambda n: f"c{n}", lambda n: f"v{uuid.UUID(int=n).hex}", lambda n: f"cperson{n}@example.org"],
    ids=["numbers", "uuids", "mails"],
)
def test_units_spread_evenly_whatever_they_look_like(unit: Callable[[int], str]) -> None:
    for salt in range(3):
        bins = np.bincount([int(100 * position(f"salt {salt}", unit(n))) for n in range(10_000)], minlength=100)
        assert scipy.stats.chisquare(bins).pvalue > 1e-4


def test_two_experiments_know_nothing_of_each_other() -> None:
    size = 10_000
    sides = np.array([[position(f"salt {salt}", f"c{n}") < 0.5 for n in range(size)] for salt in range(8)])

    correlations = np.corrcoef(sides)[np.triu_indices(8, 1)]

    assert np.abs(correlations).max() < 4 / math.sqrt(size)


def test_arms_get_their_shares() -> None:
    experiment = served(0.2, 0.3, 0.5)

    counts = np.bincount([arm_of(experiment, f"c{n}") or 0 for n in range(30_000)])

    assert scipy.stats.chisquare(counts, [6_000, 9_000, 15_000]).pvalue > 1e-4


@given(unit=st.text(max_size=60), low=st.floats(0.01, 1), high=st.floats(0.01, 1), shares=st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_a_growing_coverage_moves_nobody(unit: str, low: float, high: float, shares: int) -> None:
    experiment = served(shares / 10, 1 - shares / 10)
    narrow, wide = sorted((low, high))

    before = arm_of(dataclasses.replace(experiment, coverage=narrow), unit)
    after = arm_of(dataclasses.replace(experiment, coverage=wide), unit)

    assert before is None or after == before


def test_coverage_is_the_share_that_takes_part() -> None:
    experiment = served(coverage=0.1)

    taking_part = sum(arm_of(experiment, f"c{n}") is not None for n in range(20_000))

    assert taking_part == pytest.approx(2_000, abs=3 * math.sqrt(20_000 * 0.09))


def test_experiments_of_a_layer_share_no_unit() -> None:
    first = served(salt="one", layer=LayerRange(salt="layer", start=0, stop=4_000))
    second = served(salt="two", layer=LayerRange(salt="layer", start=4_000, stop=10_000))

    for n in range(5_000):
        assert (arm_of(first, f"c{n}") is None) != (arm_of(second, f"c{n}") is None)


@pytest.mark.parametrize(("customers", "guests"), [(True, False), (False, True)])
def test_only_the_audience_takes_part(customers: bool, guests: bool) -> None:
    experiment = served(wants_customers=customers, wants_guests=guests)

    assert (assign(experiment, "c1", is_customer=True) is not None) is customers
    assert (assign(experiment, "v1", is_customer=False) is not None) is guests


def test_nobody_takes_part_in_what_does_not_run() -> None:
    assert arm_of(served(is_running=False), "c1") is None


def test_an_assignment_takes_microseconds() -> None:
    experiment = served(coverage=0.5, layer=LayerRange(salt="layer", start=0, stop=10_000))
    rounds = []
    for _ in range(5):
        start = time.thread_time()
        for n in range(2_000):
            assign(experiment, f"c{n}", is_customer=True)
        rounds.append((time.thread_time() - start) / 2_000)

    assert min(rounds) < 50e-6
