"""The evaluation table: every figure of a small one by hand, and a random one against brute force."""

import json
import math

import numpy as np
import pytest

from django_recs.engine.baselines.frequency import fit_personal_frequency
from django_recs.engine.baselines.popularity import fit_trend
from django_recs.engine.blend import Blend
from django_recs.engine.evaluation import protocol as module
from django_recs.engine.evaluation.protocol import evaluate, ranked_lists
from django_recs.engine.evaluation.queries import ItemLists, Queries, next_basket_queries
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.situations import Situation
from tests.engine.by_hand import EQUAL, random_shop, visitors
from tests.engine.spoken import Spoken


def queries_of(truth: list[list[int]], excluded: list[list[int]], item_count: int) -> Queries:
    """Questions for visitors who had item q + 1."""

    def lists(items: list[list[int]]) -> ItemLists:
        pairs = [(query, item) for query, row in enumerate(items) for item in row]
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return ItemLists.of_pairs(columns[:, 0], columns[:, 1], len(items))

    candidates = np.ones(item_count + 1, dtype=bool)
    candidates[0] = False
    return Queries(
        name="returning",
        situation=Situation.RETURNING,
        histories=visitors(*([(query + 1, 0.0)] for query in range(len(truth))), now_day=1),
        candidates=candidates,
        excluded=lists(excluded),
        truth=lists(truth),
    )


def test_a_table_by_hand() -> None:
    asked = queries_of([[2], [1, 3]], [[1], []], 3)
    voice = Spoken.of("voice", [9] * 4, [9, 3, 1, 2], [9, 3, 1, 2])  # lists 3, 2 (1 is excluded) and 1, 3, 2
    other = Spoken.of("other", [0] * 4, [0, 0, 1, 0], [0, 0, 1, 0])  # lists 2, 3 and 2, 1, 3
    weights = {situation: np.array([0.0, 1.0]) for situation in Situation}

    table = evaluate(
        [voice, other],
        {"returning": asked},
        blends={"blend": Blend(voices=(voice, other), weights=weights)},
        protocol={"note": "by hand"},
    )

    log3 = math.log2(3)
    first, second = 1 / log3, 1.0  # NDCG@10 of voice: the one true item in place 2; both true items on top
    own = [1.0, (1 / log3 + 1 / 2) / (1 + 1 / log3)]  # of other and of the blend, which is other
    figures = table["slices"]["returning"]
    assert (table["protocol"], figures["query_count"], figures["candidate_count"]) == ({"note": "by hand"}, 2, 3)
    assert list(figures["recommenders"]) == ["voice", "other", "blend"]
    assert figures["recommenders"]["blend"] == figures["recommenders"]["other"]
    voiced = figures["recommenders"]["voice"]
    assert voiced["ndcg@10"] == pytest.approx({"mean": (first + second) / 2, "se": abs(first - second) / 2})
    assert voiced["ndcg@20"] == voiced["ndcg@10"]
    assert voiced["recall@20"] == {"mean": 1.0, "se": 0.0}
    assert voiced["hit_rate@10"] == {"mean": 1.0, "se": 0.0}
    assert voiced["map@10"] == {"mean": (1 / 2 + 1) / 2, "se": 0.25}
    assert voiced["mrr@10"] == {"mean": (1 / 2 + 1) / 2, "se": 0.25}
    assert voiced["coverage@10"] == {"mean": 1.0, "se": None}
    differences = [own[0] - first, own[1] - second]
    mean = sum(differences) / 2
    error = math.hypot(*differences) / 2
    assert voiced["behind_blend"] == pytest.approx({"mean": mean, "se": error})
    json.dumps(table, allow_nan=False)


def test_without_a_blend_nobody_is_behind_it() -> None:
    voice = Spoken.of("voice", [0, 1, 2])

    table = evaluate([voice], {"returning": queries_of([[1]], [[]], 2)})

    assert "behind_blend" not in table["slices"]["returning"]["recommenders"]["voice"]
    assert table["slices"]["returning"]["recommenders"]["voice"]["ndcg@10"] == {"mean": 1 / math.log2(3), "se": None}


@pytest.mark.parametrize("chunk_cells", [1, 40, 10**6])
def test_lists_equal_brute_force_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch, chunk_cells: int) -> None:
    monkeypatch.setattr(module, "CHUNK_CELLS", chunk_cells)
    interactions = random_shop(11)
    start, end = 40 * SECONDS_PER_DAY, 60 * SECONDS_PER_DAY
    past = interactions.before(start)
    voices = [
        fit_trend(past, event_weights=EQUAL, half_life_days=7.0),
        fit_personal_frequency(past.item_count, event_weights=EQUAL, half_life_days=30.0),
    ]
    blend = Blend(voices=tuple(voices), weights={situation: np.array([0.3, 0.7]) for situation in Situation})
    asked = next_basket_queries(interactions, start=start, end=end, event_weights=EQUAL, history_length=50)

    for queries in asked.values():
        lists = ranked_lists(voices, {"blend": blend}, queries)
        for query in range(len(queries)):
            allowed = np.flatnonzero(queries.allowed(query, query + 1)[0]).tolist()
            history = queries.histories.rows(query, query + 1)
            said = {voice.name: voice.score(history)[0] for voice in voices}
            said["blend"] = blend.score(history, queries.situation, queries.allowed(query, query + 1))[0]
            for name, scores in said.items():
                expected = sorted(allowed, key=lambda item: (-scores[item], item))[:20]
                assert [item for item in lists[name][query].tolist() if item >= 0] == expected
