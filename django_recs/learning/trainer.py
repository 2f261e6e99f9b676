"""The training loop: a steady phase with early stopping, then a cool-down over all data.

The steady phase holds out the latest events and stops when the ranking of what came next no longer improves. The
cool-down starts from the best of these epochs, takes the held-out events in and lowers the learning rate to zero, so
that what is served has learned from the latest day.

All randomness is drawn anew from (seed, what for, number of the epoch or step). So a checkpoint needs no state of a
random generator, and a process that goes on from one walks the very path of a process that was never stopped.
"""

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from django_recs.engine.interactions import FloatArray
from django_recs.learning.batches import Batch, Epoch, Sequences, plan_epoch
from django_recs.learning.checkpoints import Checkpoints, State
from django_recs.learning.config import NetworkConfig
from django_recs.learning.holdout import Holdout
from django_recs.learning.losses import draw_negatives, sampled_set_softmax_loss, set_softmax_loss
from django_recs.learning.networks.item_tower import ItemTower
from django_recs.learning.networks.sequence_encoder import SequenceEncoder
from django_recs.learning.optimizers import Optimizers, clip_gradients
from django_recs.learning.world import World

logger = logging.getLogger(__name__)

OnProgress = Callable[[float, str], None]

LOSS_RETRIES = 2
"""So often training goes back to its last checkpoint with half the learning rate when the loss is not finite."""
MEMORY_RETRIES = 5
"""So often a batch is cut into twice as many parts, whose gradients are summed, when memory runs out."""
ORDER, DROPOUT, NEGATIVES = range(3)
"""What random numbers are drawn for."""
ITEMS_AT_ONCE = 65_536
"""Items placed at once where all are, which bounds memory."""


class LossNotFinite(RuntimeError):
    """Training diverged: the loss became infinite or not a number."""


