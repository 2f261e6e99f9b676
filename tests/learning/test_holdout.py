import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from django_recs.learning import NetworkConfig
from django_recs.learning import holdout as module
from django_recs.learning.holdout import split_holdout
from tests.learning.worlds import interactions_of

EDGES = np.array([1], dtype=np.int64)


class FixedTower(nn.Module):
    """Item i lies at -i: with a visitor at 1 the items rank 1, 2, 3, ..."""

    def __init__(self, item_count: int) -> None:
        super().__init__()
        self.trust = torch.ones(item_count + 1, 1)

    def forward(self) -> Tensor:
        return -torch.arange(len(self.trust), dtype=torch.float32).unsqueeze(1)


class ConstantEncoder(nn.Module):
    def forward(self, item_vectors: Tensor, event_types: Tensor, gaps: Tensor, context: Tensor) -> Tensor:
        return torch.ones_like(item_vectors)


def returning_shoppers(count: int, *later: int) -> list[tuple[int, int, int]]:
    """Each bought ten times item 1 before the cut and then the ``later`` items at once."""
    rows = []
    for unit in range(count):
        rows += [(unit, 1, 10 * time) for time in range(10)] + [(unit, item, 1000 + unit) for item in later]
    return rows


def test_the_latest_events_are_held_out_and_judged_by_binary_ndcg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_MINIMUM", 2)
    interactions = interactions_of(returning_shoppers(3, 2, 4), item_count=12)

    earlier, holdout = split_holdout(interactions, config=NetworkConfig(holdout_share=6 / 36), gap_edges=EDGES)

    assert earlier.item.tolist() == [1] * 30
    assert holdout is not None
    # items 2 and 4 stand at ranks 2 and 4 of 12; the best order would be ranks 1 and 2
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    score = holdout.ndcg(FixedTower(12), ConstantEncoder(), torch.device("cpu"))
    assert score == pytest.approx(expected, abs=1e-6)


def test_a_catalogue_of_fewer_than_ten_items_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_MINIMUM", 2)
    interactions = interactions_of(returning_shoppers(3, 2), item_count=2)

    _, holdout = split_holdout(interactions, config=NetworkConfig(holdout_share=3 / 33), gap_edges=EDGES)

    assert holdout is not None
    assert holdout.ndcg(FixedTower(2), ConstantEncoder(), torch.device("cpu")) == pytest.approx(1 / math.log2(3))


def test_with_few_returning_visitors_nothing_is_held_out() -> None:
    interactions = interactions_of(returning_shoppers(module.QUERY_MINIMUM - 1, 2), item_count=2)

    earlier, holdout = split_holdout(interactions, config=NetworkConfig(holdout_share=0.1), gap_edges=EDGES)

    assert holdout is None
    assert len(earlier) == len(interactions)


def test_nothing_is_held_out_of_nothing() -> None:
    interactions = interactions_of([], item_count=1)

    assert split_holdout(interactions, config=NetworkConfig(), gap_edges=EDGES) == (interactions, None)
