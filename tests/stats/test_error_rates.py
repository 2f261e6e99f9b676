"""The short form of `tests/benchmarks/experiment_error_rates.py`: fewer experiments, so wider margins."""

from pathlib import Path

import pytest

from tests.benchmarks.experiment_error_rates import (
    CUPED,
    RATE_1,
    RATIO,
    REVENUE,
    World,
    check_false_winners,
    check_ratio_alarms,
    conversions,
    design_rate,
    error_of,
    lift_coverage,
    ratio_alarms,
    real_spend,
    winners,
    z_values,
)


@pytest.mark.parametrize("world", [RATE_1, REVENUE, RATIO, CUPED], ids=lambda world: world.name)
def test_daily_looks_find_few_false_winners(world: World) -> None:
    found = winners(z_values(world, count=150, seed=1))

    check_false_winners(found, 150)
    assert found["naive, at each look"] > 0.15


def test_the_design_effect_is_found_under_daily_looks() -> None:
    treated = World(name="", draw=conversions(design_rate(0.05)))
    found = winners(z_values(World(name="", draw=conversions(0.05)), count=200, seed=2, treated=treated))

    assert found["group-sequential"] >= 0.76 - 3 * error_of(0.76, 200)


@pytest.mark.real_data
def test_real_spend_finds_few_false_winners(data_folder: Path) -> None:
    found = real_spend(data_folder, count=250, seed=3)

    for rate, _ in found.values():
        assert rate == pytest.approx(0.05, abs=0.005 + 3 * error_of(0.05, 250))
    assert found["raw"][1] == found["capped"][1] == 0.0
    assert found["raw + CUPED"][1] > 0.5
    assert found["capped + CUPED"][1] > 0.5


def test_lifts_hold_the_truth() -> None:
    fieller, _ = lift_coverage(2_000, count=1_000, seed=4)

    assert 0.943 - 3 * error_of(0.95, 1_000) <= fieller <= 0.962 + 3 * error_of(0.95, 1_000)


@pytest.mark.parametrize("share", [0.5, 0.52])
def test_sample_ratio_alarms_are_rare_when_false_and_sure_when_true(share: float) -> None:
    check_ratio_alarms(share, ratio_alarms(share, count=300, seed=5), 300)
