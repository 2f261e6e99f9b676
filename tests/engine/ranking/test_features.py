"""What the ranker reads of a visitor and a shortlist, worked out by hand."""

import math

import numpy as np
import pytest

from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.features import FEATURES, ranking_features
from tests.engine.by_hand import visitors

FACTS = ItemFacts(
    first_seen=np.array([0, 0, 4, 9]) * SECONDS_PER_DAY,
    persons=np.array([0, 3, 1, 0], dtype=np.float32),
    repeat_share=np.array([0.2, 0.5, 0.1, 0.2], dtype=np.float32),
    repeat_days=np.array([8, 4, 8, 8], dtype=np.float32),
    log_price=np.array([1, 2, 0, 1], dtype=np.float32),
)


def test_each_feature_of_a_returning_and_of_an_unknown_visitor() -> None:
    histories = visitors([(1, 2.0), (1, 6.0), (2, 7.0)], [], now_day=9)
    items = np.array([[1, 3], [2, 0]])
    ways = np.array([[[0.5, 0.25], [1.0, 0.0]]], dtype=np.float32)
    blend = np.array([[0.4, 0.3], [0.2, 0.0]], dtype=np.float32)

    features = ranking_features(histories, items, ways, blend, FACTS)

    assert features.shape == (2, 2, 1 + len(FEATURES))
    assert features[:, :, 0].tolist() == ways[0].tolist()
    bought_twice = dict(zip(FEATURES, features[0, 0, 1:], strict=True))
    assert bought_twice == pytest.approx(
        {
            "blend": 0.4,
            "times": math.log(3),
            "days_since": math.log(4),  # bought on day 6, asked on day 9
            "due": math.log(4 / 4),
            "age_days": math.log(10),
            "persons": math.log(4),
            "repeat_share": 0.5,
            "repeat_days": math.log(4),
            "log_price": 2,
            "log_price_above_usual": 2 - 4 / 3,
            "events": math.log(4),
            "items": math.log(3),
            "days_away": math.log(3),
            "habit": 1 / 3,
        }
    )
    never_had = dict(zip(FEATURES, features[0, 1, 1:], strict=True))
    assert [never_had[name] for name in ("times", "days_since", "due", "age_days")] == [0, -1, -9, 0]
    unknown = dict(zip(FEATURES, features[1, 0, 1:], strict=True))
    assert unknown["log_price_above_usual"] == -1  # against the mean of the catalogue
    assert [unknown[name] for name in ("events", "items", "habit")] == [0, 0, 0]
    assert unknown["days_away"] == pytest.approx(math.log(401))


def test_a_visitor_in_a_batch_reads_as_one_alone_to_the_last_bit() -> None:
    random = np.random.default_rng(5)
    histories = visitors([(1, 2.0), (2, 2.5)], [], [(3, 8.0), (3, 8.5), (1, 8.7)], now_day=9)
    items = random.integers(1, 4, (3, 3))
    ways = random.random((2, 3, 3)).astype(np.float32)
    blend = ways.sum(axis=0)

    together = ranking_features(histories, items, ways, blend, FACTS)

    alone = [
        ranking_features(
            histories.rows(row, row + 1),
            items[row : row + 1],
            ways[:, row : row + 1],
            blend[row : row + 1],
            FACTS,
        )
        for row in range(3)
    ]
    assert np.concatenate(alone).tobytes() == together.tobytes()
