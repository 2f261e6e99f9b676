"""How time and memory of fitting grow with events and with the catalogue, on simulated shops.

    pytest -m benchmark -s tests/benchmarks/training_growth.py                  the small sizes, with a bound on growth
    python -m tests.benchmarks.training_growth [--svg FILE] [--large]           the table; --large goes to 10^7 and 10^6

A shop has one customer for each 50 events, who buy baskets of five items on ten days; items are drawn with chances that
fall with the power 0.8 of their rank. Every figure is taken in a process of its own: CPU seconds of the fit and the
peak of memory above that of a process that has only made the events. The network is given at most `STEP_LIMIT` steps of
an epoch; where an epoch is longer, its time is that of a step times the steps, which is told by "~".
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from django_recs.engine.baselines.copurchase import fit_co_purchase
from django_recs.engine.baselines.ease import fit_ease
from django_recs.engine.baselines.neighbours import fit_item_knn
from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions, ItemContent

WEIGHTS = np.ones(len(EVENT_TYPES))
EVENTS_PER_CUSTOMER, BASKET_SIZE = 50, 5
STEP_LIMIT = 60
PARTS = ("network", "item_knn", "co_purchase", "ease")
SMALL = [(30_000, 1_000), (300_000, 1_000), (100_000, 1_000), (100_000, 10_000)]
LARGE = [(10**5, 10**4), (10**6, 10**4), (10**7, 10**4), (10**6, 10**3), (10**6, 10**5), (10**6, 10**6)]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one fit took."""

    part: str
    events: int
    items: int
    cpu_seconds: float
    peak_mib: float
    """Above the events themselves."""
    extrapolated: bool


