"""Where an item lies: its own embedding, earned by events, on top of what the catalogue says of it.

I = items in the catalogue, M = those asked for, D = width, W = tokens per item, S = columns of the named vectors.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from django_recs.engine.content import ContentScale, ItemFeatures
from django_recs.engine.content.placing import ContentWeights, ItemPlacer
from django_recs.engine.content.scale import PRICE_BUCKET_COUNT

FEATURE_COUNT = 7


def feature_tensors(features: ItemFeatures) -> tuple[Tensor, ...]:
    """`FEATURE_COUNT` tensors of M rows: words and labels as token and weight, price, its bucket, named vectors."""
    words, labels = features.words, features.labels
    arrays = (words.token, words.weight, labels.token, labels.weight)
    return tuple(map(torch.from_numpy, (*arrays, features.price, features.price_bucket, features.vectors)))


class Bag(nn.Module):
    """Weighted mean of token embeddings."""

    def __init__(self, token_count: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(token_count, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0

    def forward(self, token: Tensor, weight: Tensor) -> Tensor:
        # (M, W), (M, W) -> (M, D)
        vectors: Tensor = self.embedding(token, per_sample_weights=weight)
        return vectors


class ContentEncoder(nn.Module):
    """What the catalogue alone says of items, as vectors: the parts are summed, then mixed.

    Each named vector comes with a column that says that it is missing, so that its weights hold a learned vector for
    "unknown", and any subset of the parts may be missing for an item.
    """

    def __init__(self, scale: ContentScale, width: int) -> None:
        super().__init__()
        self.words = Bag(len(scale.words), width)
        self.labels = Bag(len(scale.labels), width)
        self.price = nn.Linear(2, width, bias=False)
        self.price_bucket = nn.Embedding(PRICE_BUCKET_COUNT + 1, width)
        nn.init.normal_(self.price_bucket.weight, std=width**-0.5 / 2)
        self.vectors = nn.Parameter(torch.randn(scale.vector_width, width) * width**-0.5)  # (S, D)
        with torch.no_grad():  # until training says otherwise, what is unknown is like the average item
            self.vectors[scale.unknown_columns] = 0
            self.price.weight[:, 1] = 0
            self.price_bucket.weight[0] = 0
        self.mix_in, self.mix_out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """``features``: `feature_tensors` of M items -> vectors (M, D)."""
        word, word_weight, label, label_weight, price, price_bucket, vectors = features
        summed = self.words(word, word_weight) + self.labels(label, label_weight)
        summed = summed + self.price(price) + self.price_bucket(price_bucket) + vectors @ self.vectors
        mixed: Tensor = summed + self.mix_out(gelu(self.mix_in(summed), approximate="tanh"))
        return mixed

    def weights(self, new: Tensor) -> ContentWeights:
        """What `engine.content.placing` needs to do the same without torch; ``new`` (D,) is the tower's."""
        tables = {
            "words": self.words.embedding.weight,
            "labels": self.labels.embedding.weight,
            "price": self.price.weight.T,
            "price_bucket": self.price_bucket.weight,
            "vectors": self.vectors,
            "mix_in": torch.cat([self.mix_in.weight.T, self.mix_in.bias[None]]),
            "mix_out": torch.cat([self.mix_out.weight.T, self.mix_out.bias[None]]),
            "new": new,
        }
        return ContentWeights(**{name: table.detach().float().cpu().numpy() for name, table in tables.items()})


class ItemTower(nn.Module):
    """Item vector = content + trust * id + (1 - trust) * new.

    ``trust`` grows with the events an item was seen in: n / (n + id_trust). Without events an item stands where its
    content places it, moved by the one learned vector ``new`` that all such items share.
    """

    event_counts: Tensor
    trust: Tensor

    def __init__(
        self, scale: ContentScale, features: ItemFeatures, event_counts: Tensor, *, width: int, id_trust: float
    ) -> None:
        super().__init__()
        self.scale = scale
        self.encoder = ContentEncoder(scale, width)
        self.id = nn.Embedding(len(event_counts), width)
        self.new = nn.Parameter(torch.zeros(width))
        nn.init.normal_(self.id.weight, std=width**-0.5 / 2)
        for place, values in enumerate(feature_tensors(features)):
            self.register_buffer(f"feature_{place}", values)  # (I + 1, ...)
        self.register_buffer("event_counts", event_counts)  # (I + 1,)
        self.register_buffer("trust", (event_counts / (event_counts + id_trust)).unsqueeze(1))  # (I + 1, 1)

    def content(self, items: Tensor) -> Tensor:
        """What the catalogue alone says of ``items`` (M,), as vectors (M, D)."""
        encoded: Tensor = self.encoder([self.get_buffer(f"feature_{place}")[items] for place in range(FEATURE_COUNT)])
        return encoded

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

    def placer(self) -> ItemPlacer:
        """What of the tower places new products, without torch."""
        return ItemPlacer(scale=self.scale, weights=self.encoder.weights(self.new))
