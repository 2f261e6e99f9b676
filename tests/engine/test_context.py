"""Circumstances as small numbers: which values are told apart, and what a visitor's events and question become."""

from dataclasses import replace
from datetime import UTC

import numpy as np

from django_recs.engine.circumstances import NOTHING_KNOWN, Circumstances
from django_recs.engine.context import NO_CONTEXT, PERSON_MINIMUM, ContextScale, fit_context_scale
from django_recs.engine.interactions import Histories, Interactions
from django_recs.engine.local_time import LocalTime
from tests.learning.worlds import interactions_of

HOUR = 3_600
DEVICES = ContextScale(values={"device": ("mobile", "desktop"), "country": ("DE",)})


def events_of(devices: list[str], *, persons: int = PERSON_MINIMUM, **columns: list[str]) -> Interactions:
    """Each person has one event with each of ``devices``, an hour apart."""
    rows = [(unit, 1, HOUR * place) for unit in range(persons) for place in range(len(devices))]
    named = {name: values * persons for name, values in {"device": devices, **columns}.items()}
    return replace(interactions_of(rows, item_count=1), context=Circumstances.of(named))


def one_visitor(devices: list[str], *, asked: dict[str, list[str]] | None = None) -> Histories:
    return Histories.of_one(
        item=[1] * len(devices),
        event_type=[2] * len(devices),
        time=[HOUR * place for place in range(len(devices))],
        now=HOUR * len(devices),
        context=Circumstances.of({"device": devices}),
        asked=Circumstances.of(asked or {}),
    )


def test_a_value_counts_from_five_persons_on_however_often_one_person_had_it() -> None:
    known = events_of(["mobile", "tablet"])
    rare = events_of(["watch", "watch", "watch", "mobile"], persons=PERSON_MINIMUM - 1)
    both = replace(
        interactions_of(
            [(unit, 1, 0) for unit in known.unit] + [(unit + PERSON_MINIMUM, 1, 0) for unit in rare.unit], item_count=1
        ),
        context=Circumstances.of(
            {
                "device": [
                    events.context.texts["device"][code]
                    for events in (known, rare)
                    for code in events.context.codes["device"]
                ]
            }
        ),
    )

    assert fit_context_scale(both).values == {"device": ("mobile", "tablet")}


def test_a_name_that_always_says_the_same_is_left_out() -> None:
    events = events_of(["mobile", "tablet"], country=["DE", "DE"], unheard=["", ""])

    assert fit_context_scale(events).values == {"device": ("mobile", "tablet")}


def test_the_clock_gives_what_occurred_in_training_and_only_that() -> None:
    events = events_of(["mobile"] * 3)  # 0, 1 and 2 o'clock of one Thursday in winter

    scale = fit_context_scale(events, clock=LocalTime.of_zone(UTC))

    assert scale.values == {"hour": ("0", "1", "2")}
    assert scale.codes((NOTHING_KNOWN, np.array([0, 2 * HOUR, 3 * HOUR]))).tolist() == [[1], [3], [0]]


def test_unknown_values_names_and_circumstances_are_zero() -> None:
    told = Circumstances.of({"device": ["desktop", "", "watch", "mobile"]})

    assert DEVICES.codes((told, np.zeros(4, dtype=np.int64))).tolist() == [[2, 0], [0, 0], [0, 0], [1, 0]]
    assert DEVICES.codes((NOTHING_KNOWN, np.zeros(2, dtype=np.int64))).tolist() == [[0, 0], [0, 0]]


def test_beside_each_event_stands_the_next_one_and_at_last_the_question() -> None:
    histories = one_visitor(["mobile", "desktop", ""], asked={"device": ["desktop"], "country": ["DE"]})

    # device and country of the event, then of what comes next
    assert DEVICES.read(histories).tolist() == [[1, 0, 2, 0], [2, 0, 0, 0], [0, 0, 2, 1]]


def test_at_any_moment_nothing_is_said_of_the_question() -> None:
    histories = one_visitor(["mobile", "desktop"], asked={"device": ["desktop"], "country": ["DE"]})

    assert DEVICES.read(histories, at_any_moment=True).tolist() == [[1, 0, 2, 0], [2, 0, 0, 0]]


def test_visitors_do_not_look_into_each_others_events() -> None:
    visitors = replace(
        one_visitor(["mobile", "desktop", "desktop"]),
        offsets=np.array([0, 1, 1, 3]),
        now=np.zeros(3, dtype=np.int64),
        asked=Circumstances.of({"country": ["DE", "DE", ""]}),
    )

    assert DEVICES.read(visitors).tolist() == [[1, 0, 0, 1], [2, 0, 2, 0], [2, 0, 0, 0]]


def test_a_scale_survives_its_arrays() -> None:
    scale = ContextScale(
        values={"hour": ("7", "19"), "device": ("mobile",)},
        clock=LocalTime(changes=np.array([50]), offsets=np.array([0, HOUR])),
    )

    restored = ContextScale.from_arrays(scale.arrays())

    assert restored.values == scale.values
    times = np.array([7 * HOUR, 6 * HOUR, 19 * HOUR, 18 * HOUR])
    assert restored.codes((NOTHING_KNOWN, times)).tolist() == [[0, 0], [1, 0], [0, 0], [2, 0]]


def test_without_names_there_are_no_arrays_and_nothing_is_read() -> None:
    assert NO_CONTEXT.arrays() == {}
    assert ContextScale.from_arrays({"item_vectors": np.zeros(1)}).values == {}
    assert NO_CONTEXT.read(one_visitor(["mobile", "desktop"])).shape == (2, 0)
