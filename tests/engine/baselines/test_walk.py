"""A step from a history along links: older events count less."""

import numpy as np
from scipy.sparse import csr_array

from django_recs.engine.baselines.links import Links
from django_recs.engine.baselines.walk import Walk
from tests.engine.by_hand import EQUAL, visitors


def test_scores_are_decayed_event_weights_times_link_weights() -> None:
    links = Links.from_blocks([csr_array(np.array([[0, 0, 0], [0, 0, 4], [0, 2, 0]]))], link_count=2)
    walk = Walk(links=links, half_life_days=5.0, event_weights=EQUAL)

    assert walk.score(visitors([(1, 0), (2, 10), (1, 5)], now_day=10)).tolist() == [[0, 2, 3]]
    assert walk.similar(1, 5)[0].tolist() == [2]
