"""The shop's wall clock against Python's own, in zones with and without summer time."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from django_recs.engine.local_time import MOMENTS, LocalTime

SEASON_OF_MONTH = dict.fromkeys((12, 1, 2), 0) | dict.fromkeys((3, 4, 5), 1) | dict.fromkeys((6, 7, 8), 2)


def seconds(*moment: int, zone: str = "UTC") -> int:
    return int(datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_the_clock_reads_as_in_python(zone: str) -> None:
    rng = random.Random(0)
    start, stop = seconds(1971, 1, 1), seconds(2090, 1, 1)
    times = [rng.randrange(start, stop) for _ in range(2_000)]
    there = [datetime.fromtimestamp(time, ZoneInfo(zone)) for time in times]

    read = LocalTime.of_zone(ZoneInfo(zone)).read(np.array(times))

    assert read["hour"].tolist() == [moment.hour for moment in there]
    assert read["weekday"].tolist() == [moment.weekday() for moment in there]
    assert read["season"].tolist() == [SEASON_OF_MONTH.get(moment.month, 3) for moment in there]


def test_the_clock_changes_at_the_very_second() -> None:
    change = int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp())  # 02:00 in Berlin becomes 03:00

    read = LocalTime.of_zone(ZoneInfo("Europe/Berlin")).read(np.array([change - 1, change]))

    assert read["hour"].tolist() == [1, 3]


def test_values_have_names_in_the_order_of_their_numbers() -> None:
    monday = datetime(2026, 1, 5, tzinfo=UTC)
    week = np.array([int((monday + timedelta(days=day)).timestamp()) for day in range(7)])

    read = LocalTime.of_zone(UTC).read(week)

    names = [MOMENTS["weekday"][number] for number in read["weekday"]]
    assert names == ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    assert {MOMENTS["season"][number] for number in read["season"]} == {"december-february"}
    assert MOMENTS["hour"][13] == "13"