def simulated_shop(event_count: int, item_count: int) -> Interactions:
    """Events in order of customer and time."""
    rng = np.random.default_rng(0)
    unit = np.arange(event_count) // EVENTS_PER_CUSTOMER
    chances = np.arange(1, item_count + 1) ** -0.8
    item = np.searchsorted(np.cumsum(chances / chances.sum()), rng.random(event_count)).clip(max=item_count - 1) + 1
    baskets = -(-event_count // BASKET_SIZE)
    day = rng.integers(0, 360, baskets)
    day = np.sort(day[: baskets // 10 * 10].reshape(-1, 10), axis=1).ravel() if baskets >= 10 else day
    day = np.repeat(np.pad(day, (0, baskets - len(day)), mode="edge"), BASKET_SIZE)[:event_count]
    return Interactions(
        unit=unit.astype(np.int32),
        item=item.astype(np.int32),
        event_type=np.full(event_count, PURCHASE_CODE, dtype=np.int8),
        time=day.astype(np.int64) * SECONDS_PER_DAY,
        quantity=np.ones(event_count, dtype=np.float32),
        basket=(np.arange(event_count) // BASKET_SIZE).astype(np.int32),
        unit_ids=("",) * int(unit[-1] + 1),
        item_ids=("",) * (item_count + 1),
    )


def simulated_content(item_count: int) -> ItemContent:
    """Three words and a price for each item."""
    numbers = range(item_count + 1)
    return ItemContent(
        texts=[f"word{number % 97} word{number % 1_009} word{number % 5_003}" for number in numbers],
        categories=[()] * (item_count + 1),
        prices=np.array([np.nan, *(1.0 + number % 100 for number in range(item_count))]),
        available=np.arange(item_count + 1) > 0,
    )


def fit_part(part: str, interactions: Interactions) -> float | None:
    """Fit one voice; of the network the CPU seconds of an epoch, where they are extrapolated from its first steps."""
    if part == "item_knn":
        fit_item_knn(
            interactions,
            event_weights=WEIGHTS,
            fit_half_life_days=120.0,
            history_half_life_days=20.0,
            neighbour_count=200,
            shrinkage=1.0,
        )
    elif part == "co_purchase":
        fit_co_purchase(interactions, event_weights=WEIGHTS, history_half_life_days=60.0, link_count=100)
    elif part == "ease":
        fit_ease(
            interactions,
            event_weights=WEIGHTS,
            fit_half_life_days=60.0,
            history_half_life_days=200.0,
            penalty=150.0,
            link_count=200,
        )
    else:
        return _network_seconds(interactions)
    return None


def _network_seconds(interactions: Interactions) -> float | None:
    from django_recs.learning import NetworkConfig
    from django_recs.learning.batches import build_sequences, plan_epoch
    from django_recs.learning.checkpoints import Checkpoints
    from django_recs.learning.features import fit_gap_edges
    from django_recs.learning.fitting import build_network, start_from_co_occurrence, torch_state
    from django_recs.learning.trainer import Trainer

    config, edges = NetworkConfig(), fit_gap_edges(interactions)
    content = simulated_content(interactions.item_count)
    with torch_state(config), TemporaryDirectory() as folder:
        started = time.process_time()
        network, _ = build_network(interactions, content, config=config, gap_edges=edges)
        start_from_co_occurrence(network, interactions)
        sequences = build_sequences(
            interactions, type_weights=WEIGHTS.astype(np.float32), gap_edges=edges, config=config
        )
        checkpoints = Checkpoints(Path(folder), fingerprint="")
        trainer = Trainer(network, config, lambda share, message: None, checkpoints=checkpoints)
        epoch = plan_epoch(sequences, config, np.random.default_rng(0))
        prepared = time.process_time()
        network.train()
        steps = min(STEP_LIMIT, len(epoch))
        for number in range(steps):
            trainer._step(epoch, number)
        trained = time.process_time()
        trainer.item_vectors()
    if steps == len(epoch):
        return None
    return prepared - started + (trained - prepared) / steps * len(epoch)


def measure(part: str, events: int, items: int) -> Figure:
    """In a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.training_growth", "--one", part, str(events), str(items)]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Figure(**json.loads(found.stdout.splitlines()[-1]))


def _measured_here(part: str, events: int, items: int) -> Figure:
    interactions = simulated_shop(events, items)
    if part == "network":
        import django_recs.learning.fitting  # noqa: F401  its memory is not that of the fit
    else:
        import scipy.linalg  # noqa: F401
    before = _peak_mib()
    started = time.process_time()
    epoch_seconds = fit_part(part, interactions)
    seconds = time.process_time() - started
    return Figure(
        part=part,
        events=events,
        items=items,
        cpu_seconds=round(epoch_seconds or seconds, 2),
        peak_mib=round(_peak_mib() - before, 1),
        extrapolated=epoch_seconds is not None,
    )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def printed(figures: list[Figure]) -> str:
    """One line per size, CPU seconds and MiB of each part."""
    lines = [f"{'events':>10} {'items':>9} " + " ".join(f"{part:>20}" for part in PARTS)]
    for events, items in dict.fromkeys((figure.events, figure.items) for figure in figures):
        cells = {figure.part: figure for figure in figures if (figure.events, figure.items) == (events, items)}
        texts = [
            f"{'~' if cells[part].extrapolated else ''}{cells[part].cpu_seconds:.1f} s {cells[part].peak_mib:,.0f} MiB"
            if part in cells
            else "-"
            for part in PARTS
        ]
        lines.append(f"{events:>10,} {items:>9,} " + " ".join(f"{text:>20}" for text in texts))
    return "\n".join(lines)


@pytest.mark.benchmark
def test_ten_times_the_events_take_no_more_than_thirteen_times_the_time() -> None:
    figures = [measure(part, events, items) for events, items in SMALL for part in PARTS]

    print("\n" + printed(figures))

    by_size = {(figure.part, figure.events, figure.items): figure for figure in figures}
    for part in PARTS:
        few, many = by_size[part, 30_000, 1_000], by_size[part, 300_000, 1_000]
        assert many.cpu_seconds <= 13 * max(few.cpu_seconds, 0.1)


def svg(figures: list[Figure]) -> str:
    """Two log-log pictures side by side: CPU seconds against events, and against items."""
    colours = dict(zip(PARTS, ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad"), strict=True))
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 360" font-family="sans-serif" font-size="12">']
    for place, (axis, fixed) in enumerate((("events", 10**4), ("items", 10**6))):
        left = 60 + 420 * place
        chosen = [each for each in figures if (each.items if axis == "events" else each.events) == fixed]
        low, high = (5, 7) if axis == "events" else (3, 6)
        parts.append(f'<text x="{left}" y="20">CPU seconds against {axis}</text>')
        for power in range(low, high + 1):
            x = left + 340 * (power - low) / (high - low)
            parts.append(f'<line x1="{x}" y1="40" x2="{x}" y2="310" stroke="#ddd"/>')
            parts.append(f'<text x="{x}" y="328" text-anchor="middle">10^{power}</text>')
        for power in range(-1, 5):
            y = 310 - 54 * (power + 1)
            parts.append(f'<line x1="{left}" y1="{y}" x2="{left + 340}" y2="{y}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
        for number, part in enumerate(PARTS):
            line = sorted((getattr(each, axis), each.cpu_seconds) for each in chosen if each.part == part)
            points = [
                (left + 340 * (np.log10(x) - low) / (high - low), 310 - 54 * (np.log10(max(y, 0.1)) + 1))
                for x, y in line
            ]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colours[part]}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colours[part]}"/>' for x, y in points]
            parts.append(f'<text x="{left + 10}" y="{56 + 16 * number}" fill="{colours[part]}">{part}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, metavar=("PART", "EVENTS", "ITEMS"))
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    if options.one:
        part, events, items = options.one
        print(json.dumps(vars(_measured_here(part, int(events), int(items)))))
        return
    figures = []
    for events, items in LARGE if options.large else SMALL:
        for part in PARTS:
            figures.append(measure(part, events, items))
            print(figures[-1], file=sys.stderr, flush=True)
    print(printed(figures))
    if options.svg:
        options.svg.write_text(svg(figures))


if __name__ == "__main__":
    _main()
