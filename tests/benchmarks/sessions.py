"""How well the next view of an anonymous session is predicted on RetailRocket, beside item-kNN and session-kNN.

    python -m tests.benchmarks.sessions [--network] [--limit 5000] [--seed 0]

Data: RetailRocket (2016), sessions of 3 views and more as in COTREC (Xia et al., 2021), read in place. Every prefix of
the later sessions is a question; what comes next may be something viewed before. The voices learn from all but the last
3,000 training sessions, the weights of the blend and the settings of the two peers are chosen on those; then everything
is fitted again on all training sessions and the test is read once.

The set has no clock. Sessions are spread in their order over the 137 days that the shop was watched, and the views of a
session lie a minute apart, so that half-lives in days mean something between sessions and half-lives in minutes within.
"""

import argparse
import csv
import gzip
import random
import resource
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_array

from django_recs.engine.baselines.frequency import fit_personal_frequency
from django_recs.engine.baselines.neighbours import fit_item_knn
from django_recs.engine.baselines.popularity import fit_trend
from django_recs.engine.blend_fit import fit_blend
from django_recs.engine.evaluation.metrics import hit_rate, mean_and_error, ndcg, reciprocal_rank
from django_recs.engine.evaluation.protocol import hits_of, ranked_lists
from django_recs.engine.evaluation.queries import ItemLists, Queries
from django_recs.engine.events import EVENT_TYPES, VIEW_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories, Interactions, ItemContent
from django_recs.engine.recommender import Arrays, Recommender
from django_recs.engine.situations import Situation
from tests.benchmarks.leave_one_out import machine, timed

FOLDER = "retailrocket_sessions"
SEED = 0
DAYS = 137
VALID_SESSION_COUNT = 3_000
MINUTE_DAYS = 1 / 1_440
END = 20_000 * SECONDS_PER_DAY
WEIGHTS = np.ones(len(EVENT_TYPES))

