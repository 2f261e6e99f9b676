import numpy as np
import pytest

from django_recs.engine.simulation.ranges import KIND_INDEX, KINDS
from django_recs.engine.simulation.taste import season_of

CANDLES = KIND_INDEX["Candles"]
MUGS = KIND_INDEX["Mugs"]


@pytest.mark.parametrize(("day", "expected"), [(345, 1.0), (163, -0.3)])
def test_a_season_peaks_on_its_day_and_is_over_half_a_year_later(day: int, expected: float) -> None:
    assert season_of(np.array([CANDLES], dtype=np.int32), day)[0] == pytest.approx(expected, abs=1e-3)


def test_the_season_runs_through_new_year() -> None:
    peak = KINDS[CANDLES].peak_day
    before, after = (season_of(np.array([CANDLES], dtype=np.int32), day)[0] for day in (peak - 25, peak + 25 - 365))

    assert after == pytest.approx(before, abs=1e-6)


def test_kinds_without_a_season_stay_even() -> None:
    assert season_of(np.array([MUGS], dtype=np.int32), 200).tolist() == [0.0]
