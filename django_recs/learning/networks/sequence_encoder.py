"""A causal transformer that reads a visitor's events and says, after each, where the next items lie.

B = visitors, T = events, D = width, H = heads. Sequences are padded at the right, so that no event ever attends to
padding and no mask depends on the data.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

DISTANCE_BUCKET_COUNT = 20


def distance_buckets(length: int) -> Tensor:
    """Bucket of each distance 0 to ``length`` - 1: exact for the nearest events, then two buckets per doubling."""
    distance = torch.arange(length, dtype=torch.float64)
    return (2 * torch.log2(distance + 1) + 1e-9).long().clamp(max=DISTANCE_BUCKET_COUNT - 1)


class Attention(nn.Module):
    """Causal multi-head attention with a learned bias per head for the distance (Raffel et al. 2020, section 2.1)."""

    def __init__(self, width: int, head_count: int) -> None:
        super().__init__()
        self.head_count = head_count
        self.in_projection = nn.Linear(width, 3 * width)
        self.out_projection = nn.Linear(width, width)
        self.distance_bias = nn.Embedding(DISTANCE_BUCKET_COUNT, head_count)
        nn.init.zeros_(self.distance_bias.weight)

    def forward(self, x: Tensor, distance: Tensor, future: Tensor) -> Tensor:
        # x (B, T, D), distance (T, T), future (T, T)
        batch, length, width = x.shape
        parts = self.in_projection(x).view(batch, length, 3, self.head_count, width // self.head_count)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
        bias = self.distance_bias(distance).permute(2, 0, 1).masked_fill(future, -math.inf)  # (H, T, T)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=bias.unsqueeze(0).to(query.dtype))
        projected: Tensor = self.out_projection(mixed.transpose(1, 2).reshape(batch, length, width))
        return projected


class Block(nn.Module):
    """Attention to earlier events, then a feed-forward layer, each normalised first and added to its input."""

    def __init__(self, width: int, head_count: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, head_count)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, distance: Tensor, future: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), distance, future))
        out: Tensor = x + self.dropout(self.feed(self.feed_norm(x)))
        return out


class SequenceEncoder(nn.Module):
    """(item vectors, event types, time gaps) -> after each event a vector to be compared with all item vectors."""

    bucket_of_distance: Tensor

    def __init__(
        self,
        *,
        width: int,
        block_count: int,
        head_count: int,
        dropout: float,
        max_length: int,
        type_count: int,
        gap_count: int,
    ) -> None:
        super().__init__()
        self.width, self.max_length = width, max_length
        self.type_embedding = nn.Embedding(type_count, width)
        self.gap_embedding = nn.Embedding(gap_count, width)
        for table in (self.type_embedding, self.gap_embedding):
            nn.init.normal_(table.weight, std=width**-0.5 / 2)
        self.in_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, head_count, dropout) for _ in range(block_count))
        self.out_norm = nn.LayerNorm(width)
        self.out_projection = nn.Linear(width, width)
        self.register_buffer("bucket_of_distance", distance_buckets(max_length))

    def forward(self, item_vectors: Tensor, event_types: Tensor, gaps: Tensor) -> Tensor:
        # (B, T, D), (B, T), (B, T)
        place = torch.arange(item_vectors.shape[1], device=item_vectors.device)
        back = place[:, None] - place[None, :]
        future, distance = back < 0, self.bucket_of_distance[back.clamp(min=0)]
        x = self.dropout(self.in_norm(item_vectors + self.type_embedding(event_types) + self.gap_embedding(gaps)))
        for block in self.blocks:
            x = block(x, distance, future)
        out: Tensor = self.out_projection(self.out_norm(x))
        return out  # (B, T, D)


class VisitorEncoder(nn.Module):
    """The encoder as it is served: one vector per visitor, that after the last real event."""

    def __init__(self, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, item_vectors: Tensor, event_types: Tensor, gaps: Tensor, last: Tensor) -> Tensor:
        # (B, T, D), (B, T), (B, T), (B,) -> (B, D)
        states: Tensor = self.encoder(item_vectors, event_types, gaps)
        index = last[:, None, None].expand(-1, 1, states.shape[2])
        return states.gather(1, index).squeeze(1)
