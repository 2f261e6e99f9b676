"""The voices on one scale, their weighted sum, and the ranker after it."""

from dataclasses import replace

import numpy as np
import pytest

from django_recs.engine.blend import Blend, normalise
from django_recs.engine.interactions import Histories
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.situations import Situation
from tests.engine.by_hand import visitors
from tests.engine.ranking_by_hand import stump
from tests.engine.spoken import Spoken

LOUD = Spoken.of("loud", [50, 100, 0, 64, 36])
QUIET = Spoken.of("quiet", [9, 0, 4, 1, 0])
FACTS = ItemFacts(
    first_seen=np.zeros(5, dtype=np.int64),
    persons=np.ones(5, dtype=np.float32),
    repeat_share=np.full(5, 0.5, dtype=np.float32),
    repeat_days=np.ones(5, dtype=np.float32),
    log_price=np.zeros(5, dtype=np.float32),
)


def blend(**weights: list[float]) -> Blend:
    equal = {situation: np.array([0.5, 0.5]) for situation in Situation}
    return Blend(voices=(LOUD, QUIET), weights={**equal, **{Situation(k): np.array(v) for k, v in weights.items()}})


def one(*items: int) -> Histories:
    return visitors([(item, 0) for item in items], now_day=1)


def test_scores_become_roots_of_their_way_from_lowest_to_highest_allowed() -> None:
    scores = np.array([[9, -1, 3, 0, 7], [5, 2, 2, 2, 2]], dtype=np.float32)
    allowed = np.array([[False, True, True, True, False], [False, True, True, True, True]])

    scaled = normalise(scores, allowed)

    np.testing.assert_allclose(scaled, [[1, 0, 1, 0.5, 1], [0, 0, 0, 0, 0]])
    assert scaled.dtype == np.float32


def test_a_row_in_which_nothing_is_allowed_says_nothing() -> None:
    assert normalise(np.ones((1, 3), dtype=np.float32), np.zeros((1, 3), dtype=bool)).tolist() == [[0, 0, 0]]


def test_each_voice_is_scaled_before_it_counts() -> None:
    scores = blend(returning=[0.25, 0.75]).score(one(), Situation.RETURNING)

    np.testing.assert_allclose(scores[0, 1:], [0.25, 0.75, 0.25 * 0.8 + 0.75 * 0.5, 0.25 * 0.6], rtol=1e-6)
    assert scores.dtype == np.float32


def test_a_list_of_new_things_is_scaled_without_the_history() -> None:
    scores = blend().score(one(1, 2), Situation.NEW_TO_THEM)

    # without items 1 and 2: loud goes from 36 to 64, quiet from 0 to 1
    np.testing.assert_allclose(scores[0, 3:], [1.0, 0.0])


def test_what_may_be_shown_can_be_given() -> None:
    allowed = np.array([False, True, False, True, False])

    scores = blend(returning=[1, 0]).score(one(), Situation.RETURNING, allowed)

    np.testing.assert_allclose(scores[0, [1, 3]], [1.0, 0.0])


def test_a_voice_of_no_weight_is_not_asked() -> None:
    class Silent(Spoken):
        def score(self, histories: Histories) -> np.ndarray:
            raise AssertionError("asked")

    silent = Silent.of("silent", [0, 0, 0])
    spoken = Spoken.of("spoken", [0, 0, 4])
    weights = {situation: np.array([0.0, 1.0]) for situation in Situation}

    scores = Blend(voices=(silent, spoken), weights=weights).score(one(), Situation.RETURNING)

    assert scores.tolist() == [[0, 0, 1]]


def test_the_best_that_may_be_shown_come_first_and_places_left_over_are_marked() -> None:
    allowed = np.array([False, True, True, False, True])

    items, scores = blend(returning=[1, 0]).rank(one(), Situation.RETURNING, allowed, count=5)

    # without item 3 the loud voice goes from 0 to 100: its roots are 1, 0 and 0.6
    assert items.tolist() == [[1, 4, 2, -1, -1]]
    np.testing.assert_allclose(scores, [[1, 0.6, 0, 0, 0]], rtol=1e-6)


