"""How often the statistics of experiments err: false winners under daily looks, power, coverage, sample-ratio alarms.

    pytest -m benchmark -s tests/benchmarks/experiment_error_rates.py      about ten minutes of one core

Every figure comes from simulated or re-randomised experiments, most of them A/A: both arms are treated alike, so each
winner is a false one. Seeds are fixed, and the aims allow three standard errors. `tests/stats/test_error_rates.py` runs
the same with a tenth of the experiments.

Real data: Online Retail, UCI Machine Learning Repository (Chen, Sain and Guo, 2012), from ``$RECS_DATA/online_retail``.
"""

import csv
import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from django_recs.stats.confidence_sequence import multiplier
from django_recs.stats.effects import Comparison, compare_means, compare_ratios
from django_recs.stats.group_sequential import bounds
from django_recs.stats.moments import Floats, Moments
from django_recs.stats.normal import upper_quantile
from django_recs.stats.sample_ratio import chi_square_p, sequential_p
from django_recs.stats.winsorising import find_cap, winsorise

UNITS = 10_000
"""In each arm, equally many on each day."""
DAYS = 30
SIMULATIONS = 4_000
Z = upper_quantile(0.025)
DESIGN_Z = upper_quantile(0.025) + upper_quantile(0.2)
"""What a single look at the end finds with a power of 0.8."""

pytestmark = pytest.mark.benchmark


@dataclass(frozen=True, kw_only=True)
class World:
    """A kind of shop, and the metric by which its experiments are judged."""

    name: str
    draw: Callable[[np.random.Generator, int], Floats]
    """(k, n) values of n units."""
    compare: Callable[[Moments, Moments], Comparison] = compare_means


def conversions(rate: float) -> Callable[[np.random.Generator, int], Floats]:
    """Units of which ``rate`` convert."""
    return lambda rng, size: (rng.random(size) < rate)[None, :].astype(float)


def _revenue(rng: np.random.Generator, size: int) -> Floats:
    """Three in a hundred buy, for lognormal amounts: a coefficient of variation near 12."""
    return ((rng.random(size) < 0.03) * rng.lognormal(3, 1.2, size))[None, :]


def _clicks_and_views(rng: np.random.Generator, size: int) -> Floats:
    """Clicks over views, where visitors differ in how much they see and in how gladly they click."""
    views = rng.poisson(rng.gamma(0.5, 20, size)) + 1
    return np.stack([rng.binomial(views, rng.beta(1, 9, size)), views]).astype(float)


def _revenue_and_past(rng: np.random.Generator, size: int) -> Floats:
    """Revenue of units of whom the past says a good deal."""
    taste = rng.lognormal(0, 1, size)
    past = rng.gamma(0.5 * taste, 40)
    spent = (rng.random(size) < 1 - np.exp(-0.1 * taste)) * rng.gamma(2 * taste, 15)
    return np.stack([spent, past])


RATE_1 = World(name="conversion 1 %", draw=conversions(0.01))
RATE_5 = World(name="conversion 5 %", draw=conversions(0.05))
REVENUE = World(name="revenue", draw=_revenue)
RATIO = World(name="clicks / views", draw=_clicks_and_views, compare=compare_ratios)
CUPED = World(name="revenue with CUPED", draw=_revenue_and_past)
WORLDS = (RATE_1, RATE_5, REVENUE, RATIO, CUPED)


def z_values(world: World, *, count: int, seed: int, looks: int = DAYS, treated: World | None = None) -> Floats:
    """(count, looks) z values that somebody sees who looks at each of ``count`` experiments ``looks`` times."""
    rng = np.random.default_rng(seed)
    draws = (world.draw, (treated or world).draw)
    found = np.empty((count, looks))
    for place in range(count):
        arms = [_growing_moments(draw(rng, UNITS), looks) for draw in draws]
        found[place] = [world.compare(*pair).z for pair in zip(*arms, strict=True)]
    return found


def _growing_moments(values: Floats, looks: int) -> Iterator[Moments]:
    """The moments of the units so far, at each look."""
    size = values.shape[1]
    starts = np.arange(looks) * size // looks
    sums = np.add.reduceat(values, starts, axis=1).cumsum(axis=1)
    products = np.add.reduceat(values[:, None, :] * values[None, :, :], starts, axis=2).cumsum(axis=2)
    for look, count in enumerate([*starts[1:].tolist(), size]):
        yield Moments(count=count, sums=sums[:, look], products=products[:, :, look])


