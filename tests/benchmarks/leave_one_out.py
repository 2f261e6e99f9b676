"""How well voices, network and blend predict each person's last item, beside the peers, on data without a clock.

    python -m tests.benchmarks.leave_one_out movielens_1m --network [--refit] [--seed 0] [--choices '{"width": 128}']
    python -m tests.benchmarks.leave_one_out movielens_1m --halves [--share 0.25]    ids, content, both; and new items
    python -m tests.benchmarks.leave_one_out movielens_1m --peers PYTHON [--only als,ease] [--budget 600]

Data, split and clock: `tests/benchmarks/order_only.py`. The whole catalogue is ranked without the person's history.
The voices learn from all but the last two items of each person, the weights of the blend from the one before the last;
the last one is read once. ``--refit`` fits the voices once more, with the validation items, before that. ``--peers``
names the Python of an environment made from `tests/benchmarks/peers/requirements.txt`; it fits on the same arrays.
"""

import argparse
import dataclasses
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from django_recs.engine.baselines.ease import ITEM_LIMIT, fit_ease
from django_recs.engine.baselines.neighbours import fit_item_knn
from django_recs.engine.baselines.popularity import fit_trend
from django_recs.engine.baselines.text import fit_text_knn
from django_recs.engine.baselines.transitions import fit_transitions
from django_recs.engine.blend import Blend
from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.metrics import coverage, hit_rate, mean_and_error, ndcg, reciprocal_rank
from django_recs.engine.evaluation.protocol import hits_of, ranked_lists
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.ranking.fit import fit_rankers
from django_recs.engine.recommender import Recommender
from tests.benchmarks.order_only import NAMES, DataSet, load

STEP_DAYS = 1.0
HISTORY_LENGTH = 200
WEIGHTS = np.ones(len(EVENT_TYPES))
RUNNER = Path(__file__).parent / "peers" / "fit_peers.py"

Lists = npt.NDArray[np.int64]


def counting_voices(data: DataSet, known: Interactions) -> list[Recommender]:
    """Voices with half-lives in places, chosen on the validation items of both data sets."""
    voices: list[Recommender] = [
        fit_trend(known, event_weights=WEIGHTS, half_life_days=14 * STEP_DAYS),
        fit_item_knn(
            known,
            event_weights=WEIGHTS,
            fit_half_life_days=30 * STEP_DAYS,
            history_half_life_days=3 * STEP_DAYS,
            neighbour_count=200,
            shrinkage=1.0,
        ),
        fit_text_knn(data.content, event_weights=WEIGHTS, history_half_life_days=3 * STEP_DAYS, neighbour_count=30),
    ]
    voices.append(
        fit_transitions(
            known,
            event_weights=WEIGHTS,
            half_life_places=3.0,
            fit_half_life_days=200 * STEP_DAYS,
            penalty=150.0,
            link_count=200,
        )
    )
    if data.interactions.item_count <= ITEM_LIMIT:
        voices.append(
            fit_ease(
                known,
                event_weights=WEIGHTS,
                fit_half_life_days=30 * STEP_DAYS,
                history_half_life_days=3 * STEP_DAYS,
                penalty=150.0,
                link_count=200,
            )
        )
    return voices


def network_voice(data: DataSet, known: Interactions, choices: dict[str, Any]) -> Recommender:
    """The sequence network with its defaults, but for targets that do not age: places are no days."""
    from django_recs.learning import NetworkConfig, fit_network

    started = time.process_time()

    def report(share: float, message: str) -> None:
        print(f"  {time.process_time() - started:7.1f} CPU s {share:4.0%} {message}", file=sys.stderr, flush=True)

    network = fit_network(
        known,
        data.content,
        config=NetworkConfig(**{"half_life_days": 1_000 * STEP_DAYS, "max_length": HISTORY_LENGTH, **choices}),
        event_weights={event_type.value: 1.0 for event_type in EVENT_TYPES},
        on_progress=report,
    )
    print(f"  {time.process_time() - started:7.1f} CPU s for the network", file=sys.stderr, flush=True)
    return network.voice()


