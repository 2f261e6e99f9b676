"""A ranker learns where the blend errs, and only then is kept."""

import numpy as np
import pytest

from django_recs.engine.blend import Blend
from django_recs.engine.evaluation.queries import ItemLists, Queries
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.fit import fit_rankers
from django_recs.engine.situations import Situation
from tests.engine.spoken import Spoken

ITEM_COUNT = 40
QUERY_COUNT = 400
SIZE = ITEM_COUNT + 1
VOICE = Spoken.of("voice", [0.0, *(2.0 - item / 100 for item in range(1, SIZE))])
BLEND = Blend(voices=(VOICE,), weights={situation: np.ones(1) for situation in Situation})
CHEAP = np.arange(SIZE) % 4 == 1
"""A quarter of the items, which the voice likes no more than others."""


def facts() -> ItemFacts:
    return ItemFacts(
        first_seen=np.zeros(SIZE, dtype=np.int64),
        persons=np.full(SIZE, 9, dtype=np.float32),
        repeat_share=np.full(SIZE, 0.1, dtype=np.float32),
        repeat_days=np.full(SIZE, 10, dtype=np.float32),
        log_price=np.where(CHEAP, 0.0, 3.0).astype(np.float32),
    )


def queries(truth: np.ndarray, situation: Situation = Situation.RETURNING) -> dict[str, Queries]:
    """One visitor a day, who had item 40 and buys the item of ``truth`` (Q,) next."""
    count = len(truth)
    nothing = np.zeros(0, dtype=np.int32)
    batch = Queries(
        name=situation.value,
        situation=situation,
        histories=Histories(
            offsets=np.arange(count + 1),
            item=np.full(count, ITEM_COUNT, dtype=np.int32),
            event_type=np.zeros(count, dtype=np.int8),
            time=np.zeros(count, dtype=np.int64),
            now=np.arange(count) * SECONDS_PER_DAY,
        ),
        candidates=np.arange(SIZE) > 0,
        excluded=ItemLists.of_pairs(nothing, nothing, count),
        truth=ItemLists.of_pairs(np.arange(count), truth.astype(np.int32), count),
    )
    return {batch.name: batch}


def drawn(weights: np.ndarray, count: int = QUERY_COUNT) -> np.ndarray:
    return np.random.default_rng(1).choice(SIZE, count, p=weights / weights.sum())


def test_what_the_blend_does_not_see_is_learned() -> None:
    asked = queries(drawn(CHEAP.astype(float)))

    rankers = fit_rankers(BLEND, asked, facts())

    assert set(rankers) == {Situation.RETURNING}
    blend = Blend(voices=BLEND.voices, weights=BLEND.weights, rankers=rankers, facts=facts())
    batch = asked["returning"]
    items, probabilities = blend.rank(batch.histories.rows(0, 1), batch.situation, batch.candidates, count=20)
    assert CHEAP[items[0, :10]].all()  # ten of the forty are cheap
    assert not CHEAP[items[0, 10:]].any()
    # a cheap item is bought in one query of ten; the calibration was learned from the later 160 of them
    assert probabilities[0, :10].mean() == pytest.approx(0.1, abs=0.02)
    assert probabilities[0, 10:].max() < 0.01


def test_where_there_is_nothing_to_learn_the_blend_keeps_its_order() -> None:
    assert fit_rankers(BLEND, queries(drawn(np.append(0.0, np.ones(ITEM_COUNT)))), facts()) == {}


def test_a_few_queries_teach_nothing() -> None:
    assert fit_rankers(BLEND, queries(drawn(CHEAP.astype(float), count=99)), facts()) == {}


def test_new_items_are_never_ranked() -> None:
    assert fit_rankers(BLEND, queries(drawn(CHEAP.astype(float)), Situation.COLD_ITEM), facts()) == {}


def test_learning_twice_gives_the_same_bytes() -> None:
    asked = queries(drawn(CHEAP.astype(float)))

    first, second = (fit_rankers(BLEND, asked, facts())[Situation.RETURNING] for _ in range(2))

    assert first.trees_onnx.tobytes() == second.trees_onnx.tobytes()
    assert first.calibration.tolist() == second.calibration.tolist()
