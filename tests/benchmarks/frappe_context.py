"""What context adds to the sequence network: the same network with and without it, on uses of apps.

    pytest -m benchmark -s tests/benchmarks/frappe_context.py                 the test uses, three seeds; read once
    python -m tests.benchmarks.frappe_context [--seeds 1] [--dropout 0.2]     the validation uses, to choose by

Data: Frappe (Baltrunas et al., 2015), from ``$RECS_DATA/frappe``: 96,203 uses of 4,082 apps by 957 persons. Each use
says part of the day, weekday, weekend or not, at home or at work, weather, country and city. Whether an app costs money
is left out: that is the app's, not the moment's. How often a combination was seen (``cnt``) is left out too.

Protocol, fixed before the first run. The file has no time, so the uses get moments in random order (fixed seed), the
same for all networks. Of each person with ten uses or more the last tenth is for the test and the tenth before it for
validation. One question per held-out use: the person's uses before it that are learned from (for the test those of the
validation too) and the circumstances of the use are given, all apps are ranked, used before or not, and the one that
was used is the truth. NDCG@10, the mean of each person first, then the mean over persons.

Both networks have one configuration, `CHOICES`, near the best of a few tried on the validation uses of an eighth of the
persons; choose on the validation uses of all before the test is read. The difference is taken person by person on the
mean of the seeds; its standard error is that over persons. The network with context is also asked with all
circumstances unknown, for which it should be no worse than the one that has none.
"""

import argparse
import csv
import gzip
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from django_recs.engine.baselines.frequency import fit_personal_frequency
from django_recs.engine.baselines.popularity import fit_trend
from django_recs.engine.circumstances import NOTHING_KNOWN, Circumstances
from django_recs.engine.events import EVENT_CODES, EVENT_TYPES, EventType
from django_recs.engine.interactions import Histories, Interactions, ItemContent
from django_recs.engine.recommender import Recommender

FOLDER = "frappe"
NAMES = ("daytime", "weekday", "isweekend", "homework", "weather", "country", "city")
UNKNOWN = {"unknown", "0"}
"""How the file writes what is not known; city 0 is no city."""
SEED = 0
SEEDS = (0, 1, 2)
PERSON_USE_MINIMUM = 10
AIM = 0.05
CHOICES: Mapping[str, float] = {
    "tokens_per_batch": 512,
    "epoch_limit": 5,
    "patience": 5,
    "full_softmax_limit": 0,
    "negative_count": 256,
}
"""Where both networks differ from the pipeline's: 83,000 uses in batches of 4,096 would be too few steps."""
BATCH = 256

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Split:
    """What is learned from and what is asked."""

    past: Interactions
    asked: Interactions
    """One question per use."""


def load(path: Path) -> Interactions:
    """All uses, each at a moment of its own, in random order."""
    with gzip.open(path / "frappe.csv.gz", "rt", encoding="utf-8", newline="") as rows:
        uses = list(csv.DictReader(rows, delimiter="\t"))
    rng = np.random.default_rng(SEED)
    moment = rng.permutation(len(uses))
    persons = {person: number for number, person in enumerate(sorted({use["user"] for use in uses}))}
    apps = sorted({use["item"] for use in uses})
    rng.shuffle(apps)
    number_of = {app: number for number, app in enumerate(apps, start=1)}
    order = sorted(range(len(uses)), key=lambda row: (persons[uses[row]["user"]], moment[row]))
    uses = [uses[row] for row in order]
    return Interactions(
        unit=np.array([persons[use["user"]] for use in uses], dtype=np.int32),
        item=np.array([number_of[use["item"]] for use in uses], dtype=np.int32),
        event_type=np.full(len(uses), EVENT_CODES[EventType.VIEW_ITEM], dtype=np.int8),
        time=moment[order].astype(np.int64),
        quantity=np.ones(len(uses), dtype=np.float32),
        basket=np.full(len(uses), -1, dtype=np.int32),
        unit_ids=[f"c:{person}" for person in persons],
        item_ids=["", *apps],
        context=Circumstances.of({name: ["" if use[name] in UNKNOWN else use[name] for use in uses] for name in NAMES}),
    )


