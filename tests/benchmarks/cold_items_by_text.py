"""How well products that nobody has bought yet are found by their words, on Amazon Beauty.

    pytest -m benchmark -s tests/benchmarks/cold_items_by_text.py         the test people and items
    python -m tests.benchmarks.cold_items_by_text --valid                 the validation ones, for every choice

Data: Amazon Beauty 5-core (McAuley et al., 2015), from ``$RECS_DATA/amazon_beauty``. One item in ten, chosen by a fixed
seed, is cold for the test and one more in ten for validation: whatever people did with them is withheld from all that
is fitted. Leave one out: the last item of each person is asked for where it is a cold one of the test, the one before
where it is a cold one of validation; neither is ever learned from. An order is all the time that the set has, so an
event lies a day before the next one, and everybody's last ones on the same day.

Rankings are over the cold items of the period ("new"), and over the whole catalogue without what the person had
("all"). Baselines: chance; the popularity of an item's brand and categories; ``told``, the popularity that the item
really had, which a shop cannot know of a new item; and text neighbours.
"""

import argparse
import csv
import gzip
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest

from django_recs.engine.baselines.text import fit_text_knn
from django_recs.engine.blend import Blend
from django_recs.engine.evaluation.protocol import EvaluationTable, evaluate
from django_recs.engine.evaluation.queries import ItemLists, Queries
from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories, Interactions, ItemContent
from django_recs.engine.recommender import Arrays, Recommender
from django_recs.engine.situations import Situation

FOLDER = "amazon_beauty"
SEED = 0
COLD_SHARE = 0.1
HISTORY_LENGTH = 200
END = 10_000 * SECONDS_PER_DAY
EQUAL = np.ones(len(EVENT_TYPES))
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, kw_only=True)
class Beauty:
    """Everything, and what is asked of it."""

    interactions: Interactions
    content: ItemContent
    cold: Mapping[str, np.ndarray]
    """(I + 1,) by period, ``valid`` and ``test``."""

    def taught(self) -> Interactions:
        """Without cold items and without the last two events of each person."""
        events = self.interactions
        early = events.time < END - 2 * SECONDS_PER_DAY
        return events.where(early & ~self.cold["valid"][events.item] & ~self.cold["test"][events.item])

    def queries(self, period: str) -> dict[str, Queries]:
        """``new`` and ``all``, one query for each person whose item of that day is cold."""
        events = self.interactions
        day = END - (2 if period == "valid" else 1) * SECONDS_PER_DAY
        asked = (events.time == day) & self.cold[period][events.item]
        withheld = self.cold["valid"] | self.cold["test"]
        past = events.where((events.time < day) & ~withheld[events.item])
        asked &= np.isin(events.unit, past.unit)
        units, items = events.unit[asked], events.item[asked]
        histories = past.histories(units, now=day, length=HISTORY_LENGTH)
        row = np.arange(len(units))
        truth = ItemLists.of_pairs(row, items, len(units))
        had = ItemLists.of_pairs(histories.row, histories.item, len(units))
        everything = np.arange(events.item_count + 1) > 0
        return {
            name: Queries(
                name=name,
                situation=Situation.COLD_ITEM,
                histories=histories,
                candidates=candidates,
                excluded=had if name == "all" else ItemLists.of_pairs(row[:0], items[:0], len(units)),
                truth=truth,
            )
            for name, candidates in (("new", self.cold[period]), ("all", everything))
        }


