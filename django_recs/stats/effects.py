"""Treatment against control: difference and relative lift of means and ratios, with or without CUPED.

`compare_means` and `compare_ratios` estimate. How many standard errors an interval reaches to both sides is decided
elsewhere: by `normal.upper_quantile` for one look, by `group_sequential` or `confidence_sequence` for many.
"""

import math
from dataclasses import dataclass

import numpy as np

from django_recs.stats.moments import Floats, Moments
from django_recs.stats.normal import two_sided_p


@dataclass(frozen=True, kw_only=True)
class Interval:
    """From ``low`` to ``high``, either of which may be infinite."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies within, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two estimates of the same metric, asymptotically normal, with what is known of their errors."""

    control: float
    treatment: float
    control_variance: float
    """Of the estimate, not of a unit."""
    treatment_variance: float
    covariance: float = 0.0
    """Of the two estimates; 0 unless an adjustment shares data between them."""
    count: int
    """Units of both arms."""
    unadjusted_variance: float
    """Of the difference before CUPED; equal to `variance` without it."""

    @property
    def difference(self) -> float:
        return self.treatment - self.control

    @property
    def variance(self) -> float:
        """Of the difference; 0 says that nothing is known of it yet."""
        return max(self.control_variance + self.treatment_variance - 2 * self.covariance, 0.0)

    @property
    def error(self) -> float:
        """Standard error of the difference; inf while nothing is known of it."""
        return math.sqrt(self.variance) if self.variance > 0 else math.inf

    @property
    def z(self) -> float:
        """The difference in standard errors; 0 while nothing is known of them."""
        return self.difference / self.error

    @property
    def p(self) -> float:
        """Two-sided p of a single look, planned beforehand. Worthless when one looks again and again."""
        return two_sided_p(self.z)

    @property
    def lift(self) -> float | None:
        """Relative difference; None where the control is not above 0."""
        return self.difference / self.control if self.control > 0 else None

    @property
    def variance_saved(self) -> float:
        """Share of the difference's variance that CUPED removed on these units; 0 without CUPED."""
        return 1 - self.variance / self.unadjusted_variance if self.unadjusted_variance > 0 else 0.0

    def interval(self, multiplier: float) -> Interval:
        """The difference plus and minus ``multiplier`` standard errors; everything while nothing is known of them."""
        if not math.isfinite(reach := multiplier * self.error):
            return Interval(low=-math.inf, high=math.inf)
        return Interval(low=self.difference - reach, high=self.difference + reach)

    def lift_interval(self, multiplier: float) -> Interval | None:
        """The relative lifts that ``multiplier`` standard errors do not exclude; None where they exclude none.

        Fieller (1954), solved for the ratio r = treatment / control: all r with (m1 - r m0)^2 <= c^2 (v1 - 2 r v01 +
        r^2 v0). It holds 0 exactly when `interval` does, which the delta method does not. None where the control is
        not above 0 by more than the multiplier: dividing by it says nothing.
        """
        squared = multiplier**2
        m0, m1, v0, v1, v01 = (
            self.control,
            self.treatment,
            self.control_variance,
            self.treatment_variance,
            self.covariance,
        )
        if self.variance <= 0 or not math.isfinite(squared):
            return None
        leading = m0**2 - squared * v0
        if m0 <= 0 or leading <= 0:
            return None
        middle = m0 * m1 - squared * v01
        root = math.sqrt(max(middle**2 - leading * (m1**2 - squared * v1), 0.0))
        return Interval(low=(middle - root) / leading - 1, high=(middle + root) / leading - 1)


def compare_means(control: Moments, treatment: Moments) -> Comparison:
    """Compare the means of the first value per unit; a second value, if there, is the covariate of CUPED.

    Unequal variances (Welch, 1938) with normal quantiles: meant for a hundred units and more in each arm. With fewer
    than two units in an arm, or with values that are all equal, nothing is known of the difference.
    """
    _check_width(control, treatment, 1)
    return _compare(control, treatment, _mean_gradient(control), _mean_gradient(treatment))


