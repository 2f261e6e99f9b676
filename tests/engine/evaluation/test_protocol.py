"""The evaluation table: every figure of a small one by hand, and a random one against brute force."""

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from django_recs.engine.baselines.frequency import fit_personal_frequency
from django_recs.engine.baselines.popularity import fit_trend
from django_recs.engine.blend import Blend
from django_recs.engine.evaluation import protocol as module
from django_recs.engine.evaluation.protocol import evaluate, ranked_lists
from django_recs.engine.evaluation.queries import ItemLists, Queries, next_basket_queries
from django_recs.engine.evaluation.variety import item_traits
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.situations import Situation
from tests.engine.by_hand import EQUAL, content, random_shop, shop, visitors
from tests.engine.ranking_by_hand import stump
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
    assert voiced["precision@10"] == pytest.approx({"mean": 0.15, "se": 0.05})
    assert voiced["recall@10"] == voiced["recall@20"] == {"mean": 1.0, "se": 0.0}
    assert voiced["hit_rate@10"] == {"mean": 1.0, "se": 0.0}
    assert voiced["map@10"] == {"mean": (1 / 2 + 1) / 2, "se": 0.25}
    assert voiced["mrr@10"] == {"mean": (1 / 2 + 1) / 2, "se": 0.25}
    assert voiced["coverage@10"] == {"mean": 1.0, "se": None}
    differences = [own[0] - first, own[1] - second]
    mean = sum(differences) / 2
    error = math.hypot(*differences) / 2
    assert voiced["behind_blend"] == pytest.approx({"mean": mean, "se": error})
    json.dumps(table, allow_nan=False)


def test_the_blend_is_compared_with_the_champion_in_every_metric_and_everybody_with_both() -> None:
    asked = queries_of([[2], [1, 3]], [[1], []], 3)
    good = Spoken.of("good", [0] * 4, [0, 0, 2, 1], [0, 2, 1, 2])  # lists 2, 3 and 1, 3, 2
    bad = Spoken.of("bad", [0] * 4, [0, 0, 1, 2], [0, 2, 1, 2])  # lists 3, 2 and 1, 3, 2
    first, second = ({situation: np.array(weights) for situation in Situation} for weights in ([1.0, 0.0], [0.0, 1.0]))
    blends = {"blend": Blend(voices=(good, bad), weights=first), "champion": Blend(voices=(good, bad), weights=second)}

    found = evaluate([good, bad], {"returning": asked}, blends=blends)["slices"]["returning"]

    lead = 1 - 1 / math.log2(3)  # in the first query alone; both queries want different items
    figures = found["recommenders"]
    behind = {name: (each["behind_blend"]["mean"], each["behind_champion"]["mean"]) for name, each in figures.items()}
    assert behind == {
        "good": pytest.approx((0, -lead / 2), rel=1e-6),
        "bad": pytest.approx((lead / 2, 0), rel=1e-6),
        "blend": pytest.approx((0, -lead / 2), rel=1e-6),
        "champion": pytest.approx((lead / 2, 0), rel=1e-6),
    }
    assert figures["champion"]["behind_blend"]["se"] == pytest.approx(lead / 2)
    halved = {"mean": 0.25, "se": 0.25}
    none = {"mean": 0.0, "se": 0.0}
    assert found["paired"] == {
        "ndcg@10": pytest.approx({"mean": lead / 2, "se": lead / 2}),
        "ndcg@20": pytest.approx({"mean": lead / 2, "se": lead / 2}),
        "precision@10": none,
        "recall@10": none,
        "recall@20": none,
        "hit_rate@10": none,
        "map@10": halved,
        "mrr@10": halved,
    }


def test_variety_is_measured_where_the_traits_of_the_items_are_known() -> None:
    asked = queries_of([[2], [1, 3]], [[1], []], 3)
    past = shop((0, 1, 0, 0), (1, 1, 0, 1), (2, 1, 0, 2), (0, 2, 0, 3), item_count=3)
    voice = Spoken.of("voice", [0] * 4, [0, 3, 1, 2], [0, 3, 1, 2])  # lists 3, 2 (1 is excluded) and 1, 3, 2
    traits = item_traits(past, content("red cup", "blue cup", ""), event_weights=EQUAL)

    found = evaluate([voice], {"returning": asked}, traits=traits)["slices"]["returning"]

    bits = {1: math.log2(4 / 4), 2: math.log2(4 / 2), 3: math.log2(4 / 1)}
    figures = found["recommenders"]["voice"]
    assert figures["novelty@10"]["mean"] == pytest.approx(((bits[3] + bits[2]) / 2 + sum(bits.values()) / 3) / 2)
    listed = [(0 + 1 / 3) / 2, (1 + 1 / 3 + 0) / 3]
    assert figures["popularity@10"]["mean"] == pytest.approx(sum(listed) / 2)
    assert figures["popularity_lift@10"]["mean"] == pytest.approx(sum(listed) / (1 + 1 / 3) - 1)  # histories 1 and 2
    assert figures["gini@10"] == {"mean": pytest.approx(2 * (2 - 1) / 5 / 2), "se": None}  # shown 1, 2 and 2 times
    red_cup, blue_cup = traits.words.toarray()[1:3]
    assert figures["diversity@10"] == {"mean": pytest.approx(1 - red_cup @ blue_cup), "se": None}  # of one list
    assert found["exposure"] == {
        "truth": pytest.approx([1 / 3, 0, 0, 1 / 3, 0, 0, 1 / 3, 0, 0, 0]),
        "voice": pytest.approx([1 / 5, 0, 0, 2 / 5, 0, 0, 2 / 5, 0, 0, 0]),
    }


