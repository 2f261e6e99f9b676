"""Did each arm get its share of the units? If not, something is broken, and no result of the experiment can be read."""

import math
from collections.abc import Sequence

from django_recs.stats.normal import chi_square_tail

CONCENTRATION = 100.0


def chi_square_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Pearson's chi-square test of ``counts`` against planned ``shares``; 1 without any unit.

    For one look. A unit in an arm that should get none has probability 0.
    """
    planned = _proportions(counts, shares)
    total = sum(counts)
    if not total:
        return 1.0
    if any(count and not share for count, share in zip(counts, planned, strict=True)):
        return 0.0
    terms = [(c - total * s) ** 2 / (total * s) for c, s in zip(counts, planned, strict=True) if s]
    return chi_square_tail(sum(terms), len(terms) - 1) if len(terms) > 1 else 1.0


def sequential_p(looks: Sequence[Sequence[int]], shares: Sequence[float]) -> float:
    """A p that may be watched every day: the smallest up to now, valid whenever one looks.

    One over the Bayes factor of Dirichlet-multinomial shares around the planned ones against exactly these (Lindon and
    Malek, arXiv 2011.03567, section 3); below a with probability at most a at any time if the shares are right.

    Args:
        looks: (L, A) the arms' counts so far at each look, not those of single days.
    """
    planned = _proportions(looks[0] if looks else shares, shares)
    smallest = 0.0
    for counts in looks:
        if any(count and not share for count, share in zip(counts, planned, strict=True)):
            return 0.0
        smallest = min(smallest, -_log_bayes_factor(counts, planned))
    return math.exp(smallest)


def _log_bayes_factor(counts: Sequence[int], planned: Sequence[float]) -> float:
    total = math.lgamma(CONCENTRATION) - math.lgamma(CONCENTRATION + sum(counts))
    for count, share in zip(counts, planned, strict=True):
        if share:
            prior = CONCENTRATION * share
            total += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return total


def _proportions(counts: Sequence[float], shares: Sequence[float]) -> list[float]:
    if len(counts) != len(shares) or min(shares, default=0.0) < 0 or sum(shares) <= 0:
        raise ValueError("Each arm has one planned share of at least 0, and one of them is above 0.")
    return [share / sum(shares) for share in shares]
