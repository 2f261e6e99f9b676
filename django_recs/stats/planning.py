"""How many units, how many days, or how small an effect: answered before the experiment, from the shop's own past."""

import math
from dataclasses import dataclass

from django_recs.stats.group_sequential import sample_inflation
from django_recs.stats.normal import upper_quantile

WEEK_DAYS = 7
LONGEST_DAYS = 56
"""Eight weeks. Visitor cookies expire and seasons change: what cannot be found by then is not testable this way."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an experiment wants to find out, and how sure it wants to be."""

    mean: float
    """The metric per unit now, above 0."""
    variance: float
    """Of the metric between units, above 0."""
    lift: float
    """The smallest relative difference worth finding, such as 0.05; below 0 for a fall."""
    alpha: float = 0.05
    power: float = 0.8
    variance_saved: float = 0.0
    """Share of the variance that CUPED removed on the shop's own past, 0 to below 1."""
    treatment_share: float = 0.5
    """Of the experiment's units, between 0 and 1."""
    look_count: int = 1
    """Planned looks; daily ones cost about five in a hundred more units than a single one."""

    def __post_init__(self) -> None:
        fractions = (self.alpha, self.power, self.treatment_share)
        if self.mean <= 0 or self.variance <= 0 or self.lift == 0 or self.look_count < 1:
            raise ValueError("Mean and variance are above 0, the lift is not 0, and there is at least one look.")
        if not all(0 < value < 1 for value in fractions) or not 0 <= self.variance_saved < 1:
            raise ValueError("Alpha, power and share lie between 0 and 1, and CUPED saves less than everything.")


def rate_question(rate: float, lift: float, **wanted: float) -> Question:
    """The question for a share of units, such as conversion: its variance is between those of both arms.

    With equal arms the sum of both arms' variances is exact (Chow, Shao and Wang, 2008, section 4.2).
    """
    lifted = rate * (1 + lift)
    if not 0 < rate < 1 or not 0 < lifted < 1:
        raise ValueError("A rate lies between 0 and 1, also with the lift.")
    variance = (rate * (1 - rate) + lifted * (1 - lifted)) / 2
    return Question(mean=rate, variance=variance, lift=lift, **wanted)  # type: ignore[arg-type]


def units_needed(question: Question) -> int:
    """Units of both arms together for the wanted power, rounded up to whole units in the smaller arm.

    (z(alpha / 2) + z(beta))^2 (v0 / n0 + v1 / n1) / d^2 (Chow, Shao and Wang, 2008, section 3.2), less what CUPED
    saves, times what the looks cost.
    """
    smaller = min(question.treatment_share, 1 - question.treatment_share)
    return math.ceil(
        math.ceil(_scale(question) / (question.mean * question.lift) ** 2 * smaller - 1e-9) / smaller - 1e-9
    )


def smallest_lift(question: Question, unit_count: int) -> float:
    """The relative lift that ``unit_count`` units of both arms find with the wanted power; inf without units.

    The variance is that of the question, whatever its lift.
    """
    return math.sqrt(_scale(question) / unit_count) / question.mean if unit_count > 0 else math.inf


def days_needed(units: int, units_by_day: list[float]) -> int | None:
    """Whole weeks, in days, until that many new units have come; None beyond `LONGEST_DAYS`.

    Whole weeks, since weekend shoppers differ from weekday ones and each day should count equally often.

    Args:
        units_by_day: new units expected by the end of each day from the first, growing; the last value of a shorter
            list is not extrapolated.
    """
    for day in range(WEEK_DAYS, min(len(units_by_day), LONGEST_DAYS) + 1, WEEK_DAYS):
        if units_by_day[day - 1] >= units:
            return day
    return None


def _scale(question: Question) -> float:
    """Units times squared difference."""
    z = upper_quantile(question.alpha / 2) + upper_quantile(1 - question.power)
    spread = question.variance * (1 / question.treatment_share + 1 / (1 - question.treatment_share))
    looks = sample_inflation(question.look_count, alpha=question.alpha, power_wanted=question.power)
    return z * z * spread * (1 - question.variance_saved) * looks
