"""When an event happened, although the clocks of browsers are wrong."""

import math
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

from django_recs.exceptions import EventRefused

MAX_AGE = timedelta(days=7)
"""A browser may hold an event back for this long."""


def corrected_time(*, created: datetime | None, sent: datetime | None, received: datetime) -> datetime:
    """Our time of an event that the sender dated ``created`` and sent at ``sent``, both by the sender's clock.

    The sender's clock may be wrong by any amount, but the time between two readings of it is right; so the event is
    as old as it was when it left. An impossible age (negative, or more than a week) counts as none.
    """
    if created is None or sent is None or not timedelta(0) <= sent - created <= MAX_AGE:
        return received
    return received - (sent - created)


def parse_time(name: str, value: object) -> datetime | None:
    """A moment from ISO 8601 text (UTC unless it says otherwise) or milliseconds since 1970; None stays None.

    Raises `EventRefused`.
    """
    try:
        if value is None:
            return None
        if isinstance(value, str) and (parsed := parse_datetime(value[:40])):
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise EventRefused("bad_time", f"{name} is {str(value)[:40]!r}, neither ISO 8601 nor milliseconds since 1970.")
