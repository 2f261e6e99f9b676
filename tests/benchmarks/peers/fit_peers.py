"""Fits one library's recommender on the arrays that ours are fitted on, and writes everybody's first ten items.

    /tmp/peers/bin/python tests/benchmarks/peers/fit_peers.py als split.npz lists.npz [--budget 600]

Runs in the environment of `requirements.txt` and imports nothing of this project, nor does the project import this.
``split.npz`` holds ``unit`` and ``item`` (N,) in each person's order, ``valid`` and ``test`` (U,) and ``labels``
(I + 1,); item 0 is padding. ``lists.npz`` holds ``valid_lists`` and ``test_lists`` (U, 10), in which the person's own
items are left out, and ``note``: what it took. Everything is fitted on the training items only; for the test list the
validation item joins the history of those that can read one.
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

DEPTH = 10
CHUNK = 512
SEED = 0


class Split:
    """The arrays of a split file."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as arrays:
            self.unit, self.item = arrays["unit"].astype(np.int64), arrays["item"].astype(np.int64)
            self.valid, self.test = arrays["valid"].astype(np.int64), arrays["test"].astype(np.int64)
            self.labels = [str(each) for each in arrays["labels"]]
        self.shape = (len(self.valid), len(self.labels))
        self.train = self._matrix(self.unit, self.item)
        everybody = np.arange(len(self.valid))
        self.with_valid = self._matrix(np.append(self.unit, everybody), np.append(self.item, self.valid))

    def _matrix(self, unit: Any, item: Any) -> Any:
        return sp.csr_matrix((np.ones(len(unit), dtype=np.float32), (unit, item)), shape=self.shape)

    def places_from_end(self) -> Any:
        """(N,) 1 for the last training event of a person."""
        stop = np.cumsum(np.bincount(self.unit, minlength=self.shape[0]))
        return stop[self.unit] - np.arange(len(self.unit))


def lists_from(score: Callable[[Any, Any], Any], histories: Any) -> Any:
    """(U, 10) best items by ``score(rows, histories of them)`` (B, I + 1), ties to the lower number."""
    found = []
    for start in range(0, histories.shape[0], CHUNK):
        rows = np.arange(start, min(start + CHUNK, histories.shape[0]))
        scores = np.array(score(rows, histories[rows]), dtype=np.float64)
        scores[:, 0] = -np.inf
        owned = histories[rows].tocoo()
        scores[owned.row, owned.col] = -np.inf
        found.append(np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH])
    return np.concatenate(found)


def both(score: Callable[[Any, Any], Any], split: Split) -> tuple[Any, Any]:
    return lists_from(score, split.train), lists_from(score, split.with_valid)


def best_by_valid(tries: dict[str, Callable[[], tuple[Any, Any]]], split: Split) -> tuple[tuple[Any, Any], str]:
    """The lists of the setting with the best validation NDCG@10, and the settings with theirs."""
    results = {name: make() for name, make in tries.items()}
    values = {name: ndcg(lists[0], split.valid) for name, lists in results.items()}
    chosen = max(values, key=lambda name: values[name])
    return results[chosen], ", ".join(f"{name}: {value:.4f}" for name, value in values.items()) + f"; took {chosen}"


def ndcg(lists: Any, true: Any) -> float:
    hits = lists == true[:, None]
    return float((hits / np.log2(np.arange(2, DEPTH + 2))).sum(axis=1).mean())