def test_ranking_what_was_said_equals_ranking() -> None:
    subject = blend(cold_item=[0.9, 0.1])
    allowed = np.array([[False, True, True, True, False]])
    said = {voice.name: voice.score(one(2)) for voice in subject.voices}

    items, scores = subject.rank_planes(said, one(2), Situation.COLD_ITEM, allowed, count=2)

    expected = subject.rank(one(2), Situation.COLD_ITEM, allowed, count=2)
    assert (items.tolist(), scores.tobytes()) == (expected[0].tolist(), expected[1].tobytes())


def ranked() -> Blend:
    """Returning visitors get what the quiet voice likes first."""
    ranker = stump("quiet", "loud", feature="quiet", threshold=0.45, low=0.0, high=9.0)
    return replace(blend(), rankers={Situation.RETURNING: ranker}, facts=FACTS)


def test_a_ranker_orders_what_the_sum_finds() -> None:
    items, scores = ranked().rank(one(), Situation.RETURNING, np.arange(5) > 0, count=4)

    # the quiet voice's roots are 0, 1, 0.5 and 0 for items 1 to 4, the loud one's 1, 0, 0.8 and 0.6
    assert items.tolist() == [[3, 2, 1, 4]]
    expected = [5 * 0.65 + 9, 5 * 0.5 + 9, 5 * 0.5, 5 * 0.3]
    np.testing.assert_allclose(scores, [[1 / (1 + np.exp(2 - score)) for score in expected]], rtol=1e-5)


def test_other_situations_keep_the_order_of_the_sum() -> None:
    items, _ = ranked().rank(one(), Situation.NEW_VISITOR, np.arange(5) > 0, count=4)

    assert items.tolist() == [[3, 1, 2, 4]]


def test_a_visitor_is_ranked_alone_as_within_a_batch_to_the_last_bit() -> None:
    several = visitors([(1, 0)], [], [(2, 0), (3, 0)], now_day=1)
    allowed = np.array(
        [[False, True, True, True, True], [False, True, True, False, True], [False, False, True, True, True]]
    )

    items, scores = ranked().rank(several, Situation.RETURNING, allowed, count=4)

    for row in range(3):
        alone = ranked().rank(several.rows(row, row + 1), Situation.RETURNING, allowed[row], count=4)
        assert (alone[0].tolist(), alone[1].tobytes()) == ([items[row].tolist()], scores[row].tobytes())


def test_a_ranker_moves_with_its_voices_and_needs_facts() -> None:
    again = [Spoken.of("loud", [0, 1, 1, 1, 0]), Spoken.of("quiet", [0, 1, 1, 1, 0])]

    assert set(ranked().with_voices(again, facts=FACTS).rankers) == {Situation.RETURNING}
    assert ranked().with_voices(again).rankers == {}
    assert ranked().with_voices(again[:1], facts=FACTS).rankers == {}


def test_a_recipe_moves_to_voices_fitted_anew_by_name() -> None:
    again = Spoken.of("quiet", [0, 1, 1, 1, 0])
    unknown = Spoken.of("unknown", [0, 0, 0, 0, 1])

    moved = blend(returning=[0.25, 0.75]).with_voices([unknown, again])

    assert moved.voices == (unknown, again)
    assert moved.weights[Situation.RETURNING].tolist() == [0, 0.75]


def test_a_situation_without_a_voice_is_an_error() -> None:
    with pytest.raises(ValueError, match="No voice counts in the situation new_visitor"):
        blend(new_visitor=[0, 0]).score(one(), Situation.NEW_VISITOR)


def test_one_row_alone_is_scaled_to_the_same_bits_as_within_a_batch() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(5, 40)).astype(np.float32)
    scores[3] = 2.0
    allowed = rng.random((5, 40)) < 0.7
    allowed[4] = False

    together = normalise(scores, allowed)

    alone = [normalise(scores[row : row + 1], allowed[row : row + 1]) for row in range(5)]
    assert np.concatenate(alone).tobytes() == together.tobytes()
