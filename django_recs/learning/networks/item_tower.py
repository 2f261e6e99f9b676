"""Where an item lies: its own embedding, earned by events, on top of what the catalogue says of it.

I = items in the catalogue, M = those asked for, D = width, W = words per item.
"""

import torch
from torch import Tensor, nn

from django_recs.learning.features import PRICE_BUCKET_COUNT, ItemFeatures, TokenBags


class Bag(nn.Module):
    """Weighted mean of token embeddings."""

    token: Tensor
    weight: Tensor

    def __init__(self, bags: TokenBags, token_count: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(token_count, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        self.register_buffer("token", torch.from_numpy(bags.token))  # (I + 1, W)
        self.register_buffer("weight", torch.from_numpy(bags.weight))  # (I + 1, W)

    def forward(self, items: Tensor) -> Tensor:
        vectors: Tensor = self.embedding(self.token[items], per_sample_weights=self.weight[items])
        return vectors  # (M, D)


class ItemTower(nn.Module):
    """Item vector = content + trust * id + (1 - trust) * new.

    ``trust`` grows with the events an item was seen in: n / (n + id_trust). Without events an item stands where its
    content places it, moved by the one learned vector ``new`` that all such items share.
    """

    price_value: Tensor
    bucket: Tensor
    event_counts: Tensor
    trust: Tensor

    def __init__(self, features: ItemFeatures, event_counts: Tensor, *, width: int, id_trust: float) -> None:
        super().__init__()
        self.words = Bag(features.words, features.word_count, width)
        self.labels = Bag(features.labels, features.label_count, width)
        self.price = nn.Linear(2, width, bias=False)
        self.price_bucket = nn.Embedding(PRICE_BUCKET_COUNT + 1, width)
        self.mix = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.id = nn.Embedding(len(event_counts), width)
        self.new = nn.Parameter(torch.zeros(width))
        for table in (self.price_bucket, self.id):
            nn.init.normal_(table.weight, std=width**-0.5 / 2)
        self.register_buffer("price_value", torch.from_numpy(features.price))  # (I + 1, 2)
        self.register_buffer("bucket", torch.from_numpy(features.price_bucket))  # (I + 1,)
        self.register_buffer("event_counts", event_counts)  # (I + 1,)
        self.register_buffer("trust", (event_counts / (event_counts + id_trust)).unsqueeze(1))  # (I + 1, 1)

    def content(self, items: Tensor) -> Tensor:
        """What the catalogue alone says of ``items`` (M,), as vectors (M, D)."""
        price = self.price(self.price_value[items]) + self.price_bucket(self.bucket[items])
        summed = self.words(items) + self.labels(items) + price
        mixed: Tensor = summed + self.mix(summed)
        return mixed

    def place(self, items: Tensor, content: Tensor, *, id_dropout: float = 0.0) -> Tensor:
        """Vectors (M, D) of ``items`` (M,) from their `content`; ids are withheld with probability ``id_dropout``."""
        trust = self.trust[items]
        if id_dropout:
            trust = trust * (torch.rand_like(trust) >= id_dropout)
        vectors = content + trust * self.id(items) + (1 - trust) * self.new
        placed: Tensor = vectors.masked_fill(items.unsqueeze(1) == 0, 0)  # 0 is padding
        return placed

    def all_items(self) -> Tensor:
        """(I + 1,) every index, padding first."""
        return torch.arange(len(self.trust), device=self.trust.device)

    def forward(self) -> Tensor:
        """Vectors of the whole catalogue (I + 1, D)."""
        items = self.all_items()
        return self.place(items, self.content(items))