def compare_ratios(control: Moments, treatment: Moments) -> Comparison:
    """Compare the sum of the first value over the sum of the second; a third value is the covariate of CUPED.

    For metrics whose parts are counted below the randomised unit, such as clicks over impressions of visitors. Delta
    method (Deng, Knoblich and Lu, 2018, section 3): Var(R) = Var(y - R x) / (n mean(x)^2). An arm whose denominator
    sums to 0 has the ratio 0, and nothing is known of the difference.
    """
    _check_width(control, treatment, 2)
    return _compare(control, treatment, _ratio_gradient(control), _ratio_gradient(treatment))


def _check_width(control: Moments, treatment: Moments, width: int) -> None:
    if len(control.sums) != len(treatment.sums) or len(control.sums) not in (width, width + 1):
        raise ValueError(f"Both arms need {width} value(s) per unit, and one more for a covariate.")


def _mean_gradient(arm: Moments) -> tuple[float, Floats]:
    return float(arm.means[0]), np.array([1.0])


def _ratio_gradient(arm: Moments) -> tuple[float, Floats]:
    numerator, denominator = arm.means[:2]
    if denominator == 0:
        return 0.0, np.zeros(2)
    ratio = numerator / denominator
    return float(ratio), np.array([1.0, -ratio]) / denominator


def _compare(
    control: Moments, treatment: Moments, estimate0: tuple[float, Floats], estimate1: tuple[float, Floats]
) -> Comparison:
    """Estimates and the derivatives (m,) of each by its arm's first m means; a value beyond them is the covariate."""
    (value0, gradient0), (value1, gradient1) = estimate0, estimate1
    arms = (control, treatment)
    errors = [_estimate_covariances(arm, gradient) for arm, gradient in zip(arms, (gradient0, gradient1), strict=True)]
    count = control.count + treatment.count
    known = min(control.count, treatment.count) >= 2 and gradient0.any() and gradient1.any()
    raw0, raw1 = (float(error[0, 0]) if known else 0.0 for error in errors)
    plain = Comparison(
        control=value0,
        treatment=value1,
        control_variance=raw0,
        treatment_variance=raw1,
        count=count,
        unadjusted_variance=raw0 + raw1,
    )
    return _adjusted(plain, arms, errors) if known and len(control.sums) > len(gradient0) else plain


def _estimate_covariances(arm: Moments, gradient: Floats) -> Floats:
    """(1, 1) variance of the arm's estimate, or (2, 2) covariances of it and of the covariate's mean."""
    width = len(gradient)
    weights = np.zeros((1 + (len(arm.sums) > width), len(arm.sums)))
    weights[0, :width] = gradient
    weights[1:, width:] = 1.0
    return np.asarray(weights @ arm.covariances @ weights.T / max(arm.count, 1), dtype=np.float64)


def _adjusted(plain: Comparison, arms: tuple[Moments, Moments], errors: list[Floats]) -> Comparison:
    """CUPED (Deng, Xu, Kohavi and Walker, 2013, section 3) with one theta for both arms.

    Each estimate becomes m - theta (c - mean of c over both arms). The covariate has to be fixed before a unit's first
    exposure, so that its expectation is the same in both arms; theta = cov(m, c) / var(c) then minimises the variance
    of the difference. The shared mean correlates the two estimates, which `lift_interval` takes into account.
    """
    pooled = errors[0] + errors[1]
    if pooled[1, 1] <= 0:
        return plain
    theta = float(pooled[0, 1] / pooled[1, 1])
    shares = [arm.count / plain.count for arm in arms]
    means = [float(arm.means[-1]) for arm in arms]
    shift = theta * (shares[0] * means[0] + shares[1] * means[1])
    own = [np.array([1.0, theta * (share - 1)]) for share in shares]
    other = [np.array([0.0, theta * share]) for share in shares]
    return Comparison(
        control=plain.control - theta * means[0] + shift,
        treatment=plain.treatment - theta * means[1] + shift,
        control_variance=float(own[0] @ errors[0] @ own[0] + other[1] @ errors[1] @ other[1]),
        treatment_variance=float(own[1] @ errors[1] @ own[1] + other[0] @ errors[0] @ other[0]),
        covariance=float(own[0] @ errors[0] @ other[0] + other[1] @ errors[1] @ own[1]),
        count=plain.count,
        unadjusted_variance=plain.unadjusted_variance,
    )
