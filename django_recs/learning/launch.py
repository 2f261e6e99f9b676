"""Several processes that fit one network: started with ``torchrun``, one for each GPU.

They are processes of their own and not forks, so this also works inside a Celery worker, where CUDA could not be used
after a fork and children of `multiprocessing` are forbidden. What they need and what they make are files.
"""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import IO

import torch

from django_recs.learning.assignment import Assignment
from django_recs.learning.checkpoints import Workplace
from django_recs.learning.fitting import Fit, place_of
from django_recs.learning.trainer import LossNotFinite, OnProgress

RESTARTS = 1
"""So often ``torchrun`` starts the processes again when one of them dies; they go on from the newest checkpoint."""
PATIENCE_SECONDS = 10.0
_LAST_LINES = 15


class WorkersFailed(RuntimeError):
    """The training processes ended without a network; the message holds the last lines of their log."""


def fit_together(assignment: Assignment, process_count: int, *, workplace: Workplace, on_progress: OnProgress) -> Fit:
    """As `fitting.fit`, in ``process_count`` processes of this machine.

    Raises:
        LossNotFinite, torch.OutOfMemoryError: as `fitting.fit`.
        WorkersFailed: for any other reason.
    """
    place = place_of(assignment, workplace)
    done = Fit.read(place.folder)
    if done is not None:
        on_progress(1.0, "fitted by an earlier attempt")
        return done
    assignment.write(place.folder)
    _run(process_count, place, on_progress)
    done = Fit.read(place.folder)
    if done is None:
        raise WorkersFailed("The training processes left no network.")
    return done


def _run(process_count: int, workplace: Workplace, on_progress: OnProgress) -> None:
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={process_count}"),
        *(f"--max-restarts={RESTARTS}", "-m", "django_recs.learning.worker"),
        *(str(workplace.folder), str(workplace.token)),
    ]
    with (workplace.folder / "workers.log").open("w+") as log:
        process = subprocess.Popen(  # noqa: S603  a command of our own
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            failure = _follow(process.stdout, workplace, on_progress)
            code = process.wait()
        finally:
            _stop(process)
        if code or failure.get("error") == "loss":
            _raise(failure, log)


def _follow(lines: IO[str] | None, workplace: Workplace, on_progress: OnProgress) -> dict[str, str]:
    """Pass on what the first process tells, until all have ended; the first error that any of them told."""
    failure: dict[str, str] = {}
    for line in lines or ():
        workplace.fence()
        with suppress(json.JSONDecodeError):
            facts = json.loads(line)
            if "error" in facts:
                failure = failure or facts
            else:
                on_progress(facts["share"], facts["message"])
    return failure


def _raise(failure: dict[str, str], log: IO[str]) -> None:
    message = failure.get("message", "")
    if failure.get("error") == "loss":
        raise LossNotFinite(message)
    if failure.get("error") == "memory":
        raise torch.OutOfMemoryError(message)
    log.seek(0)
    raise WorkersFailed(f"{message} {''.join(deque(log, _LAST_LINES))}".strip())


def _stop(process: subprocess.Popen[str]) -> None:
    """End the processes that are left, kindly at first: ``torchrun`` ends its own."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
