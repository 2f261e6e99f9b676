"""The table of parameters agrees with the configurations that it names, and says what a value may be."""

import pytest

from django_recs.engine.parameters import BY_NAME, PARAMETERS, of_part, problems
from django_recs.engine.voices import VoiceConfig
from django_recs.learning import NetworkConfig

CONFIGS = {"voices": VoiceConfig(), "network": NetworkConfig()}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_parameter_is_a_field_whose_default_lies_in_its_range(parameter: "object") -> None:
    default = getattr(CONFIGS[parameter.part], parameter.field)  # type: ignore[attr-defined]

    assert parameter.low <= default <= parameter.high  # type: ignore[attr-defined]
    assert isinstance(default, int) == parameter.is_whole  # type: ignore[attr-defined]
    for value in (default, parameter.low, parameter.high, *parameter.grid):  # type: ignore[attr-defined]
        assert problems({parameter.name: value}) == []  # type: ignore[attr-defined]
    assert all(parameter.low <= value <= parameter.high for value in parameter.grid)  # type: ignore[attr-defined]


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_configuration_can_be_made_of_the_ends_of_every_range(parameter: "object") -> None:
    for value in (parameter.low, parameter.high):  # type: ignore[attr-defined]
        fields = of_part({parameter.name: value}, parameter.part)  # type: ignore[attr-defined]
        assert getattr(type(CONFIGS[parameter.part])(**fields), parameter.field) == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("voices.ease_penalty", 0, "must be above 0"),
        ("voices.ease_penalty", "150", "must be a number"),
        ("voices.ease_penalty", True, "must be a number"),
        ("voices.ease_penalty", float("inf"), "must be above 0"),
        ("voices.ease_penalty", float("nan"), "must be above 0"),
        ("voices.knn_neighbour_count", 50.5, "must be a whole number above 0"),
        ("voices.knn_neighbour_count", 0, "must be a whole number above 0"),
        ("network.width", 63, "must be a multiple of 16 above 0"),
        ("network.dropout", 1.0, "must be from 0 to below 1"),
        ("network.dropout", -0.1, "must be from 0 to below 1"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_reason(name: str, value: object, reason: str) -> None:
    assert problems({name: value}) == [f"{name} is {value!r}; it {reason}."]


def test_values_outside_the_searched_range_may_be_set_by_hand() -> None:
    assert problems({"voices.ease_penalty": 9_000, "network.dropout": 0.0, "network.width": 256}) == []


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    assert problems({"ease_penalty": 1.0}) == [f"There is no parameter 'ease_penalty'; known: {', '.join(BY_NAME)}."]