def run(data: DataSet, choices: dict[str, Any], *, with_network: bool, refit: bool) -> None:
    """Fit, blend, learn to rank, judge; one table per fit."""
    valid, test = (data.queries(left_out, history_length=HISTORY_LENGTH) for left_out in (2, 1))
    voices = fitted(data, data.known(2), choices, with_network)
    blend = timed("weights", lambda: fit_blend(voices, {"valid": valid}))
    print("weights:", {v.name: round(float(w), 3) for v, w in zip(voices, blend.weights[valid.situation], strict=True)})
    facts = item_facts(data.known(2), data.content.prices)
    rankers = timed("ranker", lambda: fit_rankers(blend, {"valid": valid}, facts))
    print("ranked:", sorted(rankers) or "the trees did not prove themselves, the sum stays")
    ranked = dataclasses.replace(blend, rankers=rankers, facts=facts)
    judge("test, fitted without the validation items", blend, ranked, test)
    if refit:
        again = fitted(data, data.known(1), choices, with_network)
        facts = item_facts(data.known(1), data.content.prices)
        judge("test, fitted again with them", blend.with_voices(again), ranked.with_voices(again, facts=facts), test)


def judge(title: str, blend: Blend, ranked: Blend, test: Queries) -> None:
    blends = {"sum": blend, "ranked": ranked} if ranked.rankers else {"sum": blend}
    print_table(title, timed("lists", lambda: ranked_lists(blend.voices, blends, test)), test)


def fitted(data: DataSet, known: Interactions, choices: dict[str, Any], with_network: bool) -> list[Recommender]:
    voices = timed("counting voices", lambda: counting_voices(data, known))
    if with_network:
        voices.append(timed("network", lambda: network_voice(data, known, choices)))
    return voices


def timed(what: str, work: Any) -> Any:
    """The result of ``work()``, and its CPU seconds on stdout."""
    started = time.process_time()
    result = work()
    print(f"{what}: {time.process_time() - started:.1f} CPU s", flush=True)
    return result


def print_table(title: str, lists: dict[str, Lists], queries: Queries) -> None:
    """The figures of each list, and how far it lies from the last one, which is paired with it."""
    counts = queries.truth.counts
    hits = {name: hits_of(top, queries) for name, top in lists.items()}
    last = ndcg(hits[next(reversed(hits))], counts, 10)
    print(f"\n{title}, {len(queries):,} persons: NDCG@10 (s.e.), recall@10, MRR@10, coverage@10, behind the last row")
    for name, hit in hits.items():
        values = ndcg(hit, counts, 10)
        figure, behind = mean_and_error(values), mean_and_error(last - values)
        print(
            f"  {name:22} {figure.mean:.4f} ({figure.se:.4f})  {hit_rate(hit, counts, 10).mean():.4f}"
            f"  {reciprocal_rank(hit, counts, 10).mean():.4f}  {coverage(lists[name], queries.candidates, 10):.3f}"
            f"  {behind.mean:+.4f} ({behind.se:.4f})",
            flush=True,
        )


def run_halves(data: DataSet, choices: dict[str, Any], share: float) -> None:
    """The network by ids alone, by content alone and by both, on items it learned from and on items it never saw.

    One item in ten is withheld from training and from every history. A person whose last item is one of them asks for
    new items and is shown only those; all others are shown the rest.
    """
    rng = np.random.default_rng(0)
    size = data.interactions.item_count + 1
    withheld = rng.random(size) < 0.1
    persons = rng.random(data.interactions.unit_count) < share
    seen = data.interactions.where(~withheld[data.interactions.item])
    known = data.known(2)
    known = known.where(persons[known.unit] & ~withheld[known.item])
    test = data.queries(1, history_length=HISTORY_LENGTH)
    now = test.histories.now[0]
    histories = seen.before(int(now)).histories(
        np.arange(seen.unit_count), now=test.histories.now, length=HISTORY_LENGTH
    )
    new = withheld[test.truth.items]
    slices = {
        "items that were learned from": (np.flatnonzero(~new), ~withheld),
        "new items": (np.flatnonzero(new), withheld),
    }
    blank = dataclasses.replace(
        data, content=dataclasses.replace(data.content, texts=[""] * size, categories=[()] * size, attributes=())
    )
    parts = {"ids only": (blank, {}), "content only": (data, {"id_trust": 1e12}), "hybrid": (data, {})}
    voices = {
        name: timed(name, lambda: network_voice(read, known, {**choices, **added}))  # noqa: B023 called at once
        for name, (read, added) in parts.items()
    }
    print(f"{len(known):,} events of {persons.sum():,} persons; {withheld[1:].sum()} of {size - 1:,} items withheld")
    for title, (rows, candidates) in slices.items():
        queries = Queries(
            name="new_to_them",
            situation=test.situation,
            histories=histories.take(rows),
            candidates=candidates & (np.arange(size) > 0),
            excluded=test.excluded.take(rows),
            truth=test.truth.take(rows),
        )
        print_table(
            title, {name: ranked_lists([voice], {}, queries)[voice.name] for name, voice in voices.items()}, queries
        )