class Network(nn.Module):
    """Item tower and sequence encoder, trained as one."""

    def __init__(self, tower: ItemTower, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.tower = tower
        self.encoder = encoder


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """``auto`` is CUDA when present, else the CPU; of several GPUs that of the process's ``local_rank``."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{local_rank}"
    return torch.device(name)


class Trainer:
    """Network, optimiser and place on their way through the epochs."""

    def __init__(
        self,
        network: Network,
        config: NetworkConfig,
        on_progress: OnProgress,
        *,
        checkpoints: Checkpoints,
        world: World | None = None,
    ) -> None:
        """Goes on from the newest checkpoint, if there is one."""
        self.world = world or World()
        self.device = choose_device(config.device, self.world.local_rank)
        self.network = network.to(self.device)
        self.config, self.on_progress, self.checkpoints = config, on_progress, checkpoints
        self.negative_share = _negative_share(network.tower.event_counts)
        self.sampled = len(self.negative_share) - 1 > config.full_softmax_limit
        network.tower.id.sparse = self.sampled
        self.optimizers = Optimizers(network, config)
        self.generator = torch.Generator(device=self.device)
        self.losses: list[float] = []
        """Mean loss of each finished epoch."""
        self.scores: list[float] = []
        """Held-out NDCG@10 after each epoch of the steady phase."""
        self.best_step = 0
        """Steps after which the best of these scores was reached."""
        self.steady_count: int | None = None
        """Epochs of the steady phase, None while it goes on."""
        self.step = 0
        """Steps of the optimiser so far."""
        self.step_of_epoch = 0
        """Steps so far in the epoch under way, whose losses add up to ``loss_sum``."""
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        self.part_count = 1
        self.loss_retries = 0
        self._saved_at = time.monotonic()
        self._begin()

    def item_vectors(self) -> FloatArray:
        """The item tower's view of the whole catalogue (I + 1, D)."""
        tower = self.network.tower.eval()
        with torch.no_grad():
            chunks = tower.all_items().split(ITEMS_AT_ONCE)  # type: ignore[no-untyped-call]
            parts = [tower.place(items, tower.content(items)).float() for items in chunks]
        vectors: FloatArray = torch.cat(parts).cpu().numpy()
        return vectors

    def steady_phase(self, sequences: Sequences, holdout: Holdout | None) -> None:
        """Epochs at a steady rate until the held-out score stops rising; leaves the weights of the best epoch.

        Without ``holdout`` all ``epoch_limit`` epochs are run.
        """
        while self.steady_count is None:
            if self._steady_phase_is_over():
                self.steady_count = len(self.losses)
                if self.scores:
                    self._load_weights(self._checkpoint(self.best_step))
                self._save()
                return
            self._epoch(sequences, rate=_steady if self.losses else _warm_up)
            message = "steady"
            if holdout is not None:
                self._score(holdout)
                message = f"NDCG@10 {self.scores[-1]:.4f}"
            self._save()
            self._report(len(self.losses), message)

    def cool_down(self, sequences: Sequences) -> None:
        """The final epochs over all data, while the learning rate falls to zero."""
        self.steady_count = self.steady_count or 0
        count = self.config.final_epoch_count
        while (epoch := len(self.losses) - self.steady_count) < count:
            self._epoch(sequences, rate=partial(_falling, epoch=epoch, epoch_count=count))
            self._save()
            self._report(self.config.epoch_limit + epoch + 1, "cool-down")

    def _steady_phase_is_over(self) -> bool:
        if len(self.losses) >= self.config.epoch_limit:
            return True
        best_epoch = int(np.argmax(self.scores)) if self.scores else 0
        return bool(self.scores) and len(self.scores) - 1 - best_epoch >= self.config.patience

    def _score(self, holdout: Holdout) -> None:
        score = holdout.ndcg(self.network.tower, self.network.encoder, self.device) if self.world.is_first else 0.0
        score = self.world.agree(score)
        if score > max(self.scores, default=-1.0):
            self.best_step = self.step
        self.scores.append(score)

    def _report(self, epoch: int, message: str) -> None:
        total = self.config.epoch_limit + self.config.final_epoch_count
        self.on_progress(epoch / total, f"epoch {len(self.losses)}: loss {self.losses[-1]:.4f}, {message}")

    def _epoch(self, sequences: Sequences, rate: Callable[[float], float]) -> None:
        """One pass, or the rest of it; ``rate`` maps the share of the epoch done to a factor of the learning rate."""
        while True:
            try:
                return self._pass(sequences, rate)
            except LossNotFinite as reason:
                retries = self.loss_retries + 1
                if retries > LOSS_RETRIES:
                    raise
                self._go_back()
                self.loss_retries = retries
                logger.warning("%s Going back to the last checkpoint with half the learning rate.", reason)

    def _pass(self, sequences: Sequences, rate: Callable[[float], float]) -> None:
        epoch = plan_epoch(sequences, self.config, np.random.default_rng([self.config.seed, ORDER, len(self.losses)]))
        learning_rate = self.config.learning_rate / 2**self.loss_retries
        self.network.train()
        while self.step_of_epoch < len(epoch):
            self.optimizers.set_rate(learning_rate * rate(self.step_of_epoch / len(epoch)))
            self.loss_sum += self._step(epoch, self.step_of_epoch)
            self.step += 1
            self.step_of_epoch += 1
            if time.monotonic() - self._saved_at >= self.config.checkpoint_seconds:
                self._save()
        mean = self._mean_loss()
        self.losses.append(mean)
        self.step_of_epoch = 0
        self.loss_sum.zero_()

    def _mean_loss(self) -> float:
        """Of the epoch so far. Raises `LossNotFinite`."""
        mean = float(self.loss_sum) / max(self.step_of_epoch, 1)
        if not math.isfinite(mean):
            raise LossNotFinite(f"The loss of epoch {len(self.losses) + 1} is {mean}; try a lower learning rate.")
        return mean

    def _step(self, epoch: Epoch, number: int) -> Tensor:
        """One step of the optimiser along the gradient of batch ``number``, whose mean loss it returns."""
        loss, weight = self.world.sum(self._gradients(epoch, number))
        weight = weight.clamp(min=1e-12)
        self.world.sum_gradients(self.optimizers.dense, self.optimizers.sparse)
        clip_gradients(list(self.network.parameters()), divisor=weight, limit=1.0)
        self.optimizers.step()
        mean: Tensor = loss / weight
        return mean

    def _gradients(self, epoch: Epoch, number: int) -> Tensor:
        """As `_accumulate`, in smaller and smaller parts where memory is short."""
        while True:
            try:
                return self._accumulate(epoch, number)
            except RuntimeError as error:
                if not is_out_of_memory(error) or self.part_count >= 2**MEMORY_RETRIES:
                    raise
            # outside of the except block, whose traceback holds on to the memory of the failed part
            self.part_count *= 2
            logger.warning("Out of memory; batches are worked off in %s parts from here on.", self.part_count)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _accumulate(self, epoch: Epoch, number: int) -> Tensor:
        """Leave the summed gradients of this process's share of a batch; sums (2,) of its losses and its weights."""
        self.optimizers.zero_grad()
        totals = torch.zeros(2, dtype=torch.float64, device=self.device)
        for part in range(self.part_count):
            share = part * self.world.size + self.world.rank
            batch = epoch.batch(number, part=share, part_count=self.part_count * self.world.size)
            if batch is None:
                continue
            torch.manual_seed(self._seed(DROPOUT, share))
            self.generator.manual_seed(self._seed(NEGATIVES))
            loss = self._loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            totals += torch.stack([loss.detach().double(), loss.new_tensor(batch.pair_weight.sum()).double()])
        return totals

    def _seed(self, *what: int) -> int:
        """For this step, the same in every life of the process."""
        return int(np.random.SeedSequence([self.config.seed, *what, self.step]).generate_state(1, np.uint64)[0])

    def _loss(self, batch: Batch) -> Tensor:
        """Weighted sum, not mean, so that parts of a batch add up to the whole."""
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

        An item's id is withheld independently where it is read and where it is ranked. On a GPU the network runs in
        bfloat16; what it hands to the loss is float32, in which small differences of large logits survive.
        """
        tower, encoder = self.network.tower, self.network.encoder
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixes_precision(self.device)):
            content = tower.content(items)
            as_read, as_ranked = (tower.place(items, content, id_dropout=self.config.id_dropout) for _ in range(2))
            events = (self._tensor(part) for part in (batch.event_type, batch.gap, batch.context, batch.position))
            states = encoder(as_read[read], *events)
        return states.float(), as_ranked.float()

    def _tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        tensor = torch.from_numpy(array)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor

    def _begin(self) -> None:
        """Go on from the newest checkpoint, or make the first one, to which a loss that diverges goes back."""
        latest = self.checkpoints.latest_step() if self.world.is_first else None
        step = int(self.world.agree(-1 if latest is None else latest))
        if step < 0:
            self._save()
            step = 0
        else:
            logger.info("Training goes on after %s steps.", step)
        self._restore(self._checkpoint(step))

    def _checkpoint(self, step: int) -> State:
        """The state after ``step`` steps, for all processes: the first one has written it, and goes on to write others
        only when each has read it."""
        self.world.agree(step)
        state = self.checkpoints.load(step)
        self.world.agree(step)
        return state

    def _go_back(self) -> None:
        latest = self.checkpoints.latest_step() if self.world.is_first else None
        self._restore(self._checkpoint(int(self.world.agree(latest or 0))))

    def _save(self) -> None:
        """A checkpoint of the present state. Raises `LossNotFinite` rather than to keep a network that is lost."""
        self._mean_loss()
        if self.world.is_first:
            spared = {self.best_step} if self.steady_count is None and self.scores else set()
            self.checkpoints.save(self.step, self._state(), spared=spared)
        self._saved_at = time.monotonic()

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizers": self.optimizers.state_dict(),
            "loss_sum": self.loss_sum,
            **{name: getattr(self, name) for name in _PLACE},
        }

    def _restore(self, state: State) -> None:
        self._load_weights(state)
        self.loss_sum = state["loss_sum"].to(self.device)
        for name in _PLACE:
            setattr(self, name, state[name])

    def _load_weights(self, state: State) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizers.load_state_dict(state["optimizers"])


_PLACE = (
    "losses",
    "scores",
    "best_step",
    "steady_count",
    "step",
    "step_of_epoch",
    "part_count",
    "loss_retries",
)
"""Attributes of a `Trainer` that say where it is, besides its tensors."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a GPU or torch's allocator on the CPU found no room."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate memory" in str(error)


def mixes_precision(device: torch.device) -> bool:
    """Whether the network runs in bfloat16: on GPUs that have it. On a CPU it saved 2 to 7 % of the time, which is not
    worth its three digits (`tests/benchmarks/training_speed.py`)."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _warm_up(done: float) -> float:
    return min(1.0, 0.1 + done / 0.5)


def _steady(done: float) -> float:
    return 1.0


def _falling(done: float, *, epoch: int, epoch_count: int) -> float:
    return 1 - (epoch + done) / epoch_count


def _negative_share(event_counts: Tensor) -> Tensor:
    """How often each item is drawn as a negative (I + 1,): by its events to the power 3/4 (Mikolov et al. 2013).

    One is added so that an item without events is pushed away too, and does not drift up unopposed.
    """
    share = (event_counts.double() + 1) ** 0.75
    share[0] = 0
    return share / share.sum()
