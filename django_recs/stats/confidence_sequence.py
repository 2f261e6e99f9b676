"""An interval that may be looked at for ever: the asymptotic confidence sequence (Waudby-Smith et al., 2021).

For an experiment without a planned end. With probability 1 - alpha the interval holds the truth at all times together,
so stopping whenever one likes does no harm. The price is its width: at the tuned sample size about one and a half times
that of a single look.
"""

import math


def multiplier(count: int, *, tuned_for: int, alpha: float = 0.05) -> float:
    """How many standard errors the sequence reaches to both sides after ``count`` units of both arms; inf without any.

    sqrt(2 (N r + 1) / (N r) ln(sqrt(N r + 1) / alpha)): the Gaussian mixture boundary of arXiv 2103.06476, theorem 2.2,
    in units of the standard error. r, there rho squared, makes the sequence narrowest near N = ``tuned_for``, which has
    to be fixed before the first look.

    Raises:
        ValueError: ``tuned_for`` is below 1 or alpha is not between 0 and 1.
    """
    spread = _spread(count, tuned_for, alpha)
    if spread <= 0:
        return math.inf
    return math.sqrt(2 * (spread + 1) / spread * (0.5 * math.log(spread + 1) - math.log(alpha)))


def p(z: float, count: int, *, tuned_for: int) -> float:
    """The smallest alpha whose sequence excludes a difference of 0 now; valid at any time.

    The sequence is tuned for alpha 5 % here too, so that all questions are put to the same one. The p of a day is the
    smallest of the days up to it.
    """
    spread = _spread(count, tuned_for, 0.05)
    if spread <= 0:
        return 1.0
    return min(1.0, math.exp(0.5 * math.log(spread + 1) - spread * z * z / (2 * (spread + 1))))


def _spread(count: int, tuned_for: int, alpha: float) -> float:
    """N rho^2, with the paper's approximation of the rho that is best at ``tuned_for`` (its appendix on tuning)."""
    if tuned_for < 1 or not 0 < alpha < 1:
        raise ValueError("The sequence is tuned for at least one unit, and alpha lies between 0 and 1.")
    log_alpha = -2 * math.log(alpha)
    return count * (log_alpha + math.log(log_alpha + 1)) / tuned_for
