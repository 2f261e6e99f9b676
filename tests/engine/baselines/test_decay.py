"""What an event still counts."""

import numpy as np

from django_recs.engine.baselines.decay import decayed, history_weights
from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE, VIEW_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories


def test_weight_halves_every_half_life_and_the_future_counts_as_now() -> None:
    ages = np.array([0, 10, 20, -5]) * SECONDS_PER_DAY

    assert decayed(np.array([1.0, 1.0, 0.4, 0.4]), ages, 10.0).tolist() == [1.0, 0.5, 0.1, 0.4]
    assert decayed(np.array([1.0, 0.3]), ages[:2], float("inf")).tolist() == [1.0, 0.3]


def test_each_visitor_has_a_now_of_their_own_and_each_type_its_weight() -> None:
    weights = np.zeros(len(EVENT_TYPES))
    weights[[PURCHASE_CODE, VIEW_CODE]] = 1.0, 0.25
    histories = Histories(
        offsets=np.array([0, 2, 2, 3]),
        item=np.array([1, 1, 1], dtype=np.int32),
        event_type=np.array([PURCHASE_CODE, VIEW_CODE, PURCHASE_CODE], dtype=np.int8),
        time=np.array([0, 10, 0]) * SECONDS_PER_DAY,
        now=np.array([10, 0, 20]) * SECONDS_PER_DAY,
    )

    assert history_weights(histories, weights, 10.0).tolist() == [0.5, 0.25, 0.25]
