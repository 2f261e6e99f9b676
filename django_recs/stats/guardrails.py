"""Metrics that must not get worse: is the harm excluded, is it proven, or is it too early to say?"""

import math
from enum import StrEnum

from django_recs.stats.effects import Interval


class Guardrail(StrEnum):
    """What an interval says of a metric that the treatment is not allowed to harm."""

    SAFE = "safe"
    """A harm as large as the margin is excluded: the treatment is not inferior."""
    UNCLEAR = "unclear"
    """Neither is excluded."""
    HARMED = "harmed"
    """No harm at all is excluded: the treatment is worse."""
    HARMED_WITHIN_MARGIN = "harmed_within_margin"
    """Worse for certain, and for certain by less than the margin that was agreed to."""


def judge_guardrail(interval: Interval | None, *, margin: float, smaller_is_better: bool = False) -> Guardrail:
    """Non-inferiority by an interval (CONSORT extension of Piaggio et al., 2012, figure 1).

    Args:
        interval: of the difference or of the relative lift, valid at the moment of looking; None says nothing.
        margin: the largest harm that would be accepted, at least 0, in the unit of the interval. Fixed beforehand.
    """
    if margin < 0:
        raise ValueError("A margin is at least 0.")
    if interval is None:
        return Guardrail.UNCLEAR
    worst, best = (-interval.high, -interval.low) if smaller_is_better else (interval.low, interval.high)
    if math.isinf(worst) and math.isinf(best):
        return Guardrail.UNCLEAR
    if best < 0:
        return Guardrail.HARMED_WITHIN_MARGIN if worst > -margin else Guardrail.HARMED
    return Guardrail.SAFE if worst > -margin else Guardrail.UNCLEAR
