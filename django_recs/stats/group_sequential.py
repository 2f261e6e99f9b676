"""How many standard errors decide, at each of several planned looks (Lan and DeMets, 1983, O'Brien-Fleming type).

For an experiment with a planned end: it may be looked at every day and stopped as soon as the difference lies beyond
the bound of that day, and in all of them together a true null is rejected with probability alpha. Early bounds are wide
and the last one is hardly wider than a single test's, so little power is paid for the right to stop early.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from django_recs.stats.moments import Floats
from django_recs.stats.normal import upper_quantile, upper_tail

SMALLEST_SPENDING = 1e-12
SMALLEST_STEP = 1e-4
"""Share of the information so far that a look has to add. A look that adds less spends nothing, and neither does one
whose spending is below `SMALLEST_SPENDING`: its bound is inf, and what it would have spent goes to the next look. The
last look of all is taken to add that much, so that nothing is left unspent."""
_REACH = 8.5
"""Standard errors beyond which the walk has no mass worth integrating."""
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL = 3.0
"""Width of an integration panel in standard deviations of the smaller step next to it; with 16 points on each the error
is below 1e-10."""


def spent_alpha(fraction: float, alpha: float = 0.05) -> float:
    """Share of alpha spent once ``fraction`` of the planned information is in; all of it from 1 on.

    4 (1 - Phi(z(1 - alpha / 4) / sqrt(t))): alpha / 2 on each side by Lan and DeMets' (1983) function alpha_1*.
    """
    if fraction <= 0:
        return 0.0
    if fraction >= 1:
        return alpha
    return 4 * upper_tail(upper_quantile(alpha / 4) / math.sqrt(fraction))


def bounds(information: Sequence[float], *, planned: float, alpha: float = 0.05, is_last: bool = False) -> list[float]:
    """The bound of |z| at each look, by recursive integration (Armitage, McPherson and Rowe, 1969).

    Args:
        information: at each look so far, growing: units counted, or one over the variance of the difference.
        planned: information at the planned end, in the same unit. Fixed before the first look.
        alpha: two-sided probability of ever rejecting a true null.
        is_last: the last of these looks ends the experiment, so it spends what is left even where less information
            came in than planned. Where more came in all is spent as well, and looks after that have the bound inf.

    Raises:
        ValueError: information falls, or the plan or alpha make no sense.
    """
    if planned <= 0 or not 0 < alpha < 1:
        raise ValueError("The planned information is above 0, and alpha between 0 and 1.")
    if any(later < earlier for earlier, later in zip([0.0, *information], information, strict=False)):
        raise ValueError("Information grows from look to look.")
    walk, reached, spent, found = _Walk.start(), 0.0, 0.0, []
    for look, now in enumerate(information):
        ends = is_last and look == len(information) - 1
        due = (alpha if ends else spent_alpha(now / planned, alpha)) - spent
        step = max(now - reached, SMALLEST_STEP * now if ends else 0.0)
        if due < SMALLEST_SPENDING or step < SMALLEST_STEP * now:
            found.append(math.inf)
            continue
        reached, spent = reached + step, spent + due
        edge = walk.edge(step, reached, due / 2)
        found.append(edge / math.sqrt(reached))
        walk = walk.within(edge, step, reached, next_step=_step_after(information, look, reached))
    return found


def power(information: Sequence[float], bounds: Sequence[float], *, expected_z: float) -> float:
    """Probability that |z| leaves the bounds at some look, when at the last one ``expected_z`` is expected of it."""
    drift = expected_z / math.sqrt(information[-1])
    walk, reached, crossed = _Walk.start(), 0.0, 0.0
    for look, (now, bound) in enumerate(zip(information, bounds, strict=True)):
        if not math.isfinite(bound):
            continue
        step, edge = now - reached, bound * math.sqrt(now)
        crossed += walk.above(edge, step, drift) + walk.above(edge, step, drift, below=True)
        walk = walk.within(edge, step, now, next_step=_step_after(information, look, now), drift=drift)
        reached = now
    return crossed


@lru_cache(maxsize=64)
def sample_inflation(look_count: int, *, alpha: float = 0.05, power_wanted: float = 0.8) -> float:
    """By what factor a sample has to grow so that equally spaced looks leave a single test's power as it was."""
    looks = [(look + 1) / look_count for look in range(look_count)]
    edges = bounds(looks, planned=1.0, alpha=alpha)
    single = upper_quantile(alpha / 2) + upper_quantile(1 - power_wanted)
    low, high = 1.0, 1.5
    while high - low > 1e-6:
        middle = (low + high) / 2
        enough = power(looks, edges, expected_z=single * math.sqrt(middle)) >= power_wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


def _step_after(information: Sequence[float], look: int, reached: float) -> float:
    """The smallest step that may follow ``look``."""
    ahead = information[look + 1] - reached if look + 1 < len(information) else math.inf
    return max(ahead, SMALLEST_STEP * reached)


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """Where the score, z times the square root of the information, is while no bound was crossed."""

    nodes: Floats
    mass: Floats

    @classmethod
    def start(cls) -> Self:
        return cls(nodes=np.zeros(1), mass=np.ones(1))

    def above(self, edge: float, step: float, drift: float = 0.0, *, below: bool = False) -> float:
        """Probability of crossing ``edge`` (or, ``below``, its mirror image) with the next ``step`` of information."""
        side = -1 if below else 1
        distances = (edge - side * (self.nodes + drift * step)) / math.sqrt(2 * step)
        return 0.5 * float(self.mass @ np.array([math.erfc(distance) for distance in distances]))

    def density(self, points: Floats, step: float, drift: float = 0.0) -> Floats:
        """The density at ``points`` after the next ``step``."""
        away = (points[:, None] - self.nodes[None, :] - drift * step) ** 2 / (2 * step)
        return np.asarray(np.exp(-away) @ self.mass / math.sqrt(2 * math.pi * step), dtype=np.float64)

    def edge(self, step: float, information: float, probability: float) -> float:
        """The point above which the next ``step``, up to ``information``, leads with ``probability``.

        Newton's method on the logarithm of the tail, which is concave: from any point farther out it converges. Two
        such points are the edge of a walk that never stopped, and that of one step from the outermost place.
        """
        quantile, change = upper_quantile(probability), math.inf
        edge = min(quantile * math.sqrt(information), float(self.nodes.max()) + quantile * math.sqrt(step))
        while abs(change) > 1e-10 * math.sqrt(information):
            tail = self.above(edge, step)
            slope = float(self.density(np.array([edge]), step)[0]) / tail
            change = (math.log(tail) - math.log(probability)) / slope
            edge += change
        return edge

    def within(self, edge: float, step: float, information: float, *, next_step: float, drift: float = 0.0) -> Self:
        """The walk after the next ``step``, as far as it stayed inside ``edge`` on both sides.

        Its nodes lie close enough for the densities of this step and of the one after it.
        """
        centre = drift * information
        reach = _REACH * math.sqrt(information)
        low, high = max(-edge, centre - reach), min(edge, centre + reach)
        panel_count = math.ceil((high - low) / (_PANEL * math.sqrt(min(step, next_step))))
        ends = np.linspace(low, high, panel_count + 1)
        half = (high - low) / panel_count / 2
        nodes = (ends[:-1, None] + half * (_POINTS + 1)).ravel()
        return type(self)(nodes=nodes, mass=self.density(nodes, step, drift) * np.tile(half * _WEIGHTS, panel_count))