def popular(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    counts = np.asarray(split.train.sum(axis=0))
    return both(lambda rows, histories: np.repeat(counts, len(rows), axis=0), split), "counts"


def item_knn(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    def neighbours(kind: Any, count: int) -> tuple[Any, Any]:
        model = kind(K=count, num_threads=1)
        model.fit(split.train, show_progress=False)
        return both(lambda rows, histories: (histories @ model.similarity).toarray(), split)

    kinds = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "bm25": BM25Recommender}
    tries = {
        f"{name} {count}": (lambda k=kind, c=count: neighbours(k, c))
        for name, kind in kinds.items()
        for count in (50, 200)
    }
    return best_by_valid(tries, split)


def als(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    from implicit.als import AlternatingLeastSquares

    def factors(count: int, alpha: float) -> tuple[Any, Any]:
        model = AlternatingLeastSquares(
            factors=count, alpha=alpha, regularization=0.05, iterations=15, num_threads=1, random_state=SEED
        )
        model.fit(split.train, show_progress=False)
        read = [model.user_factors, model.recalculate_user(np.arange(split.shape[0]), split.with_valid)]
        lists = [
            lists_from(lambda rows, _: vectors[rows] @ model.item_factors.T, histories)  # noqa: B023 called at once
            for vectors, histories in zip(read, (split.train, split.with_valid), strict=True)
        ]
        return lists[0], lists[1]

    return best_by_valid({f"64 factors, alpha {a}": (lambda a=a: factors(64, a)) for a in (1, 10)}, split)


def bpr(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(
        factors=64, learning_rate=0.05, regularization=0.01, iterations=60, num_threads=1, random_state=SEED
    )
    model.fit(split.train, show_progress=False)
    return both(lambda rows, _: model.user_factors[rows] @ model.item_factors.T, split), "64 factors, 60 rounds"


def ease(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    """RecTools' EASE, with recency weights of a half-life in places as its interaction weights, or without."""
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    def weights(half_life: float | None, penalty: float) -> tuple[Any, Any]:
        frame = _frame(split)
        if half_life:
            frame[Columns.Weight] = 0.5 ** ((split.places_from_end() - 1) / half_life)
        dataset = Dataset.construct(frame)
        model = EASEModel(regularization=penalty)
        model.fit(dataset)
        external = dataset.item_id_map.external_ids.astype(np.int64)
        matrix = np.zeros((split.shape[1], split.shape[1]), dtype=np.float32)
        matrix[np.ix_(external, external)] = model.weight
        train = sp.csr_matrix((frame[Columns.Weight], (split.unit, split.item)), shape=split.shape)
        fading = 0.5 ** (1 / half_life) if half_life else 1.0
        everybody = np.arange(split.shape[0])
        newest = sp.csr_matrix((np.ones(len(everybody)), (everybody, split.valid)), shape=split.shape)
        weighted = {id(split.train): train, id(split.with_valid): train * fading + newest}
        lists = [
            lists_from(lambda rows, _: weighted[id(histories)][rows] @ matrix, histories)  # noqa: B023 called at once
            for histories in (split.train, split.with_valid)
        ]
        return lists[0], lists[1]

    tries = {
        f"half-life {half_life}, penalty {penalty}": (lambda h=half_life, p=penalty: weights(h, p))
        for half_life, penalty in ((None, 500.0), (20, 100.0), (5, 50.0), (5, 150.0))
    }
    return best_by_valid(tries, split)


def lightfm(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    from lightfm import LightFM

    words = [["item " + str(number), *label.split()] for number, label in enumerate(split.labels)]
    vocabulary: dict[str, int] = {}
    columns = [vocabulary.setdefault(word, len(vocabulary)) for row in words for word in row]
    rows = np.repeat(np.arange(len(words)), [len(row) for row in words])
    features = sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)))
    model = LightFM(no_components=64, loss="warp", learning_rate=0.05, random_state=SEED)
    items = np.arange(split.shape[1])
    best, kept, notes = -1.0, None, []
    started = time.process_time()
    while time.process_time() - started < budget and len(notes) < 8:
        model.fit_partial(split.train, item_features=features, epochs=3, num_threads=1)
        bias, vectors = model.get_item_representations(features)
        people_bias, people = model.get_user_representations()
        lists = both(lambda rows, _: people[rows] @ vectors.T + bias[None, items], split)  # noqa: B023
        value = ndcg(lists[0], split.valid)
        notes.append(f"{value:.4f}")
        if value > best:
            best, kept = value, lists
    del people_bias
    assert kept is not None
    return kept, "warp, 64 wide, ids and words, validation after each 3 epochs: " + " ".join(notes)


def sasrec(split: Split, budget: float) -> tuple[tuple[Any, Any], str]:
    """RecTools' SASRec, epoch by epoch until validation no longer rises or the CPU budget is spent."""
    import pandas as pd
    import torch
    from pytorch_lightning import Trainer
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    frame = _frame(split)
    everybody = np.arange(split.shape[0])
    later = pd.DataFrame({Columns.User: everybody, Columns.Item: split.valid, Columns.Weight: 1.0})
    later[Columns.Datetime] = frame[Columns.Datetime].max() + pd.Timedelta(days=1)
    dataset, longer = Dataset.construct(frame), Dataset.construct(pd.concat([frame, later]))
    model = SASRecModel(
        n_factors=64,
        n_blocks=2,
        n_heads=2,
        session_max_len=100,
        loss="softmax",
        lr=1e-3,
        batch_size=128,
        epochs=1,
        recommend_torch_device="cpu",
        get_trainer_func=lambda: Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
        ),
    )
    best, kept, notes, cpu = -1.0, None, [], 0.0
    since_best = 0
    while cpu < budget and since_best < 5:
        started = time.process_time()
        model.fit(dataset) if not notes else model.fit_partial(dataset, min_epochs=1, max_epochs=1)
        cpu += time.process_time() - started
        lists = [_recommended(model, each, everybody) for each in (dataset, longer)]
        value = ndcg(lists[0], split.valid)
        notes.append(f"{cpu:.0f} s {value:.4f}")
        print("sasrec", notes[-1], flush=True)
        since_best += 1
        if value > best:
            best, kept, since_best = value, (lists[0], lists[1]), 0
    assert kept is not None
    ended = "validation stopped rising" if since_best >= 5 else "the budget was spent: NOT converged"
    return kept, "softmax, 64 wide, 2 blocks, length 100; CPU s and validation by epoch: " + ", ".join(
        notes
    ) + f"; {ended}"


def _frame(split: Split) -> Any:
    import pandas as pd
    from rectools import Columns

    days = pd.to_timedelta(-split.places_from_end(), unit="D")
    return pd.DataFrame(
        {
            Columns.User: split.unit,
            Columns.Item: split.item,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2024-01-01") + days,
        }
    )


def _recommended(model: Any, dataset: Any, everybody: Any) -> Any:
    found = model.recommend(users=everybody, dataset=dataset, k=DEPTH, filter_viewed=True)
    lists = np.full((len(everybody), DEPTH), -1, dtype=np.int64)
    lists[found["user_id"].to_numpy(), found["rank"].to_numpy() - 1] = found["item_id"].to_numpy()
    return lists


PEERS = {
    "popular": popular,
    "item_knn": item_knn,
    "als": als,
    "bpr": bpr,
    "ease": ease,
    "lightfm": lightfm,
    "sasrec": sasrec,
}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("split", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--budget", type=float, default=600)
    options = parser.parse_args()
    split = Split(options.split)
    started = time.process_time()
    (valid_lists, test_lists), note = PEERS[options.name](split, options.budget)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    note = f"{note}; {seconds:.0f} CPU s with every setting and the lists, {peak:,} MiB"
    np.savez(options.out, valid_lists=valid_lists, test_lists=test_lists, note=np.array(note))


if __name__ == "__main__":
    _main()
