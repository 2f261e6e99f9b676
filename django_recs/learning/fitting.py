"""From interactions and catalogue to what an artifact holds: prepare, build, train, export."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from django_recs.engine.content import ItemPlacer, fit_content_scale
from django_recs.engine.context import NO_CONTEXT, ContextScale, fit_context_scale
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import FloatArray, IntArray, Interactions, ItemContent
from django_recs.engine.local_time import LocalTime
from django_recs.engine.recommender import Arrays
from django_recs.learning.batches import build_sequences
from django_recs.learning.config import NetworkConfig
from django_recs.learning.export import export_encoder
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.holdout import split_holdout
from django_recs.learning.image_fitting import with_image_vectors
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder
from django_recs.learning.trainer import Network, OnProgress, Trainer, choose_device


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedNetwork:
    """What fitting hands on: arrays and bytes, nothing of torch."""

    encoder_onnx: bytes
    """Self-contained graph, see `engine.encoder.SequenceVoice`."""
    item_vectors: FloatArray
    """(I + 1, D)"""
    gap_edges: IntArray
    """(G,) seconds"""
    read_types: npt.NDArray[np.bool_]
    """(E,) by event code."""
    max_length: int
    """Events that are read of a history."""
    context: ContextScale
    """The circumstances that are read of events and of the moment of asking."""
    losses: tuple[float, ...]
    """Mean training loss of each epoch, cool-down included."""
    scores: tuple[float, ...]
    """NDCG@10 on the held-out events after each epoch of the steady phase; empty where too few were left."""
    device: str
    """Where it was trained, in torch's words."""
    content: Arrays
    """Of the `ItemPlacer`, which finds the vector of a product that was not in training."""

    @property
    def epoch_count(self) -> int:
        return len(self.losses)

    @property
    def placer(self) -> ItemPlacer | None:
        return ItemPlacer.from_arrays(self.content)

    def voice(self) -> SequenceVoice:
        """The network as the web process runs it."""
        return SequenceVoice(
            encoder_onnx=np.frombuffer(self.encoder_onnx, dtype=np.uint8),
            item_vectors=self.item_vectors,
            gap_edges=self.gap_edges,
            read_types=self.read_types,
            max_length=self.max_length,
            context=self.context,
            placer=self.placer,
        )


def fit_network(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig | None = None,
    event_weights: Mapping[str, float],
    clock: LocalTime | None = None,
    on_progress: OnProgress = lambda share, message: None,
) -> FittedNetwork:
    """Fit on all of ``interactions``; nothing after their end is needed or seen.

    Args:
        interactions: events of the past.
        content: the catalogue, aligned with ``interactions.item_ids``.
        config: see `NetworkConfig`.
        event_weights: how much an event of each type counts as a target; types with 0 are not read at all.
        clock: the shop's time zone, from which hour, weekday and season are read; left out, they are not.
        on_progress: called with the share done (0 to 1) and a line for the log; may raise to stop.

    Raises:
        LossNotFinite: training diverged.
        ExportDiffers: the exported graph does not reproduce torch.
    """
    config = config or NetworkConfig()
    type_weights = np.array([event_weights.get(event_type, 0.0) for event_type in EVENT_TYPES], dtype=np.float32)
    read_types = type_weights > 0
    interactions = interactions.where(read_types[interactions.event_type])
    gap_edges = fit_gap_edges(interactions)
    context_scale = fit_context_scale(interactions, clock=clock)
    with torch_state(config):
        trainer = train_network(
            interactions,
            content,
            config=config,
            type_weights=type_weights,
            gap_edges=gap_edges,
            context_scale=context_scale,
            on_progress=on_progress,
        )
        return FittedNetwork(
            encoder_onnx=export_encoder(trainer.network.encoder),
            item_vectors=trainer.item_vectors(),
            gap_edges=gap_edges,
            read_types=read_types,
            max_length=config.max_length,
            context=context_scale,
            losses=tuple(trainer.losses),
            scores=tuple(trainer.scores),
            device=str(trainer.device),
            content=trainer.network.tower.placer().arrays(),
        )


def train_network(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig,
    type_weights: FloatArray,
    gap_edges: IntArray,
    on_progress: OnProgress,
    context_scale: ContextScale = NO_CONTEXT,
) -> Trainer:
    """A trainer whose network has been through both phases; ``type_weights`` (E,) by event code."""
    earlier, holdout = split_holdout(interactions, config=config, gap_edges=gap_edges, context_scale=context_scale)
    everything, steady = (
        build_sequences(
            events, type_weights=type_weights, gap_edges=gap_edges, config=config, context_scale=context_scale
        )
        for events in (interactions, earlier)
    )
    network = build_network(interactions, content, config=config, gap_edges=gap_edges, context_scale=context_scale)
    trainer = Trainer(network, config, on_progress)
    trainer.steady_phase(steady, holdout)
    trainer.cool_down(everything)
    return trainer


def build_network(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig,
    gap_edges: IntArray,
    context_scale: ContextScale = NO_CONTEXT,
) -> Network:
    """An untrained network for this catalogue."""
    counts = np.bincount(interactions.item, minlength=interactions.item_count + 1)
    content = with_image_vectors(content, counts > 0, device=choose_device(config.device), seed=config.seed)
    scale = fit_content_scale(content, counts > 0)
    event_counts = torch.from_numpy(counts.astype(np.float32))
    tower = ItemTower(scale, scale.features(content), event_counts, width=config.width, id_trust=config.id_trust)
    encoder = SequenceEncoder(
        width=config.width,
        block_count=config.block_count,
        head_count=config.head_count,
        dropout=config.dropout,
        type_count=len(EVENT_TYPES),
        gap_count=len(gap_edges) + 1,
        context_sizes=context_scale.sizes,
        context_dropout=config.context_dropout,
    )
    return Network(tower, encoder)


@contextmanager
def torch_state(config: NetworkConfig) -> Iterator[None]:
    """Seed and thread count for the fit; the caller's are put back afterwards."""
    threads = torch.get_num_threads()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.thread_count)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