def load(folder: Path) -> Beauty:
    """Arrays of the whole set; item numbers are shuffled, cold items drawn, by `SEED`."""
    with gzip.open(folder / "items.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = {row["item"]: row for row in csv.DictReader(file)}
    items = sorted(rows)
    random.Random(SEED).shuffle(items)
    number = {item: place for place, item in enumerate(items, start=1)}
    sequences: dict[str, list[int]] = {}
    with gzip.open(folder / "interactions.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: (row["user"], int(row["position"]))):
            sequences.setdefault(row["user"], []).append(number[row["item"]])
    lengths = np.array([len(sequence) for sequence in sequences.values()])
    unit = np.repeat(np.arange(len(lengths)), lengths).astype(np.int32)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    labels = [rows[item]["attributes"].split("|") for item in items]
    size = len(items) + 1
    draw = np.random.default_rng(SEED).random(size)
    draw[0] = 1
    return Beauty(
        interactions=Interactions(
            unit=unit,
            item=np.concatenate([np.array(sequence) for sequence in sequences.values()]).astype(np.int32),
            event_type=np.full(len(unit), PURCHASE_CODE, dtype=np.int8),
            time=END - (lengths[unit] - place).astype(np.int64) * SECONDS_PER_DAY,
            quantity=np.ones(len(unit), dtype=np.float32),
            basket=np.full(len(unit), -1, dtype=np.int32),
            unit_ids=[f"c:{user}" for user in sequences],
            item_ids=["", *items],
        ),
        content=ItemContent(
            texts=["", *(rows[item]["title"] for item in items)],
            categories=[(), *(tuple(label for label in each if label != "Unknown") for each in labels)],
            prices=np.full(size, np.nan),
            available=np.arange(size) > 0,
        ),
        cold={"test": draw < COLD_SHARE, "valid": (draw >= COLD_SHARE) & (draw < 2 * COLD_SHARE)},
    )


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The same scores for everybody."""

    name: str
    scores: FloatArray
    supports_cold_items: ClassVar[bool] = True

    def score(self, histories: Histories) -> FloatArray:
        return np.tile(self.scores, (len(histories), 1))

    def arrays(self) -> Arrays:
        return {"scores": self.scores}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise TypeError("A baseline of a benchmark is not stored.")


def fixed_baselines(beauty: Beauty) -> tuple[Fixed, ...]:
    """Chance, popularity of labels, and the popularity that was withheld."""
    counts = np.bincount(beauty.taught().item, minlength=beauty.interactions.item_count + 1)
    really = np.bincount(
        beauty.interactions.item[beauty.interactions.time < END - 2 * SECONDS_PER_DAY], minlength=len(counts)
    )
    held: dict[str, list[int]] = {}
    for item, labels in enumerate(beauty.content.categories):
        if counts[item]:
            for label in labels:
                held.setdefault(label, []).append(int(counts[item]))
    mean = {label: float(np.mean(each)) for label, each in held.items()}
    by_label = [
        float(np.mean([mean[label] for label in labels if label in mean] or [0]))
        for labels in beauty.content.categories
    ]
    chance = np.random.default_rng(SEED).random(len(counts))
    return tuple(
        Fixed(name=name, scores=np.asarray(scores, dtype=np.float32))
        for name, scores in (("chance", chance), ("popularity of labels", by_label), ("popularity, told", really))
    )


def fit(beauty: Beauty, *, with_network: bool = True) -> tuple[Recommender, ...]:
    """Text neighbours and the sequence network, fitted on what is taught."""
    text = fit_text_knn(beauty.content, event_weights=EQUAL, history_half_life_days=100.0, neighbour_count=30)
    if not with_network:
        return (text,)
    from django_recs.learning import NetworkConfig, fit_network

    network = fit_network(
        beauty.taught(),
        beauty.content,
        config=NetworkConfig(epoch_limit=8, id_dropout=0.5),  # chosen on validation
        event_weights={event_type.value: 1.0 for event_type in EVENT_TYPES},
        on_progress=lambda share, message: print(f"  {share:4.0%} {message}", file=sys.stderr),
    )
    return (text, network.voice())


def best_blend(voices: tuple[Recommender, ...], queries: Queries) -> Blend:
    """Text neighbours and network with the share of the network, out of `SHARES`, that is best on ``queries``."""
    blends = {
        f"{share:.1f}": Blend(voices=voices, weights=dict.fromkeys(Situation, np.array([1 - share, share])))
        for share in SHARES
    }
    figures = evaluate(voices, {"valid": queries}, blends=blends)["slices"]["valid"]["recommenders"]
    return blends[max(blends, key=lambda name: figures[name]["ndcg@10"]["mean"])]


def run(folder: Path, *, period: str) -> EvaluationTable:
    """The table of one period; the share of the network is always chosen on validation."""
    beauty = load(folder)
    started = time.process_time()
    voices = fit(beauty)
    seconds = time.process_time() - started
    blend = best_blend(voices, beauty.queries("valid")["new"])
    return evaluate(
        [*fixed_baselines(beauty), *voices],
        beauty.queries(period),
        blends={"blend": blend},
        protocol={
            "period": period,
            "seed": SEED,
            "cpu_seconds": round(seconds, 1),
            "share of the network": float(blend.weights[Situation.COLD_ITEM][1]),
        },
    )


def printed(table: EvaluationTable, metrics: Sequence[str] = ("ndcg@10", "recall@20", "hit_rate@10")) -> str:
    """A line per recommender and slice."""
    lines = [str(table["protocol"])]
    for name, slice_ in table["slices"].items():
        lines.append(f"{name}: {slice_['query_count']} queries, {slice_['candidate_count']} candidates")
        for recommender, figures in slice_["recommenders"].items():
            behind = figures["behind_blend"]
            cells = [f"{metric} {figures[metric]['mean']:.4f} ({figures[metric]['se']:.4f})" for metric in metrics]
            cells.append(f"behind the blend {behind['mean']:.4f} ({behind['se']:.4f})")
            lines.append(f"  {recommender:22s} {'  '.join(cells)}")
    return "\n".join(lines)


@pytest.mark.benchmark
@pytest.mark.real_data
def test_new_products_are_found_by_their_words(data_folder: Path) -> None:
    table = run(data_folder / FOLDER, period="test")

    print("\n" + printed(table))

    figures = table["slices"]["new"]["recommenders"]
    best = figures["blend"]["ndcg@10"]["mean"]
    assert best > 3 * figures["popularity of labels"]["ndcg@10"]["mean"]
    assert best > 3 * figures["popularity, told"]["ndcg@10"]["mean"]
    assert best > figures["text_knn"]["ndcg@10"]["mean"]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--valid", action="store_true")
    options = parser.parse_args()
    print(printed(run(options.data / FOLDER, period="valid" if options.valid else "test")))


if __name__ == "__main__":
    _main()
