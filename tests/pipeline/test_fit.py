"""Where time is cut, and how the live version is compared without having seen the answers."""

from dataclasses import replace

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.blend import Blend
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories, Interactions
from django_recs.engine.recommender import Recommender
from django_recs.engine.situations import Situation
from django_recs.engine.splits import TimeSplit
from django_recs.exceptions import TooLittleData
from django_recs.pipeline.champion import Champion, TranslatedVoice
from django_recs.pipeline.configuration import Configuration
from django_recs.pipeline.fit import Refit, choose_opponent, choose_split, day_of

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


class Echo:
    """Scores an item by how often it is in the history, plus its own number."""

    name = "echo"
    supports_cold_items = False
    item_count = 3

    def score(self, histories: Histories) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        scores = np.tile(np.arange(self.item_count + 1, dtype=np.float32), (len(histories), 1))
        np.add.at(scores, (histories.row, histories.item), 10)
        return scores


def never(configuration: Configuration) -> list[Recommender]:
    raise AssertionError("no voices have to be fitted again")


def opposed(
    live: Champion | None, judged: Blend, split: TimeSplit, *, refit: Refit = never
) -> tuple[Blend | None, str]:
    return choose_opponent(live, judged, split, configuration=Configuration(), refit=refit)


def champion(day: float, **weights: float) -> Champion:
    """A live version that learned until a day after 2024-03-01, with a weight for each of its voices."""
    voices = tuple(
        TranslatedVoice(name=f"champion.{name}", supports_cold_items=False, voice=Echo(), theirs=np.arange(4))  # type: ignore[arg-type]
        for name in weights
    )
    blend = Blend(voices=voices, weights={Situation.RETURNING: np.array(list(weights.values()))})  # type: ignore[arg-type]
    return Champion(version_id=4, blend=blend, trained_until=MARCH_1 + int(day * SECONDS_PER_DAY))


def days_of_split(interactions: Interactions) -> list[str]:
    split = choose_split(interactions)
    return [day_of(moment) for moment in (split.valid_start, split.test_start, split.end)]


def test_the_last_thirty_days_test_and_the_thirty_before_blend() -> None:
    assert days_of_split(events([0, 364.6])) == ["2024-12-31", "2025-01-30", "2025-03-01"]


def test_lengths_come_from_the_settings(settings: Settings) -> None:
    settings.DJANGO_RECS = {"VALIDATION_DAYS": 10, "TEST_DAYS": 5}
    assert days_of_split(events([0, 364.6])) == ["2025-02-14", "2025-02-24", "2025-03-01"]


def test_short_data_keeps_three_fifths_to_learn_from() -> None:
    assert days_of_split(events([0, 19.5])) == ["2024-03-13", "2024-03-17", "2024-03-21"]


def test_too_few_days_are_too_little_data() -> None:
    with pytest.raises(TooLittleData, match="five days"):
        choose_split(events([0, 2]))


def challenger(*names: str) -> Blend:
    voices = tuple(
        TranslatedVoice(name=name, supports_cold_items=False, voice=Echo(), theirs=np.arange(4)) for name in names
    )  # type: ignore[arg-type]
    return Blend(voices=voices, weights={Situation.RETURNING: np.ones(len(names))})  # type: ignore[arg-type]


def test_without_a_live_version_there_is_no_opponent() -> None:
    split = choose_split(events([0, 364.6]))
    assert opposed(None, challenger("a"), split) == (None, "There is no live version to compare with.")


def test_a_live_version_that_saw_nothing_of_the_test_period_is_compared_as_it_is() -> None:
    live = champion(300, a=1.0)
    opponent, note = opposed(live, challenger("a"), choose_split(events([0, 364.6])))
    assert opponent is live.blend
    assert note == "Version 4 is compared as it is."


def test_of_a_live_version_that_saw_the_test_period_the_recipe_is_compared() -> None:
    judged = challenger("b", "new", "a")
    opponent, note = opposed(champion(360, a=0.75, b=0.25), judged, choose_split(events([0, 364.6])))
    assert opponent is not None
    assert opponent.voices == judged.voices
    assert opponent.weights[Situation.RETURNING].tolist() == [0.25, 0.0, 0.75]
    assert note == (
        "Version 4 learned from events until 2025-02-24, the test period among them; its recipe is compared, over "
        "voices that did not see that period."
    )


def test_a_live_version_of_other_hyper_parameters_is_compared_over_voices_of_its_own() -> None:
    """The voices of the challenger must not stand for both, or a worse configuration would have no rival."""
    old = Configuration(source="study 3, trial 12", values={"voices.ease_penalty": 300.0})
    live = replace(champion(360, a=0.75, b=0.25), configuration=old)
    asked = []

    def refit(configuration: Configuration) -> list[Recommender]:
        asked.append(configuration)
        return list(challenger("a", "b").voices)

    opponent, note = opposed(live, challenger("b", "a"), choose_split(events([0, 364.6])), refit=refit)
    assert opponent is not None
    assert asked == [old]
    assert [voice.name for voice in opponent.voices] == ["champion.a", "champion.b"]
    assert opponent.weights[Situation.RETURNING].tolist() == [0.75, 0.25]
    history = Histories.of_one(item=[2], event_type=[7], time=[1], now=9)
    assert opponent.voices[0].score(history)[:, 1:].tolist() == [[1.0, 12.0, 3.0]]
    assert note == (
        "Version 4 learned from events until 2025-02-24, the test period among them; its recipe and its "
        "hyper-parameters are compared, over voices that did not see that period."
    )


def test_a_recipe_of_voices_that_are_no_more_cannot_be_compared() -> None:
    opponent, note = opposed(champion(360, old=1.0), challenger("a"), choose_split(events([0, 364.6])))
    assert opponent is None
    assert note == "Version 4 is made of voices that are no more; it cannot be compared."


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
