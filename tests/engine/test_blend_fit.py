"""Weights are found where there is something to find, and left alone where there is only noise."""

from collections.abc import Mapping

import numpy as np
import pytest

from django_recs.engine.blend_fit import better_start, fit_blend, fit_weights, prior_weights
from django_recs.engine.shortlists import Shortlists
from django_recs.engine.situations import Situation
from tests.engine.evaluation.test_protocol import queries_of
from tests.engine.spoken import Spoken


def lists_of(features: np.ndarray, true: np.ndarray, clusters: np.ndarray | None = None) -> Shortlists:
    query_count, item_count = true.shape
    return Shortlists(
        items=np.tile(np.arange(1, item_count + 1), (query_count, 1)),
        features=features.astype(np.float32),
        true=true,
        true_counts=true.sum(axis=1),
        clusters=np.arange(query_count) if clusters is None else clusters,
        now=np.zeros(query_count, dtype=np.int64),
    )


def truth(seed: int, query_count: int, item_count: int = 60) -> np.ndarray:
    """One true item per query."""
    chosen = np.random.default_rng(seed).integers(item_count, size=query_count)
    return np.asarray(np.arange(item_count) == chosen[:, None])


def test_a_voice_that_knows_is_found_among_voices_that_guess() -> None:
    true = truth(0, 200)
    features = np.random.default_rng(1).random((200, 60, 3))
    features[:, :, 1] = 0.5 * features[:, :, 1] + true

    weights = fit_weights(lists_of(features, true), np.array([0.6, 0.0, 0.4]))

    assert weights[1] > 0.5
    assert weights.sum() == pytest.approx(1)
    assert lists_of(features, true).ndcg((features @ weights).astype(np.float32)).mean() > 0.95


def test_two_halves_of_the_truth_are_better_together() -> None:
    true = truth(2, 300)
    random = np.random.default_rng(3)
    features = random.random((300, 60, 2)) + 0.7 * true[:, :, None]
    lists = lists_of(features, true)

    weights = fit_weights(lists, np.array([1.0, 0.0]))

    def quality(weights: np.ndarray) -> float:
        return float(lists.ndcg((features @ weights).astype(np.float32)).mean())

    assert quality(weights) > max(quality(np.array([1, 0])), quality(np.array([0, 1])))
    assert weights.min() > 0.2


def test_noise_leaves_the_start_alone() -> None:
    true = truth(4, 60)
    features = np.random.default_rng(5).random((60, 60, 4))

    weights = fit_weights(lists_of(features, true), np.full(4, 0.25))

    np.testing.assert_allclose(weights, 0.25)


def test_a_hundred_buyers_of_one_bestseller_are_one_witness() -> None:
    true = np.zeros((100, 30), dtype=bool)
    true[:, 7] = True
    features = np.random.default_rng(6).random((100, 30, 2))
    features[:, :, 1] = 0.01 * features[:, :, 1] + true
    start = np.array([1.0, 0.0])

    assert fit_weights(lists_of(features, true, np.zeros(100, dtype=np.int64)), start).tolist() == [1, 0]
    assert fit_weights(lists_of(features, true), start)[1] > 0.5


def test_the_prior_is_scaled_to_the_voices_that_are_there() -> None:
    voices = [Spoken.of(name, [0, 0]) for name in ("ease", "unknown", "trend_7d")]

    assert prior_weights(voices, {"ease": 0.6, "trend_7d": 0.2, "sequence": 0.2}).tolist() == pytest.approx(
        [0.75, 0, 0.25]
    )
    assert prior_weights(voices, {"sequence": 1.0}).tolist() == pytest.approx([1 / 3] * 3)


def test_a_situation_nobody_asked_about_keeps_its_prior() -> None:
    good = Spoken.of("good", [0.0] * 13, *(np.eye(13)[item].tolist() for item in range(1, 13)))
    bad = Spoken.of("bad", [float(item) for item in range(13)])
    prior: Mapping[Situation, Mapping[str, float]] = {
        Situation.COLD_ITEM: {"bad": 1.0},
        Situation.RETURNING: {"bad": 1.0},
    }
    asked = queries_of([[item] for item in range(1, 13)], [[]] * 12, 12)

    blend = fit_blend([good, bad], {"returning": asked}, prior=prior)

    assert blend.voices == (good, bad)
    assert blend.weights[Situation.COLD_ITEM].tolist() == [0, 1]
    assert blend.weights[Situation.NEW_VISITOR].tolist() == [0.5, 0.5]
    assert blend.weights[Situation.RETURNING][0] > 0.5


@pytest.mark.parametrize(("query_count", "expected"), [(200, [0.0, 1.0]), (2, [1.0, 0.0])])
def test_another_start_is_taken_where_it_is_better_by_more_than_noise(query_count: int, expected: list[float]) -> None:
    true = truth(3, query_count)
    knows_nothing = np.random.default_rng(4).random(true.shape)
    lists = lists_of(np.stack([knows_nothing, true], axis=2), true)

    start = better_start(lists, np.array([1.0, 0.0]), np.array([0.0, 1.0]))

    assert start.tolist() == expected
    assert better_start(lists, np.array([0.0, 1.0]), np.array([1.0, 0.0])).tolist() == [0.0, 1.0]
