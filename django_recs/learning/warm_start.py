"""What a network has learned, under names that outlive its catalogue, and how the next network takes it over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from django_recs.engine.interactions import FloatArray, IntArray

RowNames = Mapping[str, Sequence[str]]
"""By the name of a parameter, what each of its rows stands for, such as the shop's item ids."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingState:
    """The weights of a fitted network. It holds nothing of any person's history."""

    weights: Mapping[str, FloatArray]
    """By the name of the parameter."""
    row_names: Mapping[str, np.ndarray[tuple[int], np.dtype[np.str_]]]
    """`RowNames` as arrays."""
    gap_edges: IntArray
    """(G,) seconds; what the learned codes of pauses mean."""
    trained_until: int
    """Seconds since 1970: it has learned from events before."""
    scratch_until: int
    """``trained_until`` of the last network in its line that was trained from scratch."""


def state_of(
    network: nn.Module, row_names: RowNames, *, gap_edges: IntArray, trained_until: int, scratch_until: int
) -> TrainingState:
    """The present weights of ``network``."""
    return TrainingState(
        weights={name: weight.detach().float().cpu().numpy().copy() for name, weight in network.named_parameters()},
        row_names={name: np.array(list(rows), dtype=np.str_) for name, rows in row_names.items()},
        gap_edges=gap_edges,
        trained_until=trained_until,
        scratch_until=scratch_until,
    )


def take_over(network: nn.Module, row_names: RowNames, state: TrainingState) -> int:
    """Start ``network`` from ``state`` and say how many parameters could be.

    Rows are matched by name, so that new items, words and labels keep their fresh weights. A parameter of another shape
    is left as it is.
    """
    taken = 0
    with torch.no_grad():
        for name, weight in network.named_parameters():
            old = state.weights.get(name)
            if old is None or old.shape[1:] != weight.shape[1:]:
                continue
            if name in row_names and name in state.row_names:
                place = {row: number for number, row in enumerate(state.row_names[name].tolist())}
                theirs = np.array([place.get(row, -1) for row in row_names[name]], dtype=np.int64)
                ours = np.flatnonzero(theirs >= 0)
                weight[torch.from_numpy(ours).to(weight.device)] = torch.from_numpy(old[theirs[ours]]).to(weight.device)
            elif old.shape == weight.shape:
                weight.copy_(torch.from_numpy(old))
            else:
                continue
            taken += 1
    return taken
