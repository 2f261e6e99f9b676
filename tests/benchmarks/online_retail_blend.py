"""How well the default voices and their blend predict the next basket on Online Retail.

    pytest -m benchmark -s tests/benchmarks/online_retail_blend.py                             the test period
    python -m tests.benchmarks.online_retail_blend --end 2011-11-10 [--network] [--seed 0]  an earlier month

Data: Online Retail, UCI Machine Learning Repository (Chen, Sain and Guo, 2012), from ``$RECS_DATA/online_retail``.
Cancelled invoices, lines without customer, quantity or price above 0, and codes that are no products are dropped; a
basket is an invoice. Item numbers are shuffled with a fixed seed. Voices fitted before the validation month are blended
and ranked on it; fitted again before the test month they are judged on that, once. Tuning uses ``--end 2011-11-10``.
"""

import argparse
import csv
import gzip
import platform
import random
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import scipy

from django_recs.engine.blend import Blend
from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.gate import judge
from django_recs.engine.evaluation.protocol import EvaluationTable, evaluate
from django_recs.engine.evaluation.queries import Queries, next_basket_queries
from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.ranking.fit import fit_rankers
from django_recs.engine.recommender import Recommender
from django_recs.engine.splits import TimeSplit
from django_recs.engine.voices import fit_voices

