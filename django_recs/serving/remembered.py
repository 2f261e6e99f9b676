"""Short lists that are the same for everybody: kept in the process for a minute, in Django's cache for ten."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

logger = logging.getLogger(__name__)

CACHE_SECONDS = 600
MEMORY_SECONDS = 60

Counted = tuple[tuple[str, float], ...]
"""Item ids and scores, best first."""


@dataclass(frozen=True, kw_only=True)
class _Memory:
    counted: Counted
    until: float
    """`time.monotonic` after which one thread counts again, while the others go on with this."""


class Remembered:
    """A list that takes a query to make.

    Args:
        key: in Django's cache.
        count: makes the list from the database.
    """

    def __init__(self, key: str, count: Callable[[], Counted]) -> None:
        self._key = key
        self._count = count
        self._memory: _Memory | None = None
        self._lock = threading.Lock()

    def get(self) -> Counted:
        """The list. Raises `DatabaseError` when nothing is remembered and the database does not answer."""
        memory = self._memory
        if memory is not None and time.monotonic() < memory.until:
            return memory.counted
        if not self._lock.acquire(blocking=memory is None):
            return memory.counted if memory else ()
        try:
            if self._memory is memory:
                self._memory = _Memory(counted=self._cached(), until=time.monotonic() + MEMORY_SECONDS)
            return self._memory.counted if self._memory else ()
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Forget what this process remembers; Django's cache keeps its copy."""
        self._memory = None

    def _cached(self) -> Counted:
        try:
            found = cache.get(self._key)
            if found is not None:
                return _sane(found)
        except Exception:
            logger.warning("The cache gave no list for %s", self._key, exc_info=True)
        counted = self._count()
        try:
            cache.set(self._key, [list(pair) for pair in counted], CACHE_SECONDS)
        except Exception:
            logger.warning("The cache did not take the list for %s", self._key, exc_info=True)
        return counted


def _sane(found: Sequence[Any]) -> Counted:
    pairs = tuple((item_id, float(score)) for item_id, score in found)
    if not all(isinstance(item_id, str) for item_id, _ in pairs):
        raise TypeError("item ids in the cache are not text")
    return pairs
