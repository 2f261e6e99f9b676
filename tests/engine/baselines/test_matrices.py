"""The sparse matrix of units and items, against a loop."""

import numpy as np
import pytest

from django_recs.engine.baselines import matrices
from django_recs.engine.baselines.matrices import product_blocks, unit_item_matrix
from django_recs.engine.events import EVENT_TYPES, VIEW_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY
from tests.engine.by_hand import EQUAL, random_shop, shop


def test_sums_are_decayed_capped_and_without_events_that_say_nothing() -> None:
    weights = np.ones(len(EVENT_TYPES))
    weights[VIEW_CODE] = 0.0
    interactions = shop((0, 1, 0, 0), (0, 1, 10, 1), (0, 2, 0, 0), (1, 2, 10, -1, VIEW_CODE), item_count=2)

    matrix = unit_item_matrix(interactions, event_weights=weights, half_life_days=10.0)

    assert matrix.toarray().tolist() == [[0, 1.0, 0.5], [0, 0, 0]]
    assert matrix.nnz == 2


def test_a_random_shop_equals_a_loop() -> None:
    interactions = random_shop(1)
    now = interactions.time.max()
    expected = np.zeros((interactions.unit_count, interactions.item_count + 1))
    for unit, item, time in zip(interactions.unit, interactions.item, interactions.time, strict=True):
        expected[unit, item] += 0.5 ** ((now - time) / SECONDS_PER_DAY / 7)

    matrix = unit_item_matrix(interactions, event_weights=EQUAL, half_life_days=7.0)

    np.testing.assert_allclose(matrix.toarray(), np.minimum(expected, 1), rtol=1e-12)


def test_blocks_are_the_product_from_top_to_bottom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "BLOCK_ROWS", 4)
    matrix = unit_item_matrix(random_shop(2), event_weights=EQUAL, half_life_days=30.0)

    blocks = list(product_blocks(matrix.T.tocsr(), matrix))

    assert [block.shape[0] for block in blocks] == [4, 4, 2]
    np.testing.assert_allclose(
        np.concatenate([block.toarray() for block in blocks]), matrix.toarray().T @ matrix.toarray()
    )