@dataclass(frozen=True, kw_only=True)
class Sure(Spoken):
    """Declares its scores to be percents, and says nothing of items scored 0."""

    def probabilities(self, scores: FloatArray, situation: Situation) -> FloatArray:
        assert situation is Situation.RETURNING
        return np.where(scores > 0, scores / 100, np.nan).astype(np.float32)


def test_declared_probabilities_are_held_against_what_came_true() -> None:
    asked = queries_of([[2], [1, 3]], [[1], []], 3)
    sure = Sure(name="sure", said=np.array([[0] * 4, [0, 90, 50, 0], [0, 75, 25, 0]], dtype=np.float32))
    unsure = Spoken.of("unsure", [0] * 4)

    found = evaluate([sure, unsure], {"returning": asked})["slices"]["returning"]

    # shown with a probability: 2 at .5 (bought) to the first; 1 at .75 (bought) and 2 at .25 (not) to the second
    assert list(found["reliability"]) == ["sure"]
    said = found["reliability"]["sure"]
    assert [(each["predicted"], each["observed"]) for each in said["bins"]] == [(0.25, 0), (0.5, 1), (0.75, 1)]
    assert said["ece"] == pytest.approx((0.25 + 0.5 + 0.25) / 3)
    assert said["brier"] == pytest.approx((0.25**2 + 0.5**2 + 0.25**2) / 3)


def test_the_scores_of_a_ranker_are_probabilities() -> None:
    asked = queries_of([[3]], [[]], 4)
    voice = Spoken.of("voice", [0, 100, 0, 64, 36])  # on the scale of the blend 1, 0, 0.8 and 0.6
    facts = item_facts(shop((0, 1, 0, 0), item_count=4), np.ones(5))
    ranker = stump("voice", feature="blend", threshold=0.7, low=0.0, high=1.0)
    weights = {situation: np.array([1.0]) for situation in Situation}
    blend = Blend(voices=(voice,), weights=weights, rankers={Situation.RETURNING: ranker}, facts=facts)

    found = evaluate([voice], {"returning": asked}, blends={"blend": blend})["slices"]["returning"]

    # five times the blend's score, 1 more above 0.7, log-odds 2 less: 4 for item 1, 3 for item 3, 1 for item 4
    low, middle, high = (1 / (1 + math.exp(-odds)) for odds in (1, 3, 4))
    said = found["reliability"]["blend"]
    assert [each["predicted"] for each in said["bins"]] == pytest.approx([0, low, middle, high], rel=1e-5)
    assert [each["observed"] for each in said["bins"]] == [0, 0, 1, 0]
    assert said["ece"] == pytest.approx((low + (1 - middle) + high) / 4, rel=1e-5)


def test_groups_hold_the_figures_of_their_queries_and_change_no_other() -> None:
    truth = [[2]] * 20 + [[1]] * 25
    asked = replace(queries_of(truth, [[]] * 45, 45), unit=np.arange(44, -1, -1, dtype=np.int32))
    voice = Spoken.of("voice", [0, 0, 9, *[1] * 43])  # 2 first, then 1
    labels = ["late"] * 25 + ["early"] * 20

    table = evaluate([voice], {"returning": asked}, groupings={"when": labels})
    without = evaluate([voice], {"returning": asked})

    figures = {label: each["returning"] for label, each in table["groups"]["when"].items()}
    assert [(label, each["query_count"]) for label, each in figures.items()] == [("late", 25), ("early", 20)]
    assert figures["early"]["recommenders"]["voice"] == {
        "ndcg@10": {"mean": 1.0, "se": 0.0},
        "recall@10": {"mean": 1.0, "se": 0.0},
        "hit_rate@10": {"mean": 1.0, "se": 0.0},
    }
    assert figures["late"]["recommenders"]["voice"]["hit_rate@10"]["mean"] == 0.0
    assert table["slices"] == without["slices"]
    assert without["groups"] == {}


def test_who_only_speaks_in_a_blend_gets_no_figures() -> None:
    voice, hidden = Spoken.of("voice", [0, 1, 2]), Spoken.of("hidden", [0, 2, 1])
    blend = Blend(voices=(hidden,), weights={situation: np.array([1.0]) for situation in Situation})

    table = evaluate(
        [voice, hidden], {"returning": queries_of([[1]], [[]], 2)}, blends={"blend": blend}, unlisted=["hidden"]
    )

    figures = table["slices"]["returning"]["recommenders"]
    assert {name: each["ndcg@10"]["mean"] for name, each in figures.items()} == {
        "voice": pytest.approx(1 / math.log2(3)),
        "blend": 1.0,
    }


def test_without_a_blend_nobody_is_behind_it() -> None:
    voice = Spoken.of("voice", [0, 1, 2])

    table = evaluate([voice], {"returning": queries_of([[1]], [[]], 2)})

    assert "behind_blend" not in table["slices"]["returning"]["recommenders"]["voice"]
    assert table["slices"]["returning"]["recommenders"]["voice"]["ndcg@10"] == {
        "mean": round(1 / math.log2(3), 8),
        "se": None,
    }


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
