"""The processes that train one network together, each on its share of every batch."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class World:
    """This process's place among ``size`` of them. Alone, nothing is exchanged."""

    rank: int = 0
    local_rank: int = 0
    """Among the processes of the same machine; names the GPU."""
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that judges, reports and writes."""
        return self.rank == 0

    def sum_gradients(self, dense: Sequence[Tensor], sparse: Sequence[Tensor]) -> None:
        """Replace each gradient by its sum over the processes. A process without one counts as zero."""
        if self.size == 1:
            return
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in dense]
        message = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(message)
        parts = message.split([each.numel() for each in dense])  # type: ignore[no-untyped-call]
        for parameter, part in zip(dense, parts, strict=True):
            parameter.grad = part.view_as(parameter)
        for parameter in sparse:
            parameter.grad = self._sparse_sum(parameter)

    def sum(self, values: Tensor) -> Tensor:
        """The sum of ``values`` over the processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def agree(self, value: float) -> float:
        """The ``value`` of the first process."""
        if self.size == 1:
            return value
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        message = torch.tensor([value], dtype=torch.float64, device=device)
        dist.broadcast(message, src=0)
        return float(message)

    def _sparse_sum(self, parameter: Tensor) -> Tensor:
        """Rows of all processes, each padded to the longest for the message."""
        rows = torch.zeros(0, dtype=torch.int64, device=parameter.device)
        values = parameter.new_zeros(0, parameter.shape[1])
        if parameter.grad is not None:
            gradient = parameter.grad.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
        counts = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(self.size)]
        dist.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
        longest = max(int(count) for count in counts)
        all_rows = [rows.new_zeros(longest) for _ in counts]
        all_values = [values.new_zeros(longest, values.shape[1]) for _ in counts]
        dist.all_gather(all_rows, nn.functional.pad(rows, (0, longest - len(rows))))
        dist.all_gather(all_values, nn.functional.pad(values, (0, 0, 0, longest - len(values))))
        kept = [int(count) for count in counts]
        row = torch.cat([each[:count] for each, count in zip(all_rows, kept, strict=True)])
        value = torch.cat([each[:count] for each, count in zip(all_values, kept, strict=True)])
        return torch.sparse_coo_tensor(row[None], value, parameter.shape, check_invariants=False).coalesce()


@contextmanager
def joined_world(*, on_gpus: bool) -> Iterator[World]:
    """The world that ``torchrun`` started this process in, which talks through NCCL on GPUs and through Gloo elsewhere.

    Raises:
        RuntimeError: more processes than GPUs on this machine.
    """
    local_rank, local_size = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if on_gpus:
        if local_size > torch.cuda.device_count():
            raise RuntimeError(f"{local_size} training processes need as many GPUs; {torch.cuda.device_count()} found.")
        torch.cuda.set_device(local_rank)
    dist.init_process_group("nccl" if on_gpus else "gloo")
    try:
        yield World(rank=dist.get_rank(), local_rank=local_rank, size=dist.get_world_size())
    finally:
        dist.destroy_process_group()
