"""The readout that people find easiest to talk about: chance to win, and what a wrong choice is expected to cost.

Never a rule to stop by: looked at daily, "95 % sure" finds a winner in nearly half of all experiments without any
difference (`tests/benchmarks/experiment_error_rates.py`). It always stands beside a sequential verdict.
"""

import math
from dataclasses import dataclass

from django_recs.stats.normal import density, upper_tail


@dataclass(frozen=True, kw_only=True)
class Readout:
    """The posterior of treatment minus control."""

    mean: float
    error: float
    chance_to_win: float
    """Probability that the treatment is better."""
    loss_of_shipping: float
    """Expected loss of choosing the treatment, in units of the metric: small when it is hardly ever the worse one."""
    loss_of_keeping: float
    """Expected loss of keeping the control."""


def read_out(difference: float, variance: float, *, prior_error: float = math.inf) -> Readout:
    """The posterior for a measured difference with a normal prior around no difference.

    With prior N(0, t^2) and measurement N(d, v) the posterior is N(d t^2 / (t^2 + v), t^2 v / (t^2 + v)), as in Gelman
    et al. (2013, section 2.5). Expected losses are unit normal loss integrals (Raiffa and Schlaifer, 1961, section
    5.3): of shipping s phi(m / s) - m Phi(-m / s), of keeping s phi(m / s) + m Phi(m / s).

    Args:
        difference: treatment minus control; where a smaller value is better, give it with the other sign.
        variance: of the difference; inf while nothing is known of it.
        prior_error: t, how large differences usually are; inf for a flat prior. With both infinite nothing is known:
            even odds, and infinite losses.
    """
    if variance < 0 or prior_error <= 0:
        raise ValueError("A variance is at least 0, and a prior's standard error above 0.")
    if math.isinf(variance):
        mean, error = 0.0, prior_error
    else:
        shrinkage = 1.0 if math.isinf(prior_error) else prior_error**2 / (prior_error**2 + variance)
        mean, error = shrinkage * difference, math.sqrt(shrinkage * variance)
    if error == 0 or math.isinf(error):
        side = 0.5 if mean == 0 else float(mean > 0)
        least = error if math.isinf(error) else 0.0
        return Readout(
            mean=mean,
            error=error,
            chance_to_win=side,
            loss_of_shipping=max(-mean, least),
            loss_of_keeping=max(mean, least),
        )
    ratio = mean / error
    return Readout(
        mean=mean,
        error=error,
        chance_to_win=upper_tail(-ratio),
        loss_of_shipping=error * density(ratio) - mean * upper_tail(ratio),
        loss_of_keeping=error * density(ratio) + mean * upper_tail(-ratio),
    )
