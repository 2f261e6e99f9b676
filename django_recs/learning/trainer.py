"""The training loop: a steady phase with early stopping, then a cool-down over all data.

The steady phase holds out the latest events and stops when the ranking of what came next no longer improves. The
cool-down starts from the best of these epochs, takes the held-out events in and lowers the learning rate to zero, so
that what is served has learned from the latest day.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from django_recs.engine.interactions import FloatArray
from django_recs.learning.batches import Batch, Sequences, epoch_batches
from django_recs.learning.config import NetworkConfig
from django_recs.learning.holdout import Holdout
from django_recs.learning.losses import draw_negatives, sampled_set_softmax_loss, set_softmax_loss
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder

OnProgress = Callable[[float, str], None]


class LossNotFinite(RuntimeError):
    """Training diverged: the loss became infinite or not a number."""


class Network(nn.Module):
    """Item tower and sequence encoder, trained as one."""

    def __init__(self, tower: ItemTower, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.tower = tower
        self.encoder = encoder


def choose_device(name: str) -> torch.device:
    """``auto`` is CUDA when present, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class Trainer:
    """Network, optimiser and random numbers on their way through the epochs."""

    def __init__(self, network: Network, config: NetworkConfig, on_progress: OnProgress) -> None:
        self.device = choose_device(config.device)
        self.network = network.to(self.device)
        self.config, self.on_progress = config, on_progress
        self.optimizer = _optimizer(network, config)
        self.rng = np.random.default_rng(config.seed)
        self.generator = torch.Generator(device=self.device).manual_seed(config.seed)
        self.negative_share = _negative_share(network.tower.event_counts)
        self.sampled = len(self.negative_share) - 1 > config.full_softmax_limit
        self.losses: list[float] = []
        """Mean loss of each epoch."""
        self.scores: list[float] = []
        """Held-out NDCG@10 after each epoch of the steady phase."""

    def item_vectors(self) -> FloatArray:
        """The item tower's view of the whole catalogue (I + 1, D)."""
        self.network.eval()
        with torch.no_grad():
            vectors: FloatArray = self.network.tower().float().cpu().numpy()
        return vectors

    def steady_phase(self, sequences: Sequences, holdout: Holdout | None) -> None:
        """Epochs at a steady rate until the held-out score stops rising; leaves the weights of the best epoch.

        Without ``holdout`` all ``epoch_limit`` epochs are run.
        """
        best = copy.deepcopy(self._state())
        for epoch in range(self.config.epoch_limit):
            self._epoch(sequences, rate=_warm_up if epoch == 0 else _steady)
            if holdout is None:
                self._report(epoch + 1, "steady")
                continue
            self.scores.append(holdout.ndcg(self.network.tower, self.network.encoder, self.device))
            self._report(epoch + 1, f"NDCG@10 {self.scores[-1]:.4f}")
            best_epoch = int(np.argmax(self.scores))
            if best_epoch == epoch:
                best = copy.deepcopy(self._state())
            elif epoch - best_epoch >= self.config.patience:
                break
        if holdout is not None:
            self.network.load_state_dict(best["network"])
            self.optimizer.load_state_dict(best["optimizer"])

    def cool_down(self, sequences: Sequences) -> None:
        """The final epochs over all data, while the learning rate falls to zero."""
        count = self.config.final_epoch_count
        for epoch in range(count):
            self._epoch(sequences, rate=partial(_falling, epoch=epoch, epoch_count=count))
            self._report(self.config.epoch_limit + epoch + 1, "cool-down")

    def _state(self) -> dict[str, dict[str, Any]]:
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def _report(self, epoch: int, message: str) -> None:
        total = self.config.epoch_limit + self.config.final_epoch_count
        self.on_progress(epoch / total, f"epoch {len(self.losses)}: loss {self.losses[-1]:.4f}, {message}")

    def _epoch(self, sequences: Sequences, rate: Callable[[float], float]) -> None:
        """One pass; ``rate`` maps the share of the epoch done to a factor of the learning rate."""
        self.network.train()
        batches = list(epoch_batches(sequences, self.config, self.rng))
        losses = []
        for number, batch in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.learning_rate * rate(number / len(batches))
            losses.append(self._step(batch))
        mean = float(torch.stack(losses).mean()) if losses else 0.0
        if not math.isfinite(mean):
            raise LossNotFinite(f"The loss of epoch {len(self.losses) + 1} is {mean}; try a lower learning rate.")
        self.losses.append(mean)

    def _step(self, batch: Batch) -> Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return loss.detach()

    def _loss(self, batch: Batch) -> Tensor:
        read = self._tensor(batch.item)  # (B, T)
        position, target = self._tensor(batch.pair_position), self._tensor(batch.pair_item)  # (Q,)
        weight = self._tensor(batch.pair_weight)  # (Q,)
        if not self.sampled:
            states, vectors = self._states_and_vectors(batch, read, self.network.tower.all_items())
            return set_softmax_loss(states @ vectors[1:].T, position, target - 1, weight)
        negatives, inclusion = draw_negatives(self.negative_share, self.config.negative_count, self.generator)
        needed, place = torch.cat([read.flatten(), target, negatives]).unique(  # type: ignore[no-untyped-call]
            return_inverse=True
        )
        read, target, negatives = place.split([read.numel(), len(target), len(negatives)])
        states, vectors = self._states_and_vectors(batch, read.view(batch.item.shape), needed)
        return sampled_set_softmax_loss(states, vectors, negatives, inclusion, position, target, weight)

    def _states_and_vectors(self, batch: Batch, read: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """States (P, D) of the positions that teach and vectors (M, D) of ``items`` (M,), in which ``read`` counts.

        An item's id is withheld independently where it is read and where it is ranked.
        """
        tower = self.network.tower
        content = tower.content(items)
        as_read, as_ranked = (tower.place(items, content, id_dropout=self.config.id_dropout) for _ in range(2))
        events = (self._tensor(part) for part in (batch.event_type, batch.gap, batch.context))
        states = self.network.encoder(as_read[read], *events)
        return states.flatten(0, 1)[self._tensor(batch.position)], as_ranked

    def _tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _warm_up(done: float) -> float:
    return min(1.0, 0.1 + done / 0.5)


def _steady(done: float) -> float:
    return 1.0


def _falling(done: float, *, epoch: int, epoch_count: int) -> float:
    return 1 - (epoch + done) / epoch_count


def _optimizer(network: Network, config: NetworkConfig) -> torch.optim.AdamW:
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    vectors = [weight for weight in network.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))


def _negative_share(event_counts: Tensor) -> Tensor:
    """How often each item is drawn as a negative (I + 1,): by its events to the power 3/4 (Mikolov et al. 2013).

    One is added so that an item without events is pushed away too, and does not drift up unopposed.
    """
    share = (event_counts.double() + 1) ** 0.75
    share[0] = 0
    return share / share.sum()
