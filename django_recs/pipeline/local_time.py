"""What the shop's clock showed when something happened."""

from datetime import UTC, datetime, tzinfo

import numpy as np
from django.utils import timezone

from django_recs.engine.interactions import IntArray

STEP_SECONDS = 900
"""Clocks change at full quarters of an hour."""


def utc_offsets(times: IntArray) -> IntArray:
    """(N,) seconds that ``settings.TIME_ZONE`` was ahead of UTC at each of ``times`` (N,), seconds since 1970."""
    zone = timezone.get_default_timezone()
    steps, place = np.unique(times // STEP_SECONDS, return_inverse=True)
    offsets = [_offset(int(step) * STEP_SECONDS, zone) for step in steps]
    return np.array(offsets, dtype=np.int64)[place] if len(offsets) else np.zeros(0, dtype=np.int64)


def _offset(seconds: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
