"""A causal transformer that reads a visitor's events and says, after each, where the next items lie.

B = visitors, T = events, D = width, H = heads, C = names of circumstances. Sequences are padded at the right, so
that no event ever attends to padding and no mask depends on the data.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class Attention(nn.Module):
    """Causal multi-head attention that favours near events: ALiBi (Press et al. 2022, section 3).

    Head h lowers the logit of an event d places back by d * 2^(-8 (h + 1) / H). Nothing about places is learned, so a
    sequence of any length can be read, and the fused attention kernels apply.
    """

    slope: Tensor

    def __init__(self, width: int, head_count: int) -> None:
        super().__init__()
        self.head_count = head_count
        self.in_projection = nn.Linear(width, 3 * width)
        self.out_projection = nn.Linear(width, width)
        self.register_buffer("slope", 2.0 ** (-8 * torch.arange(1, head_count + 1) / head_count))  # (H,)

    def forward(self, x: Tensor, back: Tensor, position: Tensor | None = None) -> Tensor:
        # x (B, T, D), back (T, T), position (P,) -> (B, T, D) or (P, D)
        batch, length, width = x.shape
        parts = self.in_projection(x).view(batch, length, 3, self.head_count, width // self.head_count)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
        bias = (-self.slope[:, None, None] * back).masked_fill(back < 0, -math.inf)  # (H, T, T)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=bias.unsqueeze(0).to(query.dtype))
        projected: Tensor = self.out_projection(_at(position, mixed.transpose(1, 2).reshape(batch, length, width)))
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

    def forward(self, x: Tensor, back: Tensor, position: Tensor | None = None) -> Tensor:
        # as `Attention`
        x = _at(position, x) + self.dropout(self.attention(self.attention_norm(x), back, position))
        out: Tensor = x + self.dropout(self.feed(self.feed_norm(x)))
        return out


class ContextEmbedding(nn.Module):
    """The circumstances of each event and of what comes next, as a vector that is added to the event.

    Knowing what comes next, an event can attend to earlier ones of like circumstances. All vectors start at zero: a
    network that finds nothing in the context stays the one without. In training some circumstances are withheld, for
    whole sequences, so that what is missing is nothing unheard of: single ones, and all of either side together.
    """

    offset: Tensor

    def __init__(self, sizes: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.sizes = (*sizes, *sizes)
        self.dropout = dropout
        self.table = nn.Embedding(sum(self.sizes), width)
        nn.init.zeros_(self.table.weight)
        both = torch.tensor(self.sizes)
        self.register_buffer("offset", both.cumsum(0) - both)  # (2C,)

    def forward(self, codes: Tensor) -> Tensor:
        # codes (B, T, 2C), 0 where unknown
        if self.training and self.dropout:
            codes = codes * self._told(codes.shape[0], codes.device)
        summed: Tensor = self.table(codes + self.offset).sum(dim=2)
        return summed  # (B, T, D)

    def _told(self, batch: int, device: torch.device) -> Tensor:
        """(B, 1, 2C) whether a circumstance is told in a sequence."""
        side = torch.rand(batch, 2, 1, device=device) >= self.dropout
        single = torch.rand(batch, 2, len(self.offset) // 2, device=device) >= self.dropout
        return (side & single).view(batch, 1, -1)


def _at(position: Tensor | None, x: Tensor) -> Tensor:
    """The rows of ``x`` (B, T, D) at ``position`` (P,) of the flattened (B * T), or all of ``x``."""
    return x if position is None else x.flatten(0, 1)[position]


class SequenceEncoder(nn.Module):
    """(item vectors, types, gaps, context) -> after each event a vector to be compared with all item vectors.

    Args:
        context_sizes: (C,) how many numbers each name of `engine.context.ContextScale` has; empty: no context is read.
        context_dropout: see `ContextEmbedding`.
    """

    def __init__(
        self,
        *,
        width: int,
        block_count: int,
        head_count: int,
        dropout: float,
        type_count: int,
        gap_count: int,
        context_sizes: Sequence[int] = (),
        context_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.width = width
        self.type_embedding = nn.Embedding(type_count, width)
        self.gap_embedding = nn.Embedding(gap_count, width)
        for table in (self.type_embedding, self.gap_embedding):
            nn.init.normal_(table.weight, std=width**-0.5 / 2)
        self.context = ContextEmbedding(context_sizes, width, context_dropout) if context_sizes else None
        self.in_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, head_count, dropout) for _ in range(block_count))
        self.out_norm = nn.LayerNorm(width)
        self.out_projection = nn.Linear(width, width)

    def forward(
        self,
        item_vectors: Tensor,
        event_types: Tensor,
        gaps: Tensor,
        context: Tensor | None = None,
        position: Tensor | None = None,
    ) -> Tensor:
        # (B, T, D), (B, T), (B, T), (B, T, 2C), (P,): with ``position`` only the states at these places of the
        # flattened (B * T) are computed to the end, for most positions teach nothing and are only read by the others
        place = torch.arange(item_vectors.shape[1], device=item_vectors.device)
        back = place[:, None] - place[None, :]  # (T, T) how many places event j lies before event i
        x = item_vectors + self.type_embedding(event_types) + self.gap_embedding(gaps)
        if self.context is not None and context is not None:
            x = x + self.context(context)
        x = self.dropout(self.in_norm(x))
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, back, position if number == len(self.blocks) else None)
        out: Tensor = self.out_projection(self.out_norm(x))
        return out  # (B, T, D) or (P, D)


class VisitorEncoder(nn.Module):
    """The encoder as it is served: one vector per visitor, that after the last real event."""

    def __init__(self, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, item_vectors: Tensor, event_types: Tensor, gaps: Tensor, last: Tensor, context: Tensor | None = None
    ) -> Tensor:
        # (B, T, D), (B, T), (B, T), (B,), (B, T, 2C) -> (B, D)
        states: Tensor = self.encoder(item_vectors, event_types, gaps, context)
        index = last[:, None, None].expand(-1, 1, states.shape[2])
        return states.gather(1, index).squeeze(1)
