"""The choices that shape the sequence network and how it is fitted."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Defaults were chosen on the validation month of Online Retail; they suit shops from 10 to some 5,000 items."""

    width: int = 64
    """D: length of item and visitor vectors, a multiple of ``head_count``."""
    block_count: int = 1
    """Transformer blocks."""
    head_count: int = 2
    """Attention heads per block."""
    max_length: int = 200
    """Only a visitor's last so many events are read; training cuts longer sequences into such pieces."""
    dropout: float = 0.2
    """Share of activations dropped in training."""
    id_dropout: float = 0.2
    """Share of item occurrences placed by their content alone in training, so that content learns to stand in."""
    context_dropout: float = 0.2
    """Share of circumstances withheld in training, so that the network does without those that are unknown."""
    id_trust: float = 5.0
    """Events after which an item's own embedding counts half; an item without events is placed by its content."""
    inside_share: float = 0.1
    """Share of positions inside a basket from which the rest of the basket is predicted. Basket ends always teach."""
    target_limit: int = 32
    """At most so many items of the following basket are targets of one position."""
    half_life_days: float = 120.0
    """Age at which a target counts half as much as one at the end of the data."""
    tokens_per_batch: int = 4_096
    """B * T of a batch, padding included."""
    epoch_limit: int = 12
    """Epochs at a steady learning rate at most; early stopping usually ends them before."""
    patience: int = 2
    """Epochs without a better validation score after which the steady phase ends."""
    final_epoch_count: int = 2
    """Epochs at the end, over all data, in which the learning rate falls to zero."""
    learning_rate: float = 2e-3
    """Of AdamW."""
    weight_decay: float = 0.01
    """Of AdamW, on matrices only."""
    full_softmax_limit: int = 5_000
    """Catalogues up to this size are normalised over every item; larger ones over sampled negatives."""
    negative_count: int = 1_024
    """Draws of negatives that a batch shares when the softmax is sampled."""
    holdout_share: float = 0.05
    """Latest share of events that early stopping judges by. They are learned from in the final epochs."""
    seed: int = 0
    """Of initial weights, dropout, order and negatives."""
    checkpoint_seconds: float = 60.0
    """A checkpoint is taken after each epoch, and within an epoch when the last one is so old."""
    thread_count: int = 1
    """CPU threads that torch may use."""
    device: str = "auto"
    """``auto`` takes CUDA when present and the CPU otherwise; or a torch device name."""

    def __post_init__(self) -> None:
        if self.width % self.head_count:
            raise ValueError(f"width {self.width} is not a multiple of head_count {self.head_count}.")
