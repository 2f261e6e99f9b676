"""Fits the hybrid sequence network: a steady phase with early stopping, then a cool-down over all data.

The steady phase holds out the latest events and stops when the ranking of what came next no longer improves. The
cool-down starts from the best of these epochs, takes the held-out events in and lowers the learning rate to zero, so
that what is served has learned from the latest day.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import FloatArray, IntArray, Interactions, ItemContent
from django_recs.learning.batches import Batch, Sequences, build_sequences, epoch_batches
from django_recs.learning.config import NetworkConfig
from django_recs.learning.export import export_encoder
from django_recs.learning.features import fit_content_scale, fit_gap_edges
from django_recs.learning.holdout import Holdout, split_holdout
from django_recs.learning.losses import draw_negatives, sampled_set_softmax_loss, set_softmax_loss
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder

OnProgress = Callable[[float, str], None]


class LossNotFinite(RuntimeError):
    """Training diverged: the loss became infinite or not a number."""


@dataclass(frozen=True, kw_only=True)
class FittedNetwork:
    """What fitting hands on: arrays and bytes, nothing of torch."""

    encoder_onnx: bytes
    item_vectors: FloatArray
    """(I + 1, D)"""
    gap_edges: IntArray
    """(G,) seconds"""
    read_types: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    """(E,) by event code."""
    max_length: int
    losses: tuple[float, ...]
    """Mean training loss of each epoch, cool-down included."""
    scores: tuple[float, ...]
    """NDCG@10 on the held-out events after each epoch of the steady phase; empty where too few were left."""
    device: str

    @property
    def epoch_count(self) -> int:
        return len(self.losses)

    def voice(self) -> SequenceVoice:
        """The network as the web process runs it."""
        return SequenceVoice(
            encoder_onnx=np.frombuffer(self.encoder_onnx, dtype=np.uint8),
            item_vectors=self.item_vectors,
            gap_edges=self.gap_edges,
            read_types=self.read_types,
            max_length=self.max_length,
        )


class Network(nn.Module):
    """Item tower and sequence encoder, trained as one."""

    def __init__(self, tower: ItemTower, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.tower = tower
        self.encoder = encoder


def fit_network(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig | None = None,
    event_weights: Mapping[str, float],
    on_progress: OnProgress = lambda share, message: None,
) -> FittedNetwork:
    """Fit on all of ``interactions``; nothing after their end is needed or seen.

    Args:
        interactions: events of the past.
        content: the catalogue, aligned with ``interactions.item_ids``.
        config: see `NetworkConfig`.
        event_weights: how much an event of each type counts as a target; types with 0 are not read at all.
        on_progress: called with the share done (0 to 1) and a line for the log; may raise to stop.

    Raises:
        LossNotFinite: training diverged.
        ExportDiffers: the exported graph does not reproduce torch.
    """
    config = config or NetworkConfig()
    type_weights = np.array([event_weights.get(event_type, 0.0) for event_type in EVENT_TYPES], dtype=np.float32)
    read_types = type_weights > 0
    interactions = interactions.where(read_types[interactions.event_type])
    with _torch_state(config):
        return _fit(interactions, content, config, type_weights, read_types, on_progress)


def _fit(
    interactions: Interactions,
    content: ItemContent,
    config: NetworkConfig,
    type_weights: FloatArray,
    read_types: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    on_progress: OnProgress,
) -> FittedNetwork:
    device = choose_device(config.device)
    gap_edges = fit_gap_edges(_gaps(interactions))
    earlier, holdout = split_holdout(interactions, config=config, gap_edges=gap_edges)
    everything, steady = (
        build_sequences(events, type_weights=type_weights, gap_edges=gap_edges, config=config)
        for events in (interactions, earlier)
    )
    network = build_network(interactions, content, config, gap_edges).to(device)
    loop = _Loop(network, config, device, interactions, on_progress)
    scores = loop.steady_phase(steady, holdout)
    loop.cool_down(everything)
    network.eval()
    with torch.no_grad():
        item_vectors = network.tower().float().cpu().numpy()
    return FittedNetwork(
        encoder_onnx=export_encoder(network.encoder),
        item_vectors=item_vectors,
        gap_edges=gap_edges,
        read_types=read_types,
        max_length=config.max_length,
        losses=tuple(loop.losses),
        scores=scores,
        device=str(device),
    )


def build_network(
    interactions: Interactions, content: ItemContent, config: NetworkConfig, gap_edges: IntArray
) -> Network:
    """An untrained network for this catalogue."""
    counts = np.bincount(interactions.item, minlength=interactions.item_count + 1)
    features = fit_content_scale(content, counts > 0).features(content)
    tower = ItemTower(
        features, torch.from_numpy(counts.astype(np.float32)), width=config.width, id_trust=config.id_trust
    )
    encoder = SequenceEncoder(
        width=config.width,
        block_count=config.block_count,
        head_count=config.head_count,
        dropout=config.dropout,
        max_length=config.max_length,
        type_count=len(EVENT_TYPES),
        gap_count=len(gap_edges) + 1,
    )
    return Network(tower, encoder)


def choose_device(name: str) -> torch.device:
    """``auto`` is CUDA when present, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class _Loop:
    """The state that goes through training: weights, optimiser, random numbers and the log."""

    def __init__(
        self,
        network: Network,
        config: NetworkConfig,
        device: torch.device,
        interactions: Interactions,
        on_progress: OnProgress,
    ) -> None:
        self.network, self.config, self.device, self.on_progress = network, config, device, on_progress
        self.rng = np.random.default_rng(config.seed)
        self.optimizer = _optimizer(network, config)
        self.losses: list[float] = []
        counts = np.bincount(interactions.item, minlength=interactions.item_count + 1) ** 0.75
        counts[0] = 0
        self.share = torch.from_numpy(counts / max(counts.sum(), 1.0)).to(device)  # (I + 1,)
        self.generator = torch.Generator(device=device).manual_seed(config.seed)
        self.sampled = interactions.item_count > config.full_softmax_limit

    def steady_phase(self, sequences: Sequences, holdout: Holdout | None) -> tuple[float, ...]:
        """Epochs at a steady rate until the held-out score stops rising; leaves the weights of the best epoch."""
        scores: list[float] = []
        best = copy.deepcopy(self._state())
        for epoch in range(self.config.epoch_limit):
            self._epoch(sequences, rates=_warm_up if epoch == 0 else _steady)
            if holdout is None:
                continue
            scores.append(holdout.ndcg(self.network.tower, self.network.encoder, self.device))
            self._report(epoch + 1, f"NDCG@10 {scores[-1]:.4f}")
            best_epoch = int(np.argmax(scores))
            if best_epoch == epoch:
                best = copy.deepcopy(self._state())
            elif epoch - best_epoch >= self.config.patience:
                break
        if holdout is not None:
            self.network.load_state_dict(best["network"])
            self.optimizer.load_state_dict(best["optimizer"])
        return tuple(scores)

    def cool_down(self, sequences: Sequences) -> None:
        """The final epochs over all data, while the learning rate falls to zero."""
        count = self.config.final_epoch_count
        for epoch in range(count):
            self._epoch(sequences, rates=partial(_falling, epoch=epoch, epoch_count=count))
            self._report(self.config.epoch_limit + epoch + 1, "cool-down")

    def _state(self) -> dict[str, dict[str, object]]:
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def _report(self, epoch: int, message: str) -> None:
        total = self.config.epoch_limit + self.config.final_epoch_count
        self.on_progress(epoch / total, f"epoch {len(self.losses)}: loss {self.losses[-1]:.4f}, {message}")

    def _epoch(self, sequences: Sequences, rates: Callable[[float], float]) -> None:
        """One pass; ``rates`` maps the share of the epoch done to a factor of the learning rate."""
        self.network.train()
        batches = list(epoch_batches(sequences, self.config, self.rng))
        losses = []
        for number, batch in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.learning_rate * rates(number / len(batches))
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
        tower, encoder = self.network.tower, self.network.encoder
        content = tower.content()
        read, ranked = (tower.place(content, id_dropout=self.config.id_dropout) for _ in range(2))  # (I + 1, D)
        states = encoder(read[self._tensor(batch.item)], self._tensor(batch.event_type), self._tensor(batch.gap))
        states = states.flatten(0, 1)[self._tensor(batch.position)]  # (P, D)
        position, item = self._tensor(batch.pair_position), self._tensor(batch.pair_item)
        weight = self._tensor(batch.pair_weight)
        if self.sampled:
            negatives, inclusion = draw_negatives(self.share, self.config.negative_count, self.generator)
            return sampled_set_softmax_loss(states, ranked, negatives, inclusion, position, item, weight)
        return set_softmax_loss(states @ ranked[1:].T, position, item - 1, weight)

    def _tensor(self, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Tensor:
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


def _gaps(interactions: Interactions) -> IntArray:
    """Seconds between neighbouring events of one unit."""
    same_unit = np.diff(interactions.unit) == 0
    gaps: IntArray = np.diff(interactions.time)[same_unit]
    return gaps


@contextmanager
def _torch_state(config: NetworkConfig) -> Iterator[None]:
    """Seed and thread count for the fit; the caller's are put back afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.thread_count)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
