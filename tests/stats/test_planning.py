import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from django_recs.stats.group_sequential import sample_inflation
from django_recs.stats.planning import Question, days_needed, rate_question, smallest_lift, units_needed


@pytest.mark.parametrize(
    ("rate", "lift", "per_arm"),
    [(0.05, 0.1, 31_231), (0.05, 0.05, 122_121), (0.03, 0.1, 53_208), (0.02, 0.05, 315_204)],
)
def test_units_for_a_rate_are_those_of_the_tables(rate: float, lift: float, per_arm: int) -> None:
    assert units_needed(rate_question(rate, lift)) == 2 * per_arm


def test_the_units_give_the_power() -> None:
    question = Question(mean=2.0, variance=90.0, lift=0.08, alpha=0.1, power=0.9, treatment_share=0.25)

    units = units_needed(question)

    error = math.sqrt(90 / (0.25 * units) + 90 / (0.75 * units))
    crossed = scipy.stats.norm.sf(scipy.stats.norm.isf(0.05) - 0.16 / error)
    assert crossed == pytest.approx(0.9, abs=1e-4)
    assert units % 4 == 0


def test_cuped_saves_units_and_daily_looks_cost_some() -> None:
    plain = Question(mean=1.0, variance=25.0, lift=0.05)

    assert units_needed(dataclasses.replace(plain, variance_saved=0.4)) == pytest.approx(
        0.6 * units_needed(plain), abs=2
    )
    assert units_needed(dataclasses.replace(plain, look_count=30)) == pytest.approx(
        sample_inflation(30) * units_needed(plain), abs=2
    )


def test_the_smallest_lift_is_what_the_units_were_planned_for() -> None:
    question = Question(mean=3.0, variance=40.0, lift=0.07, look_count=14)

    assert smallest_lift(question, units_needed(question)) == pytest.approx(0.07, rel=1e-4)
    assert smallest_lift(question, 0) == math.inf


def test_a_fall_needs_as_many_units_as_a_rise() -> None:
    rise = Question(mean=3.0, variance=40.0, lift=0.07)

    assert units_needed(dataclasses.replace(rise, lift=-0.07)) == units_needed(rise)


@pytest.mark.parametrize(("units", "days"), [(1, 7), (700, 7), (701, 14), (5_600, 56), (5_601, None)])
def test_days_are_whole_weeks_up_to_eight(units: int, days: int | None) -> None:
    assert days_needed(units, [100.0 * day for day in range(1, 91)]) == days


def test_days_beyond_what_is_known_are_not_guessed() -> None:
    assert days_needed(900, [100.0 * day for day in range(1, 9)]) is None


@pytest.mark.parametrize(
    "wrong",
    [{"mean": 0.0}, {"variance": 0.0}, {"lift": 0.0}, {"alpha": 0.0}, {"power": 1.0}, {"treatment_share": 1.0}]
    + [{"variance_saved": 1.0}, {"look_count": 0}],
)
def test_a_question_without_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"above 0|between 0 and 1"):
        Question(**({"mean": 1.0, "variance": 1.0, "lift": 0.1} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "lift"), [(0.0, 0.1), (1.0, 0.1), (0.6, 0.7)])
def test_a_rate_beyond_one_is_refused(rate: float, lift: float) -> None:
    with pytest.raises(ValueError, match="A rate lies between"):
        rate_question(rate, lift)


def test_planned_units_find_the_planned_lift_in_simulated_shops() -> None:
    units = units_needed(rate_question(0.05, 0.2)) // 2
    rng = np.random.default_rng(8)
    control, treatment = rng.binomial(units, 0.05, 20_000) / units, rng.binomial(units, 0.06, 20_000) / units

    z = (treatment - control) / np.sqrt((control * (1 - control) + treatment * (1 - treatment)) / units)

    assert (np.abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 20_000) + 0.002)
