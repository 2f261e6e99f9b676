"""Where an item lies: its own embedding, earned by events, on top of what the catalogue says of it.

I = items, D = width, W = words per item.
"""

import torch
from torch import Tensor, nn

from django_recs.learning.features import PRICE_BUCKET_COUNT, ItemFeatures, TokenBags


class Bag(nn.Module):
    """Weighted mean of token embeddings."""

    def __init__(self, bags: TokenBags, token_count: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(token_count, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        self.register_buffer("token", torch.from_numpy(bags.token))  # (I + 1, W)
        self.register_buffer("weight", torch.from_numpy(bags.weight))  # (I + 1, W)

    def forward(self) -> Tensor:
        vectors: Tensor = self.embedding(self.token, per_sample_weights=self.weight)
        return vectors  # (I + 1, D)


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

    def content(self) -> Tensor:
        """What the catalogue alone says (I + 1, D)."""
        summed = self.words() + self.labels() + self.price(self.price_value) + self.price_bucket(self.bucket)
        mixed: Tensor = summed + self.mix(summed)
        return mixed

    def place(self, content: Tensor, *, id_dropout: float = 0.0) -> Tensor:
        """Item vectors (I + 1, D) from `content`; each item's id is withheld with probability ``id_dropout``."""
        trust = self.trust
        if id_dropout:
            trust = trust * (torch.rand_like(trust) >= id_dropout)
        vectors = content + trust * self.id.weight + (1 - trust) * self.new
        return torch.cat([torch.zeros_like(vectors[:1]), vectors[1:]])  # row 0 is padding

    def forward(self) -> Tensor:
        return self.place(self.content())
