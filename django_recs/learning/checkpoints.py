"""Training on disk, so that a process which is killed goes on where it was.

A file is written under another name, flushed to disk and renamed: whatever has the name of a checkpoint is complete.
Only files that `save` wrote are read, and only their tensors and plain values (``weights_only``).
"""

import logging
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from django_recs.learning.records import sync_folder

logger = logging.getLogger(__name__)

KEPT_COUNT = 2
"""The newest so many are kept, and those that `save` is told to spare."""

State = Mapping[str, Any]
"""Tensors, numbers and strings, in dicts and lists."""


class Checkpoints:
    """The checkpoints of one fit in a folder of its own."""

    def __init__(
        self, folder: Path, *, fingerprint: str, token: int = 0, fence: Callable[[], object] = lambda: None
    ) -> None:
        """Makes the folder.

        Args:
            fingerprint: of data and choices; checkpoints of another one are passed over.
            token: grows with each process that takes the fit up, so that what a frozen predecessor still writes is
                passed over too.
            fence: called before anything is written; raises where another process has taken the fit up.
        """
        self.folder, self.fingerprint, self.token, self.fence = folder, fingerprint, token, fence
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, step: int, state: State, *, spared: Collection[int] = ()) -> None:
        """Store ``state`` as that after ``step`` steps, and drop old ones but those of the ``spared`` steps."""
        self.fence()
        path = self.folder / f"{self.token:012d}-{step:012d}.pt"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            torch.save({"fingerprint": self.fingerprint, "step": step, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(self.folder)
        for old in self._paths()[KEPT_COUNT:]:
            if _step_of(old) not in spared:
                old.unlink(missing_ok=True)

    def latest_step(self) -> int | None:
        """After how many steps the newest usable checkpoint was taken, None when there is none."""
        return next((_step_of(path) for path in self._paths() if self._read(path) is not None), None)

    def load(self, step: int) -> State:
        """The state after ``step`` steps, its tensors on the CPU. Raises `FileNotFoundError` without a usable one."""
        for path in self._paths():
            if _step_of(path) == step and (state := self._read(path)) is not None:
                return state
        raise FileNotFoundError(f"{self.folder} has no usable checkpoint of step {step}.")

    def _paths(self) -> list[Path]:
        """The newest first: by token, then by step."""
        return sorted((path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    def _read(self, path: Path) -> State | None:
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
        except Exception as error:  # noqa: BLE001  a damaged file may fail in any way; training can do without it
            logger.warning("Checkpoint %s cannot be read (%s); an earlier one is used.", path, error)
            return None
        state: State = content["state"]
        return state if content["fingerprint"] == self.fingerprint else None


_NAME = re.compile(r"\d{12}-\d{12}\.pt")


def _step_of(path: Path) -> int:
    return int(path.stem.split("-")[1])


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where a fit keeps its checkpoints and its result, so that another process can take it up."""

    folder: Path
    token: int = 0
    """See `Checkpoints`."""
    fence: Callable[[], object] = lambda: None
    """See `Checkpoints`."""
