"""Published results of real experiments, as other engines report them. Real data is read in place."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from django_recs.stats import confidence_sequence
from django_recs.stats.effects import Comparison, compare_means, compare_ratios
from django_recs.stats.moments import Floats, Moments

Z = 1.959963984540054
DAY_7 = compare_means(Moments.of_rate(44_700, 8_502), Moments.of_rate(45_489, 8_279))
DAY_1 = compare_means(Moments.of_rate(44_700, 20_034), Moments.of_rate(45_489, 20_119))
"""Cookie Cats: players retained after seven days and after one, gate at level 30 against 40."""


def ends(comparison: Comparison, multiplier: float) -> list[float]:
    interval = comparison.interval(multiplier)
    return [interval.low, interval.high]


def lift_ends(comparison: Comparison) -> list[float]:
    interval = comparison.lift_interval(Z)
    assert interval is not None
    return [interval.low, interval.high]


def test_cookie_cats_in_one_look_is_as_gbstats_says() -> None:
    assert DAY_7.difference == pytest.approx(-0.008201, abs=1e-6)
    assert ends(DAY_7, Z) == pytest.approx([-0.013282, -0.003121], abs=1e-6)
    assert DAY_7.p == pytest.approx(0.00155634, abs=1e-6)
    assert DAY_7.lift == pytest.approx(-0.043119, abs=1e-6)


@pytest.mark.parametrize(
    ("tuned_for", "low", "high", "p"),
    [(5_000, -0.016813, 0.000411, 0.083284), (90_189, -0.016069, -0.000334, 0.035069)],
)
def test_cookie_cats_in_a_confidence_sequence_is_as_gbstats_says(
    tuned_for: int, low: float, high: float, p: float
) -> None:
    reach = confidence_sequence.multiplier(DAY_7.count, tuned_for=tuned_for)

    assert ends(DAY_7, reach) == pytest.approx([low, high], abs=1e-6)
    assert confidence_sequence.p(DAY_7.z, DAY_7.count, tuned_for=tuned_for) == pytest.approx(p, abs=1e-5)


def test_cookie_cats_by_fieller() -> None:
    assert lift_ends(DAY_7) == pytest.approx([-0.068902, -0.016636], abs=1e-6)
    assert lift_ends(DAY_1) == pytest.approx([-0.027451, 0.001309], abs=1e-6)


@pytest.fixture(scope="module")
def hillstrom(data_folder: Path) -> dict[str, dict[str, Floats]]:
    """Visit, conversion, spend and past spend ("history") of each arm of Hillstrom's e-mail experiment (2008)."""
    with gzip.open(data_folder / "hillstrom" / "hillstrom.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    arms = {row["segment"] for row in rows}
    return {
        arm: {
            name: np.array([float(row[name]) for row in rows if row["segment"] == arm])
            for name in ("visit", "conversion", "spend", "history")
        }
        for arm in arms
    }


def against_none(hillstrom: dict[str, dict[str, Floats]], arm: str, *names: str) -> tuple[Moments, Moments]:
    return (
        Moments.of(*(hillstrom["No E-Mail"][name] for name in names)),
        Moments.of(*(hillstrom[arm][name] for name in names)),
    )


@pytest.mark.real_data
def test_hillstrom_has_the_known_arms(hillstrom: dict[str, dict[str, Floats]]) -> None:
    mens, womens = "Mens E-Mail", "Womens E-Mail"

    assert [len(hillstrom[arm]["visit"]) for arm in ("No E-Mail", mens, womens)] == [21_306, 21_307, 21_387]
    visit = compare_means(*against_none(hillstrom, mens, "visit"))
    assert (visit.control, visit.treatment) == (pytest.approx(0.106167, abs=1e-6), pytest.approx(0.182757, abs=1e-6))
    assert ends(visit, Z) == pytest.approx([0.069953, 0.083226], abs=2e-6)
    mens_spend = compare_means(*against_none(hillstrom, mens, "spend"))
    assert ends(mens_spend, Z) == pytest.approx([0.485140, 1.054515], abs=1e-5)
    assert mens_spend.p == pytest.approx(1.16e-7, rel=0.01)
    assert mens_spend.count == 42_613
    assert ends(mens_spend, confidence_sequence.multiplier(42_613, tuned_for=42_613)) == pytest.approx(
        [0.328973, 1.210681], abs=1e-5
    )
    womens_spend = compare_means(*against_none(hillstrom, womens, "spend"))
    assert ends(womens_spend, Z) == pytest.approx([0.168957, 0.679868], abs=1e-5)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("arm", "metric", "low", "high"),
    [
        ("Mens E-Mail", "spend", 0.643690, 1.977447),
        ("Womens E-Mail", "spend", 0.224173, 1.274941),
        ("Mens E-Mail", "conversion", 0.779533, 1.738772),
        ("Womens E-Mail", "conversion", 0.234020, 0.952367),
        ("Mens E-Mail", "visit", 0.640927, 0.807116),
        ("Womens E-Mail", "visit", 0.356480, 0.499966),
    ],
)
def test_hillstroms_lifts_by_fieller(
    hillstrom: dict[str, dict[str, Floats]], arm: str, metric: str, low: float, high: float
) -> None:
    assert lift_ends(compare_means(*against_none(hillstrom, arm, metric))) == pytest.approx([low, high], abs=1e-5)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("arm", "difference", "low", "high"),
    [("Mens E-Mail", -0.475776, -23.067, 22.115), ("Womens E-Mail", 7.892, -15.725, 31.509)],
)
def test_hillstroms_order_value_is_a_ratio(
    hillstrom: dict[str, dict[str, Floats]], arm: str, difference: float, low: float, high: float
) -> None:
    found = compare_ratios(*against_none(hillstrom, arm, "spend", "conversion"))

    assert found.difference == pytest.approx(difference, abs=1e-3)
    assert ends(found, Z) == pytest.approx([low, high], abs=2e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("arm", "difference", "low", "high"),
    [("Mens E-Mail", 0.767438, 0.482813, 1.052064), ("Womens E-Mail", 0.422701, 0.167294, 0.678108)],
)
def test_hillstroms_spend_adjusted_by_history_is_as_tea_tasting_says(
    hillstrom: dict[str, dict[str, Floats]], arm: str, difference: float, low: float, high: float
) -> None:
    found = compare_means(*against_none(hillstrom, arm, "spend", "history"))

    assert found.difference == pytest.approx(difference, abs=2e-5)
    assert ends(found, Z) == pytest.approx([low, high], abs=3e-5)
    assert found.variance_saved == pytest.approx(0.0005, abs=0.0002)
