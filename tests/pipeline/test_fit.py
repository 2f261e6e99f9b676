"""Where time is cut, and how the live version is compared without having seen the answers."""

from dataclasses import replace

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.blend import Blend
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories, Interactions
from django_recs.exceptions import TooLittleData
from django_recs.pipeline.champion import Champion, TranslatedVoice
from django_recs.pipeline.fit import choose_split, day_of

MARCH_1 = 19_783 * SECONDS_PER_DAY
"""2024-03-01 in seconds."""


def events(days: list[float]) -> Interactions:
    count = len(days)
    return Interactions(
        unit=np.zeros(count, np.int32),
        item=np.ones(count, np.int32),
        event_type=np.full(count, 7, np.int8),
        time=MARCH_1 + (np.array(days) * SECONDS_PER_DAY).astype(np.int64),
        quantity=np.ones(count, np.float32),
        basket=np.arange(count, dtype=np.int32),
        unit_ids=["c:1"],
        item_ids=["", "a"],
    )


def champion(day: float) -> Champion:
    until = MARCH_1 + int(day * SECONDS_PER_DAY)
    return Champion(version_id=4, blend=Blend(voices=(), weights={}), trained_until=until)


def days_of_split(interactions: Interactions, live: Champion | None = None) -> tuple[list[str], str]:
    split, note = choose_split(interactions, live)
    return [day_of(moment) for moment in (split.valid_start, split.test_start, split.end)], note


def test_the_last_thirty_days_test_and_the_thirty_before_blend() -> None:
    assert days_of_split(events([0, 364.6])) == (
        ["2024-12-31", "2025-01-30", "2025-03-01"],
        "There is no live version to compare with.",
    )


def test_lengths_come_from_the_settings(settings: Settings) -> None:
    settings.DJANGO_RECS = {"VALIDATION_DAYS": 10, "TEST_DAYS": 5}
    assert days_of_split(events([0, 364.6]))[0] == ["2025-02-14", "2025-02-24", "2025-03-01"]


def test_short_data_keeps_three_fifths_to_learn_from() -> None:
    assert days_of_split(events([0, 19.5]))[0] == ["2024-03-13", "2024-03-17", "2024-03-21"]


def test_too_few_days_are_too_little_data() -> None:
    with pytest.raises(TooLittleData, match="five days"):
        choose_split(events([0, 2]), None)


def test_an_old_live_version_is_compared_on_the_whole_test_period() -> None:
    days, note = days_of_split(events([0, 364.6]), champion(300))
    assert days == ["2024-12-31", "2025-01-30", "2025-03-01"]
    assert note == "Version 4 is compared on the whole test period."


def test_a_live_version_that_saw_some_of_the_test_period_moves_its_start() -> None:
    days, note = days_of_split(events([0, 364.6]), champion(349.5))
    assert days == ["2025-01-15", "2025-02-14", "2025-03-01"]
    assert note == "The test period starts on 2025-02-14, after all that version 4 learned from."


def test_a_live_version_of_yesterday_is_left_out() -> None:
    days, note = days_of_split(events([0, 364.6]), champion(360))
    assert days == ["2024-12-31", "2025-01-30", "2025-03-01"]
    assert note == (
        "Version 4 learned from events until 2025-02-24, so fewer than 7 days remain on which a comparison would be "
        "fair; it is left out."
    )


class Echo:
    """Scores an item by how often it is in the history, plus its own number."""

    name = "echo"
    supports_cold_items = False
    item_count = 3

    def score(self, histories: Histories) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        scores = np.tile(np.arange(self.item_count + 1, dtype=np.float32), (len(histories), 1))
        np.add.at(scores, (histories.row, histories.item), 10)
        return scores


def test_a_voice_of_another_catalogue_is_asked_in_its_own_numbers() -> None:
    ours = ["", "new", "c", "a"]
    theirs = ["", "a", "b", "c"]
    numbers = np.array([theirs.index(item) if item in theirs else 0 for item in ours], dtype=np.int32)
    voice = TranslatedVoice(name="champion.echo", supports_cold_items=False, voice=Echo(), theirs=numbers)  # type: ignore[arg-type]
    first = Histories.of_one(item=[1, 2, 2], event_type=[7, 7, 7], time=[1, 2, 3], now=9)
    nobody = replace(
        first, offsets=np.array([0, 0]), item=first.item[:0], event_type=first.event_type[:0], time=first.time[:0]
    )
    # c: two purchases and its number 3; a: its number 1; of the new product nothing is known.
    assert voice.score(first)[:, 1:].tolist() == [[0.0, 23.0, 1.0]]
    assert voice.score(nobody)[:, 1:].tolist() == [[0.0, 3.0, 1.0]]