def winners(z: Floats) -> dict[str, float]:
    """Share of the experiments (S, L) in which each way of deciding finds a difference."""
    looks = z.shape[1]
    size = np.abs(z)
    counts = [2 * UNITS * (look + 1) // looks for look in range(looks)]
    planned = np.array(bounds([float(count) for count in counts], planned=2.0 * UNITS))
    ways = {
        "one look at the end": size[:, -1:] > Z,
        "naive, at each look": size > Z,
        "95 % chance to win": size > upper_quantile(0.05),
        "group-sequential": size > planned,
    }
    for tuned_for in (5_000, 2 * UNITS):
        ways[f"sequence for {tuned_for:,}"] = size > np.array([multiplier(n, tuned_for=tuned_for) for n in counts])
    return {way: float(decided.any(axis=1).mean()) for way, decided in ways.items()}


def error_of(share: float, count: int) -> float:
    """Standard error of a share of ``count`` experiments."""
    return math.sqrt(share * (1 - share) / count)


def test_false_winners_under_daily_looks() -> None:
    _head("A/A, false winners in 30 daily looks", f"{SIMULATIONS:,} experiments, {UNITS:,} units per arm")
    for seed, world in enumerate(WORLDS, start=31):
        found = winners(z_values(world, count=SIMULATIONS, seed=seed))
        _line(world.name, found)
        check_false_winners(found, SIMULATIONS)
        assert found["naive, at each look"] > 0.2


def check_false_winners(found: dict[str, float], count: int) -> None:
    """Group-sequential bounds spend all of 5 %, as far as a normal approximation can; sequences at most that."""
    three = 3 * error_of(0.05, count)
    assert 0.043 - three <= found["group-sequential"] <= 0.055 + three
    assert found["sequence for 5,000"] <= 0.05 + three
    assert found["sequence for 20,000"] <= 0.05 + three


def test_false_winners_under_a_look_after_every_25_units() -> None:
    count = 1_000
    _head("A/A, false winners in 400 looks", f"{count:,} experiments, {UNITS:,} units per arm")
    for seed, world in enumerate((RATE_5, REVENUE), start=41):
        found = winners(z_values(world, count=count, seed=seed, looks=400))
        _line(world.name, found)
        assert found["sequence for 5,000"] <= 0.05 + 3 * error_of(0.05, count)


def test_power_under_daily_looks() -> None:
    _head("Differences found at the design effect and beyond", f"conversion 5 %, {SIMULATIONS:,} experiments")
    for seed, times in enumerate((1.0, 1.5, 2.0), start=7):
        treated = World(name="", draw=conversions(design_rate(0.05, times)))
        z = z_values(RATE_5, count=SIMULATIONS, seed=seed, treated=treated)
        found = winners(z)
        _line(f"{times} x the effect", found)
        if times == 1.0:
            assert found["group-sequential"] >= 0.76


def design_rate(rate: float, times: float = 1.0) -> float:
    """The treatment's rate at which the z of a single look at the end is expected at ``times`` `DESIGN_Z`."""
    lifted = rate
    for _ in range(50):  # the difference depends on the variance of both arms, and so on itself
        variance = rate * (1 - rate) + lifted * (1 - lifted)
        lifted = rate + times * DESIGN_Z * math.sqrt(variance / UNITS)
    return lifted


def test_false_winners_on_real_spend(data_folder: Path) -> None:
    found = real_spend(data_folder, count=10_000, seed=11)
    _head("A/A on Online Retail", "90 days of spend of 3,370 customers, re-randomised 10,000 times, one look")
    for name, (rate, saved) in found.items():
        print(f"  {name:24} {rate:7.2%}   variance saved {saved:.3f}")
        assert 0.045 - 3 * error_of(0.05, 10_000) <= rate <= 0.055 + 3 * error_of(0.05, 10_000)


def real_spend(data_folder: Path, *, count: int, seed: int) -> dict[str, tuple[float, float]]:
    """False winners and the variance that CUPED saves, raw, capped, and capped with past spend as the covariate."""
    past, before, spent = _spend(data_folder / "online_retail" / "online_retail.csv.gz")
    capped = winsorise(spent, find_cap(before))
    kinds = {
        "raw": np.stack([spent]),
        "raw + CUPED": np.stack([spent, past]),
        "capped": np.stack([capped]),
        "capped + CUPED": np.stack([capped, winsorise(past, find_cap(past))]),
    }
    rng = np.random.default_rng(seed)
    found: dict[str, list[Comparison]] = {name: [] for name in kinds}
    for _ in range(count):
        treated = rng.permutation(len(spent)) < len(spent) // 2
        for name, values in kinds.items():
            found[name].append(compare_means(Moments.of(*values[:, ~treated]), Moments.of(*values[:, treated])))
    return {
        name: (
            float(np.mean([abs(one.z) > Z for one in each])),
            float(np.mean([one.variance_saved for one in each])),
        )
        for name, each in found.items()
    }


def _spend(path: Path) -> tuple[Floats, Floats, Floats]:
    """(3370,) each: spend before 2011-09-10, in the 90 days before it, and in the 90 days from it on."""
    start = datetime(2011, 9, 10)  # noqa: DTZ001 the file's times are local
    spend: dict[str, list[float]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            amount = float(row["Quantity"]) * float(row["UnitPrice"])
            if row["InvoiceNo"].startswith("C") or not row["CustomerID"] or amount <= 0:
                continue
            days = (datetime.fromisoformat(row["InvoiceDate"]) - start).days
            totals = spend.setdefault(row["CustomerID"], [0.0, 0.0, 0.0])
            totals[0] += amount * (days < 0)
            totals[1] += amount * (-90 <= days < 0)
            totals[2] += amount * (0 <= days < 90)
    past, before, spent = np.array([totals for totals in spend.values() if totals[0]]).T
    return past, before, spent


def test_coverage_of_lifts() -> None:
    _head("Relative lifts that the interval holds", "true lift 50 %, conversion 3 %, lognormal sigma 1.2, one look")
    for units in (2_000, 5_000, 20_000):
        fieller, delta = lift_coverage(units, count=SIMULATIONS, seed=12)
        print(f"  {units:6,} per arm   Fieller {fieller:.2%}   delta method {delta:.2%}")
        assert 0.943 - 3 * error_of(0.95, SIMULATIONS) <= fieller <= 0.962 + 3 * error_of(0.95, SIMULATIONS)


def lift_coverage(units: int, *, count: int, seed: int) -> tuple[float, float]:
    """Share of intervals that hold a true lift of 50 %: Fieller's, and the delta method's beside it."""
    rng = np.random.default_rng(seed)
    held = np.zeros((count, 2), dtype=bool)
    for place in range(count):
        arms = [_buyers(rng, units, rate) for rate in (0.03, 0.045)]
        found = compare_means(*arms)
        interval = found.lift_interval(Z)
        held[place, 0] = interval is not None and interval.holds(0.5)
        ratio = found.treatment / found.control
        error = math.sqrt(found.treatment_variance + ratio**2 * found.control_variance) / found.control
        held[place, 1] = abs(ratio - 1.5) <= Z * error
    return float(held[:, 0].mean()), float(held[:, 1].mean())


def _buyers(rng: np.random.Generator, units: int, rate: float) -> Moments:
    spent = rng.lognormal(3, 1.2, rng.binomial(units, rate))
    return Moments.of_one(units, float(spent.sum()), float((spent**2).sum()))


def test_sample_ratio_alarms() -> None:
    _head("Sample-ratio alarms in 30 daily looks", f"20,000 units, {SIMULATIONS:,} experiments")
    for share in (0.5, 0.52):
        found = ratio_alarms(share, count=SIMULATIONS, seed=13)
        _line(f"true share {share:.0%}", found)
        check_ratio_alarms(share, found, SIMULATIONS)


def ratio_alarms(share: float, *, count: int, seed: int) -> dict[str, float]:
    """Share of experiments, planned half and half, that raise an alarm on any of 30 days."""
    rng = np.random.default_rng(seed)
    alarms = np.zeros((count, 4), dtype=bool)
    for place in range(count):
        daily = rng.binomial(20_000 // DAYS, share, DAYS).cumsum().tolist()
        looks = [(first, 20_000 // DAYS * day - first) for day, first in enumerate(daily, start=1)]
        smallest = min(chi_square_p(look, (1, 1)) for look in looks)
        alarms[place] = [sequential_p(looks, (1, 1)) < 0.01, smallest < 5e-4, smallest < 1e-3, smallest < 0.05]
    ways = ("sequential, 1 %: warns", "chi-square .0005: blocks", "chi-square .001", "chi-square .05")
    return dict(zip(ways, alarms.mean(axis=0).tolist(), strict=True))


def check_ratio_alarms(share: float, found: dict[str, float], count: int) -> None:
    """No more than 1 % false alarms, and at least 97 % of true mismatches found."""
    warned, blocked = found["sequential, 1 %: warns"], found["chi-square .0005: blocks"]
    if share == 0.5:
        assert max(warned, blocked) <= 0.01 + 3 * error_of(0.01, count)
    else:
        assert min(warned, blocked) >= 0.97 - 3 * error_of(0.97, count)


def _head(title: str, about: str) -> None:
    print(f"\n{title}: {about}")


def _line(name: str, shares: dict[str, float]) -> None:
    print(f"  {name:20}" + "   ".join(f"{way} {share:.2%}" for way, share in shares.items()))
