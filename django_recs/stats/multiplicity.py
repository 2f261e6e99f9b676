"""Several questions at once: p values adjusted so that they can be compared with alpha one by one."""

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted for the chance of any false claim among them (Holm, 1979). In the order given."""
    adjusted, running = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        running = max(running, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = running
    return adjusted


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Adjusted for the share of false claims among the claims (Benjamini and Hochberg, 1995). In the order given."""
    adjusted, running = [0.0] * len(ps), 1.0
    for rank, place in reversed(list(enumerate(sorted(range(len(ps)), key=ps.__getitem__), start=1))):
        running = min(running, len(ps) / rank * ps[place])
        adjusted[place] = running
    return adjusted
