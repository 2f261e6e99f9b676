"""What early stopping judges by: the next basket of visitors who came back in the latest stretch of the data."""

from dataclasses import dataclass

import numpy as np
import torch

from django_recs.engine.context import NO_CONTEXT, ContextScale
from django_recs.engine.encoder import gap_codes
from django_recs.engine.interactions import FloatArray, Histories, IntArray, Interactions
from django_recs.learning.config import NetworkConfig
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder

QUERY_LIMIT = 1_000
"""Visitors judged at most; their NDCG has a standard error near 0.01, which ranks epochs well enough."""
QUERY_MINIMUM = 20
"""With fewer visitors no early stopping takes place."""
RANK_LIMIT = 10
SCORES_AT_ONCE = 16_000_000
"""Visitors times items that are scored together at most, which bounds memory."""


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """B visitors before the cut and the items of their first group after it."""

    histories: Histories
    gap: IntArray
    """(N,)"""
    context: IntArray
    """(N, 2C)"""
    true_row: IntArray
    """(Q,) visitor of each item that came next."""
    true_item: IntArray
    """(Q,)"""

    def ndcg(self, tower: ItemTower, encoder: SequenceEncoder, device: torch.device) -> float:
        """Mean NDCG@10 with binary gains (Jarvelin and Kekalainen 2002) over the whole catalogue."""
        tower.eval()
        encoder.eval()
        with torch.no_grad():
            vectors = tower()
            batches = self._batches(len(vectors))
            hits = np.concatenate([self._top_hits(rows, vectors, encoder, device) for rows in batches])  # (B, 10)
        wanted = np.unique(np.stack([self.true_row, self.true_item]), axis=1)[0]
        possible = np.bincount(wanted, minlength=len(self.histories))[np.concatenate(batches)]
        discounts = 1 / np.log2(np.arange(2, RANK_LIMIT + 2))
        best = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(possible, RANK_LIMIT)]
        return float((hits @ discounts[: hits.shape[1]] / best).mean())

    def _batches(self, item_count: int) -> list[IntArray]:
        size = max(1, min(64, SCORES_AT_ONCE // item_count))
        return np.array_split(
            np.argsort(np.diff(self.histories.offsets), kind="stable"), 1 + len(self.histories) // size
        )

    def _top_hits(
        self,
        rows: IntArray,
        vectors: torch.Tensor,
        encoder: SequenceEncoder,
        device: torch.device,
    ) -> FloatArray:
        stop = self.histories.offsets[rows + 1]
        length = stop - self.histories.offsets[rows]
        column = np.arange(length.max())
        real = column < length[:, None]
        source = np.where(real, (stop - length)[:, None] + column, 0)
        item, event_type, gap = (
            torch.from_numpy(np.where(real, values[source], 0).astype(np.int64)).to(device)
            for values in (self.histories.item, self.histories.event_type, self.gap)
        )
        context = torch.from_numpy(np.where(real[:, :, None], self.context[source], 0)).to(device)
        states = encoder(vectors[item], event_type, gap, context)[torch.arange(len(rows)), torch.from_numpy(length - 1)]
        scores = states @ vectors.T  # (B, I + 1)
        scores[:, 0] = -torch.inf
        top = scores.topk(min(RANK_LIMIT, scores.shape[1] - 1), dim=1).indices.cpu().numpy()
        place = np.full(len(self.histories), -1)
        place[rows] = np.arange(len(rows))
        asked = place[self.true_row]
        truth = np.zeros(scores.shape, dtype=np.bool_)
        truth[asked[asked >= 0], self.true_item[asked >= 0]] = True
        hit: FloatArray = np.take_along_axis(truth, top, axis=1).astype(np.float32)
        return hit


def split_holdout(
    interactions: Interactions,
    *,
    config: NetworkConfig,
    gap_edges: IntArray,
    context_scale: ContextScale = NO_CONTEXT,
) -> tuple[Interactions, Holdout | None]:
    """The earlier events and the queries of the later ones; (everything, None) where too few visitors came back."""
    if not len(interactions):
        return interactions, None
    cut = int(np.quantile(interactions.time, 1 - config.holdout_share))
    earlier = interactions.before(cut)
    later = interactions.where(interactions.time >= cut)
    units, first = np.unique(later.unit, return_index=True)
    known = np.isin(units, earlier.unit)
    units, first = units[known], first[known]
    if len(units) > QUERY_LIMIT:
        chosen = np.sort(np.random.default_rng(config.seed).choice(len(units), QUERY_LIMIT, replace=False))
        units, first = units[chosen], first[chosen]
    if len(units) < QUERY_MINIMUM:
        return interactions, None
    next_time = later.time[first]
    row_of_unit = np.full(interactions.unit_count, -1)
    row_of_unit[units] = np.arange(len(units))
    row = row_of_unit[later.unit]
    true = (row >= 0) & (later.time == next_time[row])
    histories = earlier.histories(units, now=next_time, length=config.max_length, asked=later.context.at(first))
    return earlier, Holdout(
        histories=histories,
        gap=gap_codes(histories.time, histories.offsets, next_time, gap_edges),
        context=context_scale.read(histories),
        true_row=row[true],
        true_item=later.item[true].astype(np.int64),
    )
