"""From interactions and catalogue to what an artifact holds: prepare, build, train, export."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
from django_recs.learning.assignment import Assignment
from django_recs.learning.batches import Sequences, build_sequences
from django_recs.learning.checkpoints import Checkpoints, Workplace
from django_recs.learning.config import NetworkConfig
from django_recs.learning.export import export_encoder
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.holdout import split_holdout
from django_recs.learning.image_fitting import with_image_vectors
from django_recs.learning.initial import co_occurrence_vectors
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder
from django_recs.learning.records import read_record, write_record
from django_recs.learning.trainer import Network, OnProgress, Trainer, choose_device
from django_recs.learning.warm_start import RowNames, TrainingState, state_of, take_over
from django_recs.learning.world import World

logger = logging.getLogger(__name__)


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
    """NDCG@10 on the held-out events after each epoch of the steady phase; empty where too few were left, and where
    training started from another network."""
    device: str
    """Where it was trained, such as ``cpu`` or ``2 x cuda: NVIDIA H100``."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted network, and its weights for the next one to start from."""

    network: FittedNetwork
    state: TrainingState

    def write(self, folder: Path) -> None:
        """For `read`, also in another process; the network last, so that a folder with one is complete."""
        write_record(folder / "fitted_state.npz", self.state)
        write_record(folder / "fitted_network.npz", self.network)

    @classmethod
    def read(cls, folder: Path) -> "Fit | None":
        """What `write` left, None where that is nothing usable."""
        try:
            return cls(
                network=read_record(folder / "fitted_network.npz", FittedNetwork),
                state=read_record(folder / "fitted_state.npz", TrainingState),
            )
        except FileNotFoundError:
            return None
        except ValueError as reason:
            logger.warning("A finished fit is not used: %s", reason)
            return None


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
    assignment = assign(
        interactions, content, config=config or NetworkConfig(), event_weights=event_weights, clock=clock
    )
    with TemporaryDirectory(prefix="recs_fit_") as folder:
        return fit(assignment, workplace=Workplace(folder=Path(folder)), on_progress=on_progress).network


def assign(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig,
    event_weights: Mapping[str, float],
    clock: LocalTime | None = None,
    start: TrainingState | None = None,
) -> Assignment:
    """What `fit` needs to know; arguments as those of `fit_network`.

    Raises:
        ValueError: ``start`` has learned from later events than ``interactions`` hold.
    """
    type_weights = np.array([event_weights.get(event_type, 0.0) for event_type in EVENT_TYPES], dtype=np.float32)
    readable = interactions.where((type_weights > 0)[interactions.event_type])
    assignment = Assignment(
        interactions=readable, content=content, config=config, type_weights=type_weights, clock=clock, start=start
    )
    if start is not None and start.trained_until > assignment.until:
        raise ValueError(f"A network of events until {assignment.until} cannot start from {start.trained_until}.")
    return assignment


def fit(assignment: Assignment, *, workplace: Workplace, on_progress: OnProgress) -> Fit:
    """Fit, unless ``workplace`` holds the finished fit; from its newest checkpoint, if there is one.

    Args:
        on_progress: as in `fit_network`.

    Raises:
        LossNotFinite, ExportDiffers: as `fit_network`.
    """
    place = place_of(assignment, workplace)
    done = Fit.read(place.folder)
    if done is not None:
        on_progress(1.0, "fitted by an earlier attempt")
        return done
    result = fit_share(assignment, workplace=place, on_progress=on_progress, world=World())
    if result is None:
        raise AssertionError("A process alone is the first of its world.")
    workplace.fence()
    result.write(place.folder)
    return result