FILE = "online_retail/online_retail.csv.gz"
WEIGHTS = np.ones(len(EVENT_TYPES))
SEED = 0
_PRODUCT = re.compile(r"\d{5}[A-Za-z]*")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an order."""

    invoice: str
    item: str
    text: str
    quantity: float
    time: int
    price: float
    customer: str


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of real purchases of products, in the order of the file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["InvoiceNo"].startswith("C") or not row["CustomerID"] or not _PRODUCT.fullmatch(row["StockCode"]):
                continue
            quantity, price = float(row["Quantity"]), float(row["UnitPrice"])
            if quantity > 0 and price > 0:
                moment = datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC)
                yield Line(
                    invoice=row["InvoiceNo"],
                    item=row["StockCode"],
                    text=row["Description"].strip(),
                    quantity=quantity,
                    time=int(moment.timestamp()),
                    price=price,
                    customer=row["CustomerID"],
                )


def load(path: Path) -> tuple[Interactions, ItemContent]:
    """Arrays of the whole file: the first line of each item in each invoice, sorted by customer and time."""
    first: dict[tuple[str, str], Line] = {}
    for line in read_lines(path):
        first.setdefault((line.invoice, line.item), line)
    lines = list(first.values())
    items = sorted({line.item for line in lines})
    random.Random(SEED).shuffle(items)
    index = {item: number for number, item in enumerate(items, start=1)}
    units = {customer: number for number, customer in enumerate(sorted({line.customer for line in lines}))}
    baskets = {invoice: number for number, invoice in enumerate(dict.fromkeys(line.invoice for line in lines))}
    lines.sort(key=lambda line: (units[line.customer], line.time))
    interactions = Interactions(
        unit=np.array([units[line.customer] for line in lines], dtype=np.int32),
        item=np.array([index[line.item] for line in lines], dtype=np.int32),
        event_type=np.full(len(lines), PURCHASE_CODE, dtype=np.int8),
        time=np.array([line.time for line in lines], dtype=np.int64),
        quantity=np.array([line.quantity for line in lines], dtype=np.float32),
        basket=np.array([baskets[line.invoice] for line in lines], dtype=np.int32),
        unit_ids=[f"c:{customer}" for customer in units],
        item_ids=["", *items],
    )
    texts = {line.item: line.text for line in lines}
    prices = {line.item: line.price for line in lines}
    content = ItemContent(
        texts=["", *(texts[item] for item in items)],
        categories=[()] * (len(items) + 1),
        prices=np.array([np.nan, *(prices[item] for item in items)]),
        available=np.array([False] + [True] * len(items)),
    )
    return interactions, content


def fit(
    interactions: Interactions, content: ItemContent, *, with_network: bool, seed: int = 0
) -> tuple[Recommender, ...]:
    """The voices of the pipeline."""
    voices = fit_voices(interactions, content, event_weights=WEIGHTS)
    if not with_network:
        return voices
    from django_recs.learning import NetworkConfig, fit_network

    weights = {event_type.value: 1.0 for event_type in EVENT_TYPES}
    network = fit_network(
        interactions,
        content,
        config=NetworkConfig(seed=seed),
        event_weights=weights,
        on_progress=lambda share, message: print(f"  {share:4.0%} {message}", file=sys.stderr),
    )
    return (*voices, network.voice())


def run(
    path: Path, *, end: datetime | None = None, history_length: int, with_network: bool, seed: int = 0
) -> EvaluationTable:
    """The table of the protocol; with ``end`` as if the data ended there."""
    interactions, content = load(path)
    if end:
        interactions = interactions.before(int(end.timestamp()))
    split = TimeSplit.of(interactions, valid_days=30, test_days=30)

    def queries(start: int, stop: int) -> dict[str, Queries]:
        return next_basket_queries(
            interactions, start=start, end=stop, event_weights=WEIGHTS, history_length=history_length
        )

    started = time.process_time()
    voices = fit(interactions.before(split.valid_start), content, with_network=with_network, seed=seed)
    fitted = time.process_time()
    asked = queries(split.valid_start, split.test_start)
    blend = fit_blend(voices, asked)
    blended = time.process_time()
    facts = item_facts(interactions.before(split.valid_start), content.prices)
    blend = replace(blend, rankers=fit_rankers(blend, asked, facts), facts=facts)
    ranked = time.process_time()
    past = interactions.before(split.test_start)
    judged = blend.with_voices(
        fit(past, content, with_network=with_network, seed=seed), facts=item_facts(past, content.prices)
    )
    refitted = time.process_time()
    blends = {"blend": judged, "unranked": replace(judged, rankers={})}
    table = evaluate(judged.voices, queries(split.test_start, split.end), blends=blends)
    table["protocol"] = {
        "test": [datetime.fromtimestamp(moment, UTC).date().isoformat() for moment in (split.test_start, split.end)],
        "history_length": history_length,
        "weights": _weights(judged),
        "ranked": sorted(judged.rankers),
        "cpu_seconds": {
            "fit": round(fitted - started, 1),
            "blend": round(blended - fitted, 1),
            "rank": round(ranked - blended, 1),
            "refit": round(refitted - ranked, 1),
            "evaluate": round(time.process_time() - refitted, 1),
        },
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}, item numbers shuffled with seed {SEED}, network seed {seed}",
    }
    return table


def _weights(blend: Blend) -> dict[str, dict[str, float]]:
    return {
        situation.value: {voice.name: round(float(value), 3) for voice, value in zip(blend.voices, values, strict=True)}
        for situation, values in blend.weights.items()
    }


def printed(table: EvaluationTable) -> str:
    """NDCG@10 with its standard error per recommender and slice, then how it was made."""
    slices = table["slices"]
    names = list(next(iter(slices.values()))["recommenders"])
    rows = [["NDCG@10 (s.e.)", *(f"{name} ({figures['query_count']})" for name, figures in slices.items())]]
    for name in names:
        figures = [each["recommenders"][name]["ndcg@10"] for each in slices.values()]
        rows.append([name, *(f"{figure['mean']:.4f} ({figure['se']:.4f})" for figure in figures)])
    for metric in ("ndcg@20", "recall@20", "hit_rate@10", "map@10", "mrr@10", "coverage@10"):
        figures = [each["recommenders"]["blend"][metric] for each in slices.values()]
        rows.append([f"blend {metric}", *(f"{figure['mean']:.4f}" for figure in figures)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*text, *(f"{key}: {value}" for key, value in table["protocol"].items())])


@pytest.mark.benchmark
@pytest.mark.real_data
def test_blend_beats_each_of_its_parts_on_online_retail(data_folder: Path) -> None:
    table = run(data_folder / FILE, history_length=200, with_network=True)

    print("\n" + printed(table))

    assert judge(table, champion=None) == []


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--end", type=lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC))
    parser.add_argument("--history", type=int, default=200)
    parser.add_argument("--network", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = run(
        options.data / FILE,
        end=options.end,
        history_length=options.history,
        with_network=options.network,
        seed=options.seed,
    )
    print(printed(table))
    print("gate:", judge(table, champion=None) or "passed")


if __name__ == "__main__":
    _main()
