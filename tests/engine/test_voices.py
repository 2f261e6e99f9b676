"""The default voices: which there are, and that each keeps the promises of a recommender."""

import numpy as np
import pytest

from django_recs.engine.interactions import Histories
from django_recs.engine.recommender import Recommender
from django_recs.engine.voices import PRIOR_WEIGHTS, VOICE_KINDS, fit_voices, kind_of
from tests.engine.artifact_by_hand import mean_network, somebody, tiny_blend
from tests.engine.by_hand import EQUAL, content, shop
from tests.engine.spoken import Spoken

VOICES = tiny_blend().voices


def test_the_default_voices_by_name_and_kind() -> None:
    assert {voice.name: kind_of(voice) for voice in VOICES} == {
        "trend_3d": "trend",
        "trend_7d": "trend",
        "trend_14d": "trend",
        "personal_frequency": "personal_frequency",
        "item_knn": "item_knn",
        "co_purchase": "co_purchase",
        "text_knn": "text_knn",
        "ease": "ease",
        "transitions": "transitions",
        "sequence": "sequence",
    }


def test_every_voice_has_a_prior_and_every_prior_a_voice() -> None:
    known = {name for weights in PRIOR_WEIGHTS.values() for name in weights}

    assert known == {voice.name for voice in VOICES}
    for situation, weights in PRIOR_WEIGHTS.items():
        assert sum(weights.values()) == pytest.approx(1.0), situation


def test_a_class_that_no_artifact_may_hold_is_refused() -> None:
    with pytest.raises(KeyError, match="Spoken is not among the kinds of voices"):
        kind_of(Spoken.of("spoken", [0, 1]))


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_each_voice_keeps_its_promises(voice: Recommender) -> None:
    visitors = somebody()

    scores = voice.score(visitors)

    assert (scores.shape, scores.dtype) == ((3, 6), np.float32)
    assert np.isfinite(scores).all()
    assert voice.supports_cold_items or not scores[:, 5].any()  # the sticker was never bought
    assert voice.score(visitors.rows(0, 0)).shape == (0, 6)
    for visitor in range(3):
        alone = voice.score(visitors.rows(visitor, visitor + 1))
        np.testing.assert_allclose(alone, scores[visitor : visitor + 1], rtol=1e-6, atol=1e-7)
    again = VOICE_KINDS[kind_of(voice)].from_arrays(voice.arrays())
    assert again.name == voice.name
    assert again.score(visitors).tobytes() == scores.tobytes()


def test_a_shop_without_events_is_no_error() -> None:
    voices = fit_voices(shop(item_count=3), content("a", "b", "c"), event_weights=EQUAL)
    nobody = Histories.of_one(item=[], event_type=[], time=[], now=0)

    assert [voice.score(nobody).tolist() for voice in voices] == [[[0.0] * 4]] * len(voices)


def test_the_network_of_the_tests_adds_up() -> None:
    assert mean_network().score(somebody())[0, 1:].tolist() == [1.0, 1.5, 1.0, -1.0, 1.0]