def place_of(assignment: Assignment, workplace: Workplace) -> Workplace:
    """The folder in ``workplace`` that this very assignment has for itself."""
    folder = workplace.folder / assignment.fingerprint[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return replace(workplace, folder=folder)


def fit_share(assignment: Assignment, *, workplace: Workplace, on_progress: OnProgress, world: World) -> Fit | None:
    """Fit as one of the processes of ``world``; the first one returns the result."""
    checkpoints = Checkpoints(
        workplace.folder, fingerprint=assignment.fingerprint, token=workplace.token, fence=workplace.fence
    )
    with torch_state(assignment.config):
        gap_edges = fit_gap_edges(assignment.interactions) if assignment.start is None else assignment.start.gap_edges
        context_scale = fit_context_scale(assignment.interactions, clock=assignment.clock)
        trainer, row_names = train_network(
            assignment,
            gap_edges=gap_edges,
            context_scale=context_scale,
            on_progress=on_progress,
            checkpoints=checkpoints,
            world=world,
        )
        if not world.is_first:
            return None
        until = assignment.until
        state = state_of(
            trainer.network,
            row_names,
            gap_edges=gap_edges,
            trained_until=until,
            scratch_until=until if assignment.start is None else assignment.start.scratch_until,
        )
        network = FittedNetwork(
            item_vectors=trainer.item_vectors(),
            encoder_onnx=export_encoder(trainer.network.encoder),
            gap_edges=gap_edges,
            read_types=assignment.type_weights > 0,
            max_length=assignment.config.max_length,
            context=context_scale,
            content=trainer.network.tower.placer().arrays(),
            losses=tuple(trainer.losses),
            scores=tuple(trainer.scores),
            device=describe_devices(trainer.device, world.size),
        )
    return Fit(network=network, state=state)


def train_network(
    assignment: Assignment,
    *,
    gap_edges: IntArray,
    on_progress: OnProgress,
    checkpoints: Checkpoints,
    context_scale: ContextScale = NO_CONTEXT,
    world: World | None = None,
) -> tuple[Trainer, RowNames]:
    """A trainer whose network has been through both phases, or only through the second when it started from another
    network; and what the rows of its tables stand for."""
    config, interactions = assignment.config, assignment.interactions
    network, row_names = build_network(
        interactions, assignment.content, config=config, gap_edges=gap_edges, context_scale=context_scale
    )
    if assignment.start is None:
        start_from_co_occurrence(network, interactions)
    else:
        take_over(network, row_names, assignment.start)
    trainer = Trainer(network, config, on_progress, checkpoints=checkpoints, world=world)

    def sequences_of(events: Interactions) -> Sequences:
        return build_sequences(
            events,
            type_weights=assignment.type_weights,
            gap_edges=gap_edges,
            config=config,
            context_scale=context_scale,
        )

    if assignment.start is None:
        earlier, holdout = split_holdout(interactions, config=config, gap_edges=gap_edges, context_scale=context_scale)
        trainer.steady_phase(sequences_of(earlier), holdout)
    trainer.cool_down(sequences_of(interactions))
    return trainer, row_names


def build_network(
    interactions: Interactions,
    content: ItemContent,
    *,
    config: NetworkConfig,
    gap_edges: IntArray,
    context_scale: ContextScale = NO_CONTEXT,
) -> tuple[Network, RowNames]:
    """An untrained network for this catalogue, and what the rows of its tables stand for."""
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
    row_names: dict[str, Sequence[str]] = {
        "tower.id.weight": interactions.item_ids,
        "tower.encoder.words.embedding.weight": scale.words.tokens.tolist(),
        "tower.encoder.labels.embedding.weight": scale.labels.tokens.tolist(),
    }
    told = [f"{name}={value}" for name, values in context_scale.values.items() for value in ("", *values)]
    if told:
        row_names["encoder.context.table.weight"] = [*told, *(f"next {each}" for each in told)]
    return Network(tower, encoder), row_names


def start_from_co_occurrence(network: Network, interactions: Interactions) -> None:
    """Replace the random ids of items that have events, at the length that random ones have."""
    table = network.tower.id.weight
    vectors = co_occurrence_vectors(interactions, table.shape[1])
    known = vectors.any(dim=1)
    with torch.no_grad():
        table[known] = 0.5 * vectors[known]


def describe_devices(device: torch.device, count: int) -> str:
    """In words for the admin, at most 60 characters."""
    name = f"cuda: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else device.type
    return (name if count == 1 else f"{count} x {name}")[:60]


@contextmanager
def torch_state(config: NetworkConfig) -> Iterator[None]:
    """Seed, thread count and, on a CPU, reproducible sums for the fit; the caller's are put back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    details: Any = torch.utils.deterministic
    filling = details.fill_uninitialized_memory
    devices = list(range(torch.cuda.device_count())) if choose_device(config.device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.thread_count)
        torch.use_deterministic_algorithms(not devices)
        details.fill_uninitialized_memory = False  # only costs time here: nothing reads what it has not written
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)
            details.fill_uninitialized_memory = filling
