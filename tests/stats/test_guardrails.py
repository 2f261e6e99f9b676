import math

import pytest

from django_recs.stats.effects import Interval
from django_recs.stats.guardrails import Guardrail, judge_guardrail


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.01, 0.05, Guardrail.SAFE),
        (0.01, 0.05, Guardrail.SAFE),
        (-0.03, 0.05, Guardrail.UNCLEAR),
        (-0.03, 0.0, Guardrail.UNCLEAR),
        (-0.02, 0.05, Guardrail.UNCLEAR),
        (-0.05, -0.03, Guardrail.HARMED),
        (-0.05, -0.01, Guardrail.HARMED),
        (-0.015, -0.01, Guardrail.HARMED_WITHIN_MARGIN),
        (-math.inf, math.inf, Guardrail.UNCLEAR),
    ],
)
def test_an_interval_against_a_margin_of_two_percent(low: float, high: float, verdict: Guardrail) -> None:
    assert judge_guardrail(Interval(low=low, high=high), margin=0.02) is verdict
    mirrored = Interval(low=-high, high=-low)
    assert judge_guardrail(mirrored, margin=0.02, smaller_is_better=True) is verdict


def test_without_an_interval_it_is_too_early_to_say() -> None:
    assert judge_guardrail(None, margin=0.02) is Guardrail.UNCLEAR


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        judge_guardrail(Interval(low=0, high=1), margin=-0.01)