def run_peers(data: DataSet, python: str, names: Sequence[str], budget_seconds: int) -> None:
    """Each peer in a process of its own, on the arrays that ours are fitted on; its lists are judged here."""
    known = data.known(2)
    valid, test = (data.queries(left_out, history_length=HISTORY_LENGTH) for left_out in (2, 1))
    with tempfile.TemporaryDirectory() as folder:
        split = Path(folder) / "split.npz"
        words = [" ".join([*data.content.categories[i], *data.content.attributes[i].values()]) for i in _items(data)]
        np.savez(
            split,
            unit=known.unit,
            item=known.item,
            valid=valid.truth.items,
            test=test.truth.items,
            labels=np.array(words),
        )
        lists: dict[str, dict[str, Lists]] = {"validation": {}, "test, fitted without the validation items": {}}
        for name in names:
            out = Path(folder) / f"{name}.npz"
            command = [python, str(RUNNER), name, str(split), str(out), "--budget", str(budget_seconds)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
            subprocess.run(command, check=True, env=environment)
            with np.load(out) as found:
                for title, key in zip(lists, ("valid_lists", "test_lists"), strict=True):
                    lists[title][name] = found[key].astype(np.int64)
                print(f"{name}: {found['note']}", flush=True)
    for (title, found_lists), queries in zip(lists.items(), (valid, test), strict=True):
        print_table(title, found_lists, queries)


def _items(data: DataSet) -> range:
    return range(data.interactions.item_count + 1)


def machine() -> str:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    try:
        import torch

        torch_version = torch.__version__
    except ImportError:
        torch_version = "none"
    return (
        f"{cpu[1] if cpu else platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"torch {torch_version}, ONNX Runtime {onnxruntime.__version__}, one thread, load {os.getloadavg()[0]:.1f}"
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--network", action="store_true", help="the sequence network too, which needs torch")
    parser.add_argument("--choices", type=json.loads, default={}, help="fields of NetworkConfig as JSON")
    parser.add_argument("--halves", action="store_true", help="ids, content and both, on learned and on new items")
    parser.add_argument("--share", type=float, default=1.0, help="of the persons that --halves learns from")
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--only", default="popular,item_knn,als,bpr,ease,lightfm")
    parser.add_argument("--budget", type=int, default=600, help="CPU seconds after which SASRec is stopped")
    options = parser.parse_args()
    data = load(options.data, options.name, step_days=STEP_DAYS)
    print(f"{options.name}, seed {options.seed}; {machine()}", flush=True)
    if options.peers:
        run_peers(data, options.peers, options.only.split(","), options.budget)
    elif options.halves:
        run_halves(data, {**options.choices, "seed": options.seed}, options.share)
    else:
        choices = {**options.choices, "seed": options.seed}
        run(data, choices, with_network=options.network, refit=options.refit)
    usage = resource.RUSAGE_CHILDREN if options.peers else resource.RUSAGE_SELF
    print(f"peak memory: {resource.getrusage(usage).ru_maxrss // 1024:,} MiB")


if __name__ == "__main__":
    _main()