Session = list[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class SessionKNN:
    """Sessions like this one and what else was viewed in them: VS-KNN (Ludewig and Jannach, 2018, section 3.3).

    A past session counts by the views it shares, the later ones in the present session more (linear); its items count
    less the further from the end of the present session the last shared view lies.
    """

    name: ClassVar[str] = "session-kNN (peer)"
    supports_cold_items: ClassVar[bool] = False

    sessions: csr_array
    """(S, I + 1) ones, the latest session last."""
    by_item: csr_array
    """The transpose."""
    neighbour_count: int
    sample_count: int
    """Latest sessions that share an item and are compared at all."""

    def score(self, histories: Histories) -> FloatArray:
        rows = np.zeros((len(histories), self.sessions.shape[1]), dtype=np.float32)
        for row in range(len(histories)):
            views = histories.item[histories.offsets[row] : histories.offsets[row + 1]]
            self._add(views, rows[row])
        return rows

    def _add(self, views: Any, scores: FloatArray) -> None:
        items, last = np.unique(views[::-1], return_index=True)  # places from the end, 0 = latest
        weight = 1 - last / len(views)
        starts, stops = self.by_item.indptr[items], self.by_item.indptr[items + 1]
        found = np.concatenate([self.by_item.indices[a:b] for a, b in zip(starts, stops, strict=True)])
        counts = stops - starts
        sessions, place = np.unique(found, return_inverse=True)
        likeness = np.bincount(place, weights=np.repeat(weight, counts), minlength=len(sessions))
        nearest = np.full(len(sessions), len(views), dtype=np.int64)
        np.minimum.at(nearest, place, np.repeat(last, counts))
        if len(sessions) > self.sample_count:
            sessions, likeness, nearest = (each[-self.sample_count :] for each in (sessions, likeness, nearest))
        best = np.argsort(-likeness, kind="stable")[: self.neighbour_count]
        for session, near, like in zip(sessions[best], nearest[best], likeness[best], strict=True):
            others = self.sessions.indices[self.sessions.indptr[session] : self.sessions.indptr[session + 1]]
            scores[others] += like * max(0.0, 1 - 0.1 * near)

    def arrays(self) -> Arrays:
        raise NotImplementedError("A peer is not stored.")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise NotImplementedError("A peer is not stored.")


@dataclass(frozen=True, kw_only=True, eq=False)
class LastItemKNN:
    """Items whose sessions are those of the last view, by cosine (item-kNN of Ludewig and Jannach, 2018)."""

    name: ClassVar[str] = "item-kNN (peer)"
    supports_cold_items: ClassVar[bool] = False

    cosines: csr_array

    def score(self, histories: Histories) -> FloatArray:
        last = histories.item[histories.offsets[1:] - 1]
        scores: FloatArray = self.cosines[last].toarray().astype(np.float32)
        return scores

    def arrays(self) -> Arrays:
        raise NotImplementedError("A peer is not stored.")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise NotImplementedError("A peer is not stored.")


def load(folder: Path) -> tuple[list[Session], list[tuple[Session, int]], int]:
    """Training sessions, (prefix, next item) questions and the number of items, numbered by chance."""
    with gzip.open(folder / "train_sessions.csv.gz", "rt") as file:
        sessions = [row["items"].split() for row in csv.DictReader(file)]
    with gzip.open(folder / "test_prefixes.csv.gz", "rt") as file:
        questions = [(row["items"].split(), row["next_item"]) for row in csv.DictReader(file)]
    names = sorted(
        {item for session in sessions for item in session} | {item for items, _ in questions for item in items}
    )
    random.Random(SEED).shuffle(names)
    index = {name: number for number, name in enumerate(names, start=1)}
    known = [([index[item] for item in items], index[wanted]) for items, wanted in questions if wanted in index]
    return [[index[item] for item in session] for session in sessions], known, len(names)


def as_interactions(sessions: Sequence[Session], first: int, total: int, item_count: int) -> Interactions:
    """Sessions number ``first`` and on of ``total`` on the made-up clock."""
    lengths = np.array([len(session) for session in sessions])
    begin = END - DAYS * SECONDS_PER_DAY + (first + np.arange(len(sessions))) * (DAYS * SECONDS_PER_DAY) // total
    place = np.concatenate([np.arange(length) for length in lengths])
    count = int(lengths.sum())
    return Interactions(
        unit=np.repeat(np.arange(len(sessions), dtype=np.int32), lengths),
        item=np.array([item for session in sessions for item in session], dtype=np.int32),
        event_type=np.full(count, VIEW_CODE, dtype=np.int8),
        time=np.repeat(begin, lengths) + 60 * place,
        quantity=np.ones(count, dtype=np.float32),
        basket=np.full(count, -1, dtype=np.int32),
        unit_ids=[f"v:{number}" for number in range(len(sessions))],
        item_ids=["", *(str(number) for number in range(1, item_count + 1))],
    )


def as_queries(questions: Sequence[tuple[Session, int]], item_count: int, begin: int) -> Queries:
    """Prefixes that start at ``begin``, asked a minute after their last view; everything may be shown."""
    lengths = np.array([len(prefix) for prefix, _ in questions])
    place = np.concatenate([np.arange(length) for length in lengths])
    row = np.arange(len(questions))
    return Queries(
        name="returning",
        situation=Situation.RETURNING,
        histories=Histories(
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            item=np.array([item for prefix, _ in questions for item in prefix], dtype=np.int32),
            event_type=np.full(len(place), VIEW_CODE, dtype=np.int8),
            time=begin + 60 * place,
            now=begin + 60 * lengths,
        ),
        candidates=np.arange(item_count + 1) > 0,
        excluded=ItemLists.of_pairs(row[:0], row[:0], len(row)),
        truth=ItemLists.of_pairs(row, np.array([wanted for _, wanted in questions]), len(row)),
    )


def every_prefix(sessions: Iterable[Session]) -> list[tuple[Session, int]]:
    return [(session[:place], session[place]) for session in sessions for place in range(1, len(session))]


def sample(questions: Sequence[tuple[Session, int]], limit: int) -> list[tuple[Session, int]]:
    return random.Random(SEED).sample(questions, limit) if len(questions) > limit else list(questions)


def fit_peers(known: Interactions, *, neighbour_count: int, sample_count: int) -> list[Recommender]:
    ones = np.ones(len(known), dtype=np.float32)
    sessions = csr_array((ones, (known.unit, known.item)), shape=(known.unit_count, known.item_count + 1))
    sessions.sum_duplicates()
    sessions.data[:] = 1
    by_item = sessions.T.tocsr()
    together = (by_item @ sessions).tocsr()
    norms = np.sqrt(np.maximum(np.diff(by_item.indptr), 1))
    row = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    together.data = together.data / (norms[row] * norms[together.indices]) * (row != together.indices)
    knn = SessionKNN(sessions=sessions, by_item=by_item, neighbour_count=neighbour_count, sample_count=sample_count)
    return [LastItemKNN(cosines=together), knn]


def fit_voices(known: Interactions, *, with_network: bool, choices: dict[str, Any]) -> list[Recommender]:
    """Voices of the engine whose visitors' half-lives are a few views: what happened a minute ago is what counts."""
    voices: list[Recommender] = [
        fit_trend(known, event_weights=WEIGHTS, half_life_days=3.0),
        fit_personal_frequency(known.item_count, event_weights=WEIGHTS, half_life_days=1.5 * MINUTE_DAYS),
        fit_item_knn(
            known,
            event_weights=WEIGHTS,
            fit_half_life_days=30.0,
            history_half_life_days=1.5 * MINUTE_DAYS,
            neighbour_count=200,
            shrinkage=1.0,
        ),
    ]
    if with_network:
        from django_recs.learning import NetworkConfig, fit_network

        size = known.item_count + 1
        content = ItemContent(
            texts=[""] * size, categories=[()] * size, prices=np.full(size, np.nan), available=np.arange(size) > 0
        )
        config = NetworkConfig(**{"max_length": 50, **choices})
        weights = {event_type.value: 1.0 for event_type in EVENT_TYPES}
        fitted = fit_network(
            known,
            content,
            config=config,
            event_weights=weights,
            on_progress=lambda share, message: print(f"  {share:4.0%} {message}", flush=True),
        )
        voices.append(fitted.voice())
    return voices


def print_table(title: str, lists: dict[str, Any], queries: Queries) -> None:
    counts = queries.truth.counts
    hits = {name: hits_of(top, queries) for name, top in lists.items()}
    last = ndcg(hits[next(reversed(hits))], counts, 10)
    print(f"\n{title}, {len(queries):,} prefixes: NDCG@10 (s.e.), recall@20, MRR@20, NDCG@10 behind the last row")
    for name, hit in hits.items():
        values = ndcg(hit, counts, 10)
        figure, behind = mean_and_error(values), mean_and_error(last - values)
        recall, rank = hit_rate(hit, counts, 20).mean(), reciprocal_rank(hit, counts, 20).mean()
        print(
            f"  {name:22} {figure.mean:.4f} ({figure.se:.4f})  {recall:.4f}  {rank:.4f}"
            f"  {behind.mean:+.4f} ({behind.se:.4f})",
            flush=True,
        )


def run(folder: Path, *, with_network: bool, limit: int, choices: dict[str, Any]) -> None:
    sessions, questions, item_count = load(folder)
    held = len(sessions) - VALID_SESSION_COUNT
    early = as_interactions(sessions[:held], 0, len(sessions), item_count)
    valid = as_queries(sample(every_prefix(sessions[held:]), min(limit, 2_000)), item_count, END)
    tried: dict[tuple[int, int], list[Recommender]] = {
        (neighbours, sampled): fit_peers(early, neighbour_count=neighbours, sample_count=sampled)
        for neighbours, sampled in ((100, 1_000), (500, 2_500))
    }
    found: dict[tuple[int, int], float] = {}
    for setting, peers in tried.items():
        top = timed(f"session-kNN {setting}", lists_of([peers[1]], {}, valid))[SessionKNN.name]
        found[setting] = float(ndcg(hits_of(top, valid), valid.truth.counts, 10).mean())
        print(f"  validation NDCG@10 {found[setting]:.4f}")
    chosen = max(found, key=lambda setting: found[setting])
    voices = timed("voices", lambda: fit_voices(early, with_network=with_network, choices=choices))
    blend = timed("weights", lambda: fit_blend(voices, {"valid": valid}))
    print("weights:", {v.name: round(float(w), 3) for v, w in zip(voices, blend.weights[valid.situation], strict=True)})
    everything = as_interactions(sessions, 0, len(sessions), item_count)
    test = as_queries(sample(questions, limit), item_count, END)
    again = timed("voices again", lambda: fit_voices(everything, with_network=with_network, choices=choices))
    peers = fit_peers(everything, neighbour_count=chosen[0], sample_count=chosen[1])
    lists = timed("lists", lists_of([*peers, *again], {"blend": blend.with_voices(again)}, test))
    print_table(f"test, session-kNN with {chosen}", lists, test)


def lists_of(voices: Sequence[Recommender], blends: Any, queries: Queries) -> Callable[[], dict[str, Any]]:
    return lambda: ranked_lists(voices, blends, queries)


def _main() -> None:
    import json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--network", action="store_true", help="the sequence network too, which needs torch")
    parser.add_argument("--choices", type=json.loads, default={}, help="fields of NetworkConfig as JSON")
    parser.add_argument("--limit", type=int, default=20_000, help="prefixes asked, drawn by chance")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"RetailRocket, seed {options.seed}; {machine()}", flush=True)
    choices = {**options.choices, "seed": options.seed}
    run(options.data / FOLDER, with_network=options.network, limit=options.limit, choices=choices)
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB")


if __name__ == "__main__":
    _main()