def split(uses: Interactions, *, test: bool) -> Split:
    """The last tenth of each person against all before it, or without it the tenth before."""
    counts = np.bincount(uses.unit)[uses.unit]
    first = np.searchsorted(uses.unit, uses.unit)
    left = first + counts - np.arange(len(uses))  # uses of the same person from this one on
    tenth = np.where(counts >= PERSON_USE_MINIMUM, counts // 10, 0)
    if not test:
        uses, left, tenth = uses.where(left > tenth), left[left > tenth] - tenth[left > tenth], tenth[left > tenth]
    return Split(past=uses.where(left > tenth), asked=uses.where(left <= tenth))


def questions(these: Split, length: int) -> Iterator[tuple[slice, Histories]]:
    """The asked uses in batches, each with what its person did before and its own circumstances."""
    for start in range(0, len(these.asked), BATCH):
        rows = slice(start, min(start + BATCH, len(these.asked)))
        yield (
            rows,
            these.past.histories(
                these.asked.unit[rows],
                now=these.asked.time[rows],
                length=length,
                asked=these.asked.context.at(rows),
            ),
        )


def gains(voice: Recommender, these: Split, *, length: int = 200, blind: bool = False) -> FloatArray:
    """(Q,) NDCG@10 of each question: 1 / log2(1 + rank) of the used app, 0 below rank 10."""
    found = []
    for rows, histories in questions(these, length):
        if blind:
            histories = replace(histories, context=NOTHING_KNOWN, asked=NOTHING_KNOWN)
        scores = voice.score(histories)[:, 1:]
        truth = these.asked.item[rows] - 1
        own = scores[np.arange(len(truth)), truth][:, None]
        earlier = np.arange(scores.shape[1]) < truth[:, None]  # ties fall to the lower number
        rank = 1 + (scores > own).sum(axis=1) + ((scores == own) & earlier).sum(axis=1)
        found.append(np.where(rank <= 10, 1 / np.log2(1 + rank), 0.0))
    return np.concatenate(found)


def by_person(gain: FloatArray, asked: Interactions) -> FloatArray:
    """(P,) each person's mean."""
    _, person = np.unique(asked.unit, return_inverse=True)
    return np.bincount(person, weights=gain) / np.bincount(person)


def fit(these: Split, *, seed: int, with_context: bool, **choices: float) -> Recommender:
    from django_recs.learning import NetworkConfig, fit_network

    past = these.past if with_context else replace(these.past, context=NOTHING_KNOWN)
    content = ItemContent(
        texts=[""] * len(past.item_ids),
        categories=[()] * len(past.item_ids),
        prices=np.full(len(past.item_ids), np.nan),
        available=np.arange(len(past.item_ids)) > 0,
    )
    started = time.process_time()
    network = fit_network(
        past,
        content,
        config=replace(NetworkConfig(), seed=seed, **{**CHOICES, **choices}),  # type: ignore[arg-type]
        event_weights={event_type.value: 1.0 for event_type in EVENT_TYPES},
        on_progress=lambda share, message: print(f"  {share:4.0%} {message}", file=sys.stderr, flush=True),
    )
    print(
        f"  seed {seed}, {'with' if with_context else 'without'} context: {network.epoch_count} epochs, "
        f"{time.process_time() - started:.0f} CPU s",
        flush=True,
    )
    return network.voice()


def compare(path: Path, *, test: bool, seeds: Sequence[int] = SEEDS, **choices: float) -> Mapping[str, FloatArray]:
    """NDCG@10 (P,) per person by contestant, the networks' as the mean of their seeds."""
    these = split(load(path / FOLDER), test=test)
    known = np.isin(these.asked.unit, these.past.unit).all()
    assert known, "each person asked about has a past"
    print(f"{len(these.asked):,} questions of {len(np.unique(these.asked.unit))} persons")
    weights = np.ones(len(EVENT_TYPES))
    counts: dict[str, Recommender] = {
        "popularity": fit_trend(these.past, event_weights=weights, half_life_days=1e6),
        "personal frequency": fit_personal_frequency(these.past.item_count, event_weights=weights, half_life_days=1e6),
    }
    found = {name: by_person(gains(voice, these, length=100_000), these.asked) for name, voice in counts.items()}
    runs: dict[str, list[FloatArray]] = {"network without": [], "network with": [], "with, all unknown": []}
    for seed in seeds:
        without = fit(these, seed=seed, with_context=False, **choices)
        runs["network without"].append(by_person(gains(without, these), these.asked))
        within = fit(these, seed=seed, with_context=True, **choices)
        runs["network with"].append(by_person(gains(within, these), these.asked))
        runs["with, all unknown"].append(by_person(gains(within, these, blind=True), these.asked))
        print("   ", {name: round(float(each[-1].mean()), 4) for name, each in runs.items()}, flush=True)
    return found | {name: np.mean(each, axis=0) for name, each in runs.items()}


def report(found: Mapping[str, FloatArray]) -> float:
    """Print the means and the paired difference; returns the relative gain."""
    for name, values in found.items():
        print(f"  {name:20} NDCG@10 {values.mean():.4f} (s.e. {_error(values):.4f})")
    without = found["network without"]
    for name in ("network with", "with, all unknown"):
        difference = found[name] - without
        share = float(difference.mean() / without.mean())
        print(
            f"  {name} - network without: {difference.mean():+.4f} (paired s.e. {_error(difference):.4f}), "
            f"{share:+.1%} (s.e. {_error(difference) / without.mean():.1%})"
        )
    return float((found["network with"] - without).mean() / without.mean())


def _error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5)


@pytest.mark.benchmark
@pytest.mark.real_data
def test_context_adds_a_twentieth(data_folder: Path) -> None:
    print()
    assert report(compare(data_folder, test=True)) >= AIM


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--dropout", type=float, default=None, help="context_dropout of the network")
    options = parser.parse_args()
    choices = {} if options.dropout is None else {"context_dropout": options.dropout}
    report(compare(options.data, test=False, seeds=SEEDS[: options.seeds], **choices))


if __name__ == "__main__":
    _main()
