"""Events per CPU second of training, beside the rate at which this machine multiplies matrices.

    pytest -m benchmark -s tests/benchmarks/training_speed.py

Real sequences: Online Retail before its test period (baskets) and MovieLens 1M (single events, long histories). One
thread. Each way of training is timed over the same batches, in turns, and the fastest turn counts; "useful" events are
those that were read, padding left out. The last rows show what mixed precision and `torch.compile` do here.
"""

import csv
import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch

from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import NetworkConfig
from django_recs.learning.batches import build_sequences, plan_epoch
from django_recs.learning.checkpoints import Checkpoints
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.fitting import build_network, torch_state
from django_recs.learning.trainer import Trainer
from tests.benchmarks.online_retail_blend import FILE, load

pytestmark = [pytest.mark.benchmark, pytest.mark.real_data]

STEPS, TURNS = 12, 3
CONFIG = NetworkConfig()
WAYS = {
    "every item in the softmax": replace(CONFIG, full_softmax_limit=10_000),
    "512 shared negatives": replace(CONFIG, full_softmax_limit=0, negative_count=512),
}


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one way of training reads in a second of processor time."""

    useful_per_second: float
    milliseconds_per_step: float
    padding_share: float


def matrix_gigaflops() -> float:
    """Of float32 matrices of 1,024 x 1,024 on one thread."""
    left, right = torch.randn(1_024, 1_024), torch.randn(1_024, 1_024)
    best = min(_seconds(lambda: left @ right) for _ in range(10))
    return 2 * 1_024**3 / best / 1e9


def retail(data_folder: Path) -> tuple[Interactions, ItemContent]:
    interactions, content = load(data_folder / FILE)
    return interactions.before(int(datetime(2011, 11, 10, tzinfo=UTC).timestamp())), content


def movielens(data_folder: Path) -> tuple[Interactions, ItemContent]:
    """Ratings as events, in order of person and time; no content, as only speed is asked for."""
    with gzip.open(data_folder / "movielens_1m" / "ratings.csv.gz", "rt", newline="") as file:
        rows = [(int(row[0]), int(row[1]), int(row[3])) for row in list(csv.reader(file))[1:]]
    table = np.array(rows, dtype=np.int64)
    table = table[np.lexsort((table[:, 2], table[:, 0]))]
    _, unit = np.unique(table[:, 0], return_inverse=True)
    items, item = np.unique(table[:, 1], return_inverse=True)
    interactions = Interactions(
        unit=unit.astype(np.int32),
        item=(item + 1).astype(np.int32),
        event_type=np.full(len(table), PURCHASE_CODE, dtype=np.int8),
        time=table[:, 2],
        quantity=np.ones(len(table), dtype=np.float32),
        basket=np.full(len(table), -1, dtype=np.int32),
        unit_ids=("",) * int(unit.max() + 1),
        item_ids=("",) * (len(items) + 1),
    )
    count = len(items) + 1
    return interactions, ItemContent(
        texts=[""] * count, categories=[()] * count, prices=np.full(count, np.nan), available=np.arange(count) > 0
    )


def speeds(
    shop: tuple[Interactions, ItemContent], ways: dict[str, NetworkConfig], change: Callable[[Trainer], None]
) -> dict[str, Speed]:
    """Each way over the same number of steps, in turns."""
    interactions, content = shop
    edges = fit_gap_edges(interactions)
    weights = np.ones(len(EVENT_TYPES), dtype=np.float32)
    found: dict[str, Speed] = {}
    for name, config in ways.items():
        with torch_state(config), TemporaryDirectory() as folder:
            sequences = build_sequences(interactions, type_weights=weights, gap_edges=edges, config=config)
            network, _ = build_network(interactions, content, config=config, gap_edges=edges)
            checkpoints = Checkpoints(Path(folder), fingerprint="")
            trainer = Trainer(network, config, lambda share, message: None, checkpoints=checkpoints)
            change(trainer)
            epoch = plan_epoch(sequences, config, np.random.default_rng(0))
            sizes = [
                (batch.item > 0).sum() / batch.item.size for number in range(STEPS) if (batch := epoch.batch(number))
            ]
            useful = sum(int((batch.item > 0).sum()) for number in range(STEPS) if (batch := epoch.batch(number)))
            network.train()
            trainer._step(epoch, 0)
            best = min(
                _seconds(lambda t=trainer, e=epoch: [t._step(e, number) for number in range(STEPS)])
                for _ in range(TURNS)
            )
        found[name] = Speed(
            useful_per_second=useful / best,
            milliseconds_per_step=1_000 * best / STEPS,
            padding_share=1 - float(np.mean(sizes)),
        )
    return found


def in_bfloat16(trainer: Trainer) -> None:
    """As on a GPU: the network in bfloat16, weights and loss in float32."""
    compute = trainer._states_and_vectors

    def mixed(*arguments: object) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states, vectors = compute(*arguments)  # type: ignore[arg-type]
        return states.float(), vectors.float()

    trainer._states_and_vectors = mixed  # type: ignore[method-assign, assignment]


def compiled(trainer: Trainer) -> None:
    """The encoder through `torch.compile`, for any shape."""
    trainer.network.encoder.compile(dynamic=True)


@pytest.mark.parametrize("shop", [retail, movielens], ids=["online_retail", "movielens_1m"])
def test_events_per_second(data_folder: Path, shop: Callable[[Path], tuple[Interactions, ItemContent]]) -> None:
    rate = matrix_gigaflops()
    events = shop(data_folder)

    figures = speeds(events, WAYS, lambda trainer: None)
    first = dict(list(WAYS.items())[:1])
    figures |= {f"{name}, bfloat16": figure for name, figure in speeds(events, first, in_bfloat16).items()}

    print(f"\nmatrices: {rate:.1f} GFLOPS")
    for name, figure in figures.items():
        print(
            f"{name:40} {figure.useful_per_second:>9,.0f} events/s {figure.milliseconds_per_step:6.1f} ms/step "
            f"{figure.padding_share:5.1%} padding, {figure.useful_per_second / rate:6,.0f} events per GFLOP"
        )
    assert all(figure.padding_share < 0.15 for figure in figures.values())


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
