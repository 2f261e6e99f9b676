"""Interactions as batches: sequences in time order, baskets in random order, targets = the rest of what comes next.

Events of one visitor at one moment are a group, such as the lines of an order: their order says nothing. Each epoch
shuffles it. From a position inside a group the rest of the group is to be predicted, from its end the next group.
Either way the targets of row p are the rows from p + 1 to the end of the group that p + 1 belongs to.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.context import NO_CONTEXT, ContextScale
from django_recs.engine.encoder import gap_codes
from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories, Int32Array, IntArray, Interactions
from django_recs.learning.config import NetworkConfig

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B sequences padded at the right to T events, with the P positions that teach and their Q targets."""

    item: IntArray
    """(B, T), 0 at padding."""
    event_type: IntArray
    """(B, T)"""
    gap: IntArray
    """(B, T) `engine.encoder.gap_codes`"""
    context: IntArray
    """(B, T, 2C) `engine.context.ContextScale.read`, 0 at padding."""
    position: IntArray
    """(P,) places in the flattened (B * T)."""
    pair_position: IntArray
    """(Q,) numbers into ``position``."""
    pair_item: IntArray
    """(Q,)"""
    pair_weight: FloatArray
    """(Q,) what the pair counts: the weight of its target, shared among the targets of one position."""


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """N events ready to be cut into batches."""

    item: IntArray
    event_type: IntArray
    gap: IntArray
    context: Int32Array
    """(N, 2C)"""
    weight: FloatArray
    """(N,) what the event counts as a target: the weight of its type, halved with age."""
    group: IntArray
    """(N,) ascending number of the group."""
    group_stop: IntArray
    """(N,) row after the last of the event's group."""
    unit_stop: IntArray
    """(N,) row after the last of the event's unit."""
    start: IntArray
    """(S,) first row of each piece of at most ``max_length`` events."""
    stop: IntArray
    """(S,) row after the last of each piece."""

    def __len__(self) -> int:
        return len(self.item)


