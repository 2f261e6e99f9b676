"""A world in which the hour decides: what is asked for, and when, changes what is recommended."""

from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest

from django_recs.engine.circumstances import Circumstances
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories, Interactions
from django_recs.engine.local_time import LocalTime
from django_recs.learning import FittedNetwork, fit_network
from tests.learning.worlds import EVENT_WEIGHTS, SMALL, interactions_of, plain_content

BREAKFAST, SUPPER = range(1, 6), range(6, 11)
HOUR = 3_600


def two_meals(unit_count: int = 100, day_count: int = 6) -> Interactions:
    """Everybody buys one thing for breakfast at 8 and one for supper at 20 o'clock, by turns on phone and desktop."""
    rng = np.random.default_rng(0)
    rows = []
    for unit in range(unit_count):
        for day in range(day_count):
            rows.append((unit, int(rng.choice(BREAKFAST)), day * SECONDS_PER_DAY + 8 * HOUR))
            rows.append((unit, int(rng.choice(SUPPER)), day * SECONDS_PER_DAY + 20 * HOUR))
    kept = [row for row in rows if rng.random() < 0.6]  # so that what comes next does not follow from what came last
    devices = rng.choice(["mobile", "desktop"], len(kept)).tolist()
    return replace(interactions_of(kept, item_count=10), context=Circumstances.of({"device": devices}))


@pytest.fixture(scope="module")
def fitted() -> FittedNetwork:
    return fit_network(
        two_meals(),
        plain_content(10),
        config=replace(SMALL, tokens_per_batch=128, epoch_limit=12, patience=12, learning_rate=0.03),
        event_weights=EVENT_WEIGHTS,
        clock=LocalTime.of_zone(UTC),
    )


def visitor(now: int) -> Histories:
    """Bought breakfast and supper on the first day, and asks on the second."""
    return Histories.of_one(item=[1, 6], event_type=[7, 7], time=[8 * HOUR, 20 * HOUR], now=now)


def best(scores: np.ndarray) -> set[int]:
    return set(np.argsort(-scores[0, 1:])[:5] + 1)


def test_the_hour_of_asking_changes_the_ranking(fitted: FittedNetwork) -> None:
    voice = fitted.voice()

    assert best(voice.score(visitor(SECONDS_PER_DAY + 8 * HOUR))) == set(BREAKFAST)
    assert best(voice.score(visitor(SECONDS_PER_DAY + 20 * HOUR))) == set(SUPPER)


def test_what_was_fitted_is_named_and_the_device_is_among_it(fitted: FittedNetwork) -> None:
    assert fitted.context.values == {
        "hour": ("8", "20"),
        "weekday": ("monday", "tuesday", "thursday", "friday", "saturday", "sunday"),
        "device": ("desktop", "mobile"),
    }


def test_a_vector_of_a_person_does_not_depend_on_the_hour(fitted: FittedNetwork) -> None:
    voice = fitted.voice()
    morning, evening = (visitor(SECONDS_PER_DAY + hour * HOUR) for hour in (8, 9))

    person = voice.encode(morning, at_any_moment=True)

    assert voice.encode(evening, at_any_moment=True).tolist() == person.tolist()  # an hour is no other gap
    assert np.isfinite(person).all()
    assert np.abs(voice.encode(morning) - person).max() > 0.1
