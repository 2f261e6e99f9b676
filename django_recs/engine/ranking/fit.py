"""Rankers learned from validation queries. For workers only: imports LightGBM and scipy.

LambdaMART (Burges, 2010, MSR-TR-2010-82, section 7) over the shortlists that the first stage makes, on top of the
blend's own score, so that what is learned is where the blend errs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from django_recs.engine.blend import SHORTLIST, Blend
from django_recs.engine.evaluation.metrics import clustered_error
from django_recs.engine.evaluation.queries import Queries
from django_recs.engine.interactions import FloatArray
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.features import FEATURES, ranking_features
from django_recs.engine.ranking.ranker import BLEND_SHARE, Ranker
from django_recs.engine.ranking.trees import trees_as_onnx
from django_recs.engine.shortlists import Shortlists
from django_recs.engine.situations import Situation

if TYPE_CHECKING:
    from lightgbm import Booster

TREE_COUNT = 100
PARAMETERS: Mapping[str, object] = {
    "objective": "lambdarank",
    "num_leaves": 8,
    "min_data_in_leaf": 300,
    "learning_rate": 0.05,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambdarank_truncation_level": 20,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
RANKED = (Situation.RETURNING, Situation.NEW_TO_THEM, Situation.NEW_VISITOR)
"""Not `Situation.COLD_ITEM`: a month's new products are few, and trees learned on one month of Online Retail knew its
bestsellers by their price and age. On the next month they did worse than the blend, by .015 (s.e. .007)."""
QUERY_MINIMUM = 100
"""With fewer validation queries of a situation nothing is learned."""
QUERY_LIMIT = 20_000
"""Queries of a situation that are learned from; the latest ones."""
EARLY_SHARE = 0.6
"""The earlier part of the validation queries; a ranker learned from it has to prove itself on the rest."""
CHUNK_CELLS = 2_000_000
"""Scores of one voice held at once, which bounds memory."""


def fit_rankers(blend: Blend, queries: Mapping[str, Queries], facts: ItemFacts) -> Mapping[Situation, Ranker]:
    """A ranker for each situation in which one learned from earlier ``queries`` orders later ones better.

    Better by more than one standard error of the paired difference, in which queries that want the same item are one
    witness. What is returned is learned from all of them.

    Args:
        blend: weights and voices, which were not fitted on the queries.
        facts: as known before the queries.
    """
    rankers = {}
    for situation in RANKED:
        asked = [batch for batch in queries.values() if batch.situation is situation]
        if sum(map(len, asked)) < QUERY_MINIMUM:
            continue
        lists = ranking_lists(blend, asked, facts)
        calibration = _proof(lists)
        if calibration is not None:
            rankers[situation] = Ranker(
                trees_onnx=np.frombuffer(trees_as_onnx(_learned(lists)), dtype=np.uint8),
                voices=np.array([voice.name for voice in blend.heard(situation)], dtype=np.str_),
                calibration=calibration,
            )
    return rankers


def ranking_lists(blend: Blend, batches: Sequence[Queries], facts: ItemFacts) -> Shortlists:
    """What the first stage hands over for each query, in the order of their moments."""
    lists = Shortlists.joined([part for batch in batches for part in _parts(blend, batch, facts)])
    return lists.take(np.argsort(lists.now, kind="stable")[-QUERY_LIMIT:])


def _parts(blend: Blend, queries: Queries, facts: ItemFacts) -> Iterator[Shortlists]:
    size = len(queries.candidates)
    step = max(1, CHUNK_CELLS // size)
    clusters = queries.most_wanted().astype(np.int64)
    for start in range(0, len(queries), step):
        stop = min(start + step, len(queries))
        histories, allowed = queries.histories.rows(start, stop), queries.allowed(start, stop)
        planes = {voice.name: voice.score(histories) for voice in blend.heard(queries.situation)}
        items, said, scores = blend.shortlist(planes, queries.situation, allowed, length=SHORTLIST)
        places = np.maximum(items, 0)
        true = np.take_along_axis(queries.truth.mask(start, stop, size), places, axis=1)
        known = scores > 0
        yield Shortlists(
            items=np.where(known, items, 0),
            features=ranking_features(histories, places, said, scores, facts),
            true=true & known,
            true_counts=queries.truth.counts[start:stop],
            clusters=clusters[start:stop],
            now=histories.now,
        )


def _proof(lists: Shortlists) -> npt.NDArray[np.float64] | None:
    """The calibration of a ranker that does better than the blend on later queries than it learned from, else None."""
    cut = int(EARLY_SHARE * len(lists))
    earlier, later = lists.take(slice(cut)), lists.take(slice(cut, None))
    scores = _scores(_learned(earlier), later)
    gains = later.ndcg(scores) - later.ndcg(_blend(later))
    if not gains.mean() > clustered_error(gains, later.clusters):
        return None
    known = later.items > 0
    return _calibration(scores[known], later.true[known])


def _learned(lists: Shortlists) -> "Booster":
    import lightgbm

    known = lists.items > 0
    rows = lightgbm.Dataset(
        lists.features[known],
        label=lists.true[known].astype(np.int8),
        group=known.sum(axis=1)[known.any(axis=1)],
        init_score=BLEND_SHARE * _blend(lists)[known],
    )
    return lightgbm.train(dict(PARAMETERS), rows, num_boost_round=TREE_COUNT)


def _scores(booster: "Booster", lists: Shortlists) -> FloatArray:
    """(Q, S) of a ranker with these trees."""
    rows = lists.features.reshape(-1, lists.features.shape[2])
    gains = np.asarray(booster.predict(rows, num_threads=1), dtype=np.float32)
    return gains.reshape(lists.items.shape) + np.float32(BLEND_SHARE) * _blend(lists)


def _blend(lists: Shortlists) -> FloatArray:
    """(Q, S) what the first stage says."""
    return lists.features[:, :, FEATURES.index("blend") - len(FEATURES)]


def _calibration(scores: FloatArray, true: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(2,) slope and intercept that maximise the likelihood of ``true`` (N,) at ``scores`` (N,) (Platt, 1999).

    Platt's targets, a little inside 0 and 1, keep a sample in which scores tell all from an infinite slope.
    """
    from scipy.optimize import minimize

    hits = int(true.sum())
    target = np.where(true, (hits + 1) / (hits + 2), 1 / (len(true) - hits + 2))

    def loss(line: npt.NDArray[np.float64]) -> float:
        odds = line[0] * scores + line[1]
        return float(np.mean(np.logaddexp(0, odds) - target * odds))

    found: npt.NDArray[np.float64] = minimize(loss, np.array([1.0, -3.0]), method="Nelder-Mead").x
    return found
