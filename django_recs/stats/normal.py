"""Tails and quantiles from the standard library, exact far out where ``1 - cdf`` would round to nothing."""

import math
from statistics import NormalDist

_STANDARD = NormalDist()


def upper_tail(z: float) -> float:
    """P(Z > z) of the standard normal distribution."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def density(z: float) -> float:
    """The standard normal density at ``z``."""
    return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def upper_quantile(probability: float) -> float:
    """The z with P(Z > z) = ``probability``; inf for 0 and -inf for 1.

    Raises:
        ValueError: ``probability`` is not from 0 to 1.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"A probability lies from 0 to 1, not at {probability}.")
    if probability in (0, 1):
        return math.inf if probability == 0 else -math.inf
    return -_STANDARD.inv_cdf(probability)


def two_sided_p(z: float) -> float:
    """P(|Z| > |z|)."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X > ``statistic``) for a chi-square variable with ``degrees`` >= 1 degrees of freedom.

    The finite sums of Abramowitz and Stegun (1964), equations 26.4.4 (odd) and 26.4.5 (even degrees).
    """
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = degrees % 2
    term = math.exp(-half) * (math.sqrt(half / math.pi) * 2 if odd else 1.0)
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range(degrees // 2):
        total += term
        term *= half / (step + (1.5 if odd else 1.0))
    return min(total, 1.0)
