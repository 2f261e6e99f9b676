"""One training at a time, by a row that its holder renews; the database's clock decides.

The lease is a compare-and-swap on one row, so it works on every database and behind any connection pool. Each holder
gets a larger token than the one before: whoever was replaced while it was frozen cannot publish or promote any more.
"""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, connections
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from django_recs.exceptions import LeaseLost, TrainingInProgress
from django_recs.models import Lease

logger = logging.getLogger(__name__)

TRAINING = "training"
LEASE_SECONDS = 60.0
"""After this long without a sign of life another process may take over."""


@dataclass(frozen=True, kw_only=True)
class HeldLease:
    """A lease that this process holds, until somebody else's token is larger."""

    name: str
    token: int
    seconds: float
    _lost: threading.Event = field(default_factory=threading.Event)

    def renew(self) -> None:
        """Hold on for another ``seconds``. Inside a transaction this keeps everybody else out until it ends.

        Raises:
            LeaseLost: another process holds the lease now.
        """
        mine = Lease.objects.filter(name=self.name, token=self.token)
        if self._lost.is_set() or not mine.update(expires_at=_in_seconds(self.seconds)):
            self._lost.set()
            raise LeaseLost(f"The lease {self.name!r} went to another process; token {self.token} is out of date.")

    def check(self) -> None:
        """Whether the last renewal worked, without a query. Raises `LeaseLost`."""
        if self._lost.is_set():
            raise LeaseLost(f"The lease {self.name!r} went to another process; token {self.token} is out of date.")

    def release(self) -> None:
        """Let go, unless another process holds the lease already."""
        Lease.objects.filter(name=self.name, token=self.token).update(expires_at=Now())


def acquire(name: str, *, seconds: float = LEASE_SECONDS) -> HeldLease:
    """Take the lease when nobody holds it.

    Raises:
        TrainingInProgress: somebody holds it.
    """
    Lease.objects.get_or_create(name=name, defaults={"expires_at": Now()})
    holder = f"{socket.gethostname()[:50]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    free = Lease.objects.filter(name=name, expires_at__lte=Now())
    if not free.update(token=F("token") + 1, holder=holder, expires_at=_in_seconds(seconds)):
        raise TrainingInProgress(f"The lease {name!r} is held by another process.")
    row = Lease.objects.filter(name=name, holder=holder).first()
    if row is None:
        raise TrainingInProgress(f"The lease {name!r} expired and was taken by another process at once.")
    return HeldLease(name=name, token=row.token, seconds=seconds)


def is_free(name: str) -> bool:
    """Whether nobody holds the lease at this moment."""
    return not Lease.objects.filter(name=name, expires_at__gt=Now()).exists()


@contextmanager
def hold(
    name: str, *, seconds: float = LEASE_SECONDS, on_beat: Callable[[], object] = lambda: None
) -> Iterator[HeldLease]:
    """Hold the lease during the block; a thread renews it and calls ``on_beat`` four times per ``seconds``.

    Raises:
        TrainingInProgress: somebody else holds it.
    """
    lease = acquire(name, seconds=seconds)
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(lease, done, on_beat), name=f"lease {name}", daemon=True)
    beat.start()
    try:
        yield lease
    finally:
        done.set()
        beat.join()
        lease.release()


def _beat(lease: HeldLease, done: threading.Event, on_beat: Callable[[], object]) -> None:
    try:
        while not done.wait(lease.seconds / 4):
            try:
                lease.renew()
                on_beat()
            except LeaseLost:
                logger.warning("The lease %s was lost.", lease.name)
                return
            except DatabaseError:
                logger.warning("The lease %s could not be renewed; trying again.", lease.name, exc_info=True)
                connections.close_all()
    finally:
        connections.close_all()


def _in_seconds(seconds: float) -> Combinable:
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