def build_sequences(
    interactions: Interactions,
    *,
    type_weights: FloatArray,
    gap_edges: IntArray,
    config: NetworkConfig,
    context_scale: ContextScale = NO_CONTEXT,
) -> Sequences:
    """Groups, targets' weights and pieces of ``interactions``; ``type_weights`` (E,) by event code."""
    unit, time = interactions.unit, interactions.time
    first_of_unit = np.flatnonzero(np.diff(unit, prepend=-1))
    bounds = np.concatenate([first_of_unit, [len(unit)]]).astype(np.int64)
    new_group = (np.diff(unit, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    group = np.cumsum(new_group) - 1
    group_bounds = np.concatenate([np.flatnonzero(new_group), [len(unit)]])
    age_days = (time.max(initial=0) - time) / SECONDS_PER_DAY
    pieces = [_pieces(start, stop, config.max_length) for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]
    edges = np.concatenate([np.zeros((0, 2), dtype=np.int64), *pieces])
    histories = Histories(
        offsets=bounds,
        item=interactions.item,
        event_type=interactions.event_type,
        time=time,
        now=time[bounds[1:] - 1],
        context=interactions.context,
    )
    return Sequences(
        item=interactions.item.astype(np.int64),
        event_type=interactions.event_type.astype(np.int64),
        gap=gap_codes(time, bounds, histories.now, gap_edges),
        context=context_scale.read(histories).astype(np.int32),
        weight=(type_weights[interactions.event_type] * 0.5 ** (age_days / config.half_life_days)).astype(np.float32),
        group=group,
        group_stop=group_bounds[1:][group],
        unit_stop=np.repeat(bounds[1:], np.diff(bounds)),
        start=edges[:, 0],
        stop=edges[:, 1],
    )


def _pieces(start: int, stop: int, length: int) -> IntArray:
    """(S, 2) cuts of rows ``start`` to ``stop`` counted from the end, so that the latest piece is a full one."""
    stops = np.arange(stop, start, -length, dtype=np.int64)[::-1]
    return np.stack([np.maximum(stops - length, start), stops], axis=1)


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One pass over all sequences: which pieces make up each batch, and in which order baskets are read this time."""

    sequences: Sequences
    members: list[IntArray]
    """The numbers of the pieces in each batch."""
    shuffled: IntArray
    """(N,) the row read at each place."""
    teaches: BoolArray
    """(N,)"""
    stop: IntArray
    """(S,) row after the last of each piece that teaches; what follows it need not be read."""
    target_limit: int

    def __len__(self) -> int:
        return len(self.members)

    def batch(self, number: int, *, part: int = 0, part_count: int = 1) -> Batch | None:
        """Batch ``number``, or one of ``part_count`` parts of it that hold its pieces between them; None if empty."""
        members = self.members[number][part::part_count]
        return _batch(self, members) if len(members) else None


def plan_epoch(sequences: Sequences, config: NetworkConfig, rng: np.random.Generator) -> Epoch:
    """All pieces that teach, in random order, grouped by similar length, about ``tokens_per_batch`` tokens each."""
    shuffled = np.lexsort((rng.random(len(sequences)), sequences.group))
    teaches = _teaching_rows(sequences, config.inside_share, rng)
    latest = np.concatenate([[0], np.maximum.accumulate(np.where(teaches, np.arange(1, len(teaches) + 1), 0))])
    stop = latest[sequences.stop]
    lengths = np.maximum(stop - sequences.start, 0)
    return Epoch(
        sequences=sequences,
        members=_similar_lengths(lengths, config.tokens_per_batch, rng),
        shuffled=shuffled,
        teaches=teaches,
        stop=stop,
        target_limit=config.target_limit,
    )


def _teaching_rows(sequences: Sequences, inside_share: float, rng: np.random.Generator) -> BoolArray:
    rows = np.arange(len(sequences))
    has_next = rows + 1 < sequences.unit_stop
    ends_group = rows + 1 == sequences.group_stop
    chosen = ends_group | (rng.random(len(sequences)) < inside_share)
    result: BoolArray = has_next & chosen
    return result


def _similar_lengths(lengths: IntArray, token_limit: int, rng: np.random.Generator) -> list[IntArray]:
    order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths)))[::-1]
    order = order[lengths[order] > 0]
    groups = []
    start = 0
    while start < len(order):
        longest = lengths[order[start : start + 64]].max()
        count = max(1, int(token_limit // longest))
        groups.append(order[start : start + count])
        start += count
    rng.shuffle(groups)
    return groups


def _batch(epoch: Epoch, members: IntArray) -> Batch:
    sequences = epoch.sequences
    lengths = epoch.stop[members] - sequences.start[members]
    column = np.arange(lengths.max())
    real = column < lengths[:, None]  # (B, T)
    rows = np.where(real, sequences.start[members][:, None] + column, 0)
    source = epoch.shuffled[rows]
    position = np.flatnonzero(real & epoch.teaches[rows])
    first = rows.ravel()[position] + 1  # (P,) first target row
    stop = np.minimum(sequences.group_stop[first], first + epoch.target_limit)
    counts = stop - first
    pair_position = np.repeat(np.arange(len(position)), counts)
    nth = np.arange(len(pair_position)) - np.repeat(np.cumsum(counts) - counts, counts)  # 0, 1, ... per position
    target_rows = epoch.shuffled[first[pair_position] + nth]
    return Batch(
        item=np.where(real, sequences.item[source], 0),
        event_type=np.where(real, sequences.event_type[source], 0),
        gap=np.where(real, sequences.gap[rows], 0),
        context=np.where(real[:, :, None], sequences.context[rows], 0).astype(np.int64),
        position=position,
        pair_position=pair_position,
        pair_item=sequences.item[target_rows],
        pair_weight=(sequences.weight[target_rows] / counts[pair_position]).astype(np.float32),
    )
