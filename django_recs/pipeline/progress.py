"""What a training run tells while it works: its row in the admin, and whoever watches the command."""

import time
from collections.abc import Callable

from django.db import connections

from django_recs.exceptions import LeaseLost
from django_recs.models import TrainingRun
from django_recs.pipeline.lease import HeldLease

OnProgress = Callable[[float, str], None]
"""Called with the share of the whole run that is done, 0 to 1, and what is done now, as a sentence."""

WRITE_SECONDS = 1.0
"""The row is written this often at the most, besides changes of status."""


class RunProgress:
    """Progress of one attempt. Every call makes sure that the attempt still owns the run, else raises `LeaseLost`."""

    def __init__(self, run: TrainingRun, lease: HeldLease, on_progress: OnProgress) -> None:
        self._run = run
        self._lease = lease
        self._on_progress = on_progress
        self._written_at = 0.0

    def enter(self, status: TrainingRun.Status, share: float, message: str, **facts: object) -> None:
        """The run goes on to ``status``; ``facts`` are other fields of its row that are known now."""
        leave_old_connections()
        self._store(status=status, progress=share, message=message, **facts)
        self._on_progress(share, message)

    def say(self, share: float, message: str) -> None:
        """Something went on within the status."""
        self._lease.check()
        if time.monotonic() - self._written_at >= WRITE_SECONDS:
            self._store(progress=share, message=message[:500])
        self._on_progress(share, message)

    def count_test_read(self) -> int:
        """The test period is about to be read; how often it was in this run, attempts that were cut off included."""
        self._store(test_read_count=self._run.test_read_count + 1)
        return self._run.test_read_count

    def between(self, start: float, stop: float) -> OnProgress:
        """A callback for a part of the work, which counts its own share from 0 to 1."""
        return lambda share, message: self.say(start + (stop - start) * min(max(share, 0.0), 1.0), message)

    def _store(self, **changes: object) -> None:
        self._lease.check()
        if not self._run.advance(**changes):
            raise LeaseLost(f"A later attempt has taken over {self._run}.")
        self._written_at = time.monotonic()


def leave_old_connections() -> None:
    """As Django does between requests: a stage can outlast a connection. One inside a transaction is the caller's."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
