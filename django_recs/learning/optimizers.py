"""AdamW for the network, and its sparse sibling for the ids of a catalogue too large to be moved in every step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from django_recs.learning.config import NetworkConfig

BETAS = (0.9, 0.98)


class Optimizers:
    """The optimisers of one network, used as one.

    An embedding with sparse gradients is moved in the rows of a step only, by `torch.optim.SparseAdam`, which knows no
    weight decay: a step then costs what its batch holds and not what the catalogue holds.
    """

    def __init__(self, network: nn.Module, config: NetworkConfig) -> None:
        self.sparse: list[Tensor] = [
            table.weight for table in network.modules() if isinstance(table, nn.Embedding) and table.sparse
        ]
        is_sparse = set(map(id, self.sparse))
        self.dense: list[Tensor] = [weight for weight in network.parameters() if id(weight) not in is_sparse]
        groups = [
            {"params": [weight for weight in self.dense if weight.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [weight for weight in self.dense if weight.ndim <= 1], "weight_decay": 0.0},
        ]
        self.all: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, lr=config.learning_rate, betas=BETAS, fused=True)
        ]
        if self.sparse:
            self.all.append(torch.optim.SparseAdam(self.sparse, lr=config.learning_rate, betas=BETAS))

    def set_rate(self, learning_rate: float) -> None:
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate

    def zero_grad(self) -> None:
        for optimizer in self.all:
            optimizer.zero_grad(set_to_none=True)

    def step(self) -> None:
        for optimizer in self.all:
            optimizer.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [optimizer.state_dict() for optimizer in self.all]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        for optimizer, state in zip(self.all, states, strict=True):
            optimizer.load_state_dict(state)


def clip_gradients(parameters: Sequence[Tensor], *, divisor: Tensor, limit: float) -> None:
    """Divide all gradients by ``divisor`` and, where their common length then exceeds ``limit``, shorten them to it."""
    values = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            values.append(parameter.grad.values())
        elif parameter.grad is not None:
            values.append(parameter.grad)
    if values:
        factor = 1 / divisor
        length = nn.utils.get_total_norm(values) * factor
        factor = (factor * (limit / (length + 1e-6)).clamp(max=1.0)).float()
        for value in values:
            value.mul_(factor)
