"""A new event with every field at a known value, to vary one thing at a time."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from django_recs.tracking import NewEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def new_event() -> Callable[..., NewEvent]:
    """Makes a view of item ``a`` at noon; keyword arguments replace fields. Every call gives another event id."""

    def make(**fields: Any) -> NewEvent:
        values: dict[str, Any] = {"event_id": uuid.uuid4(), "type": "view_item", "item_id": "a"}
        values |= {"occurred_at": NOON, "received_at": NOON}
        return NewEvent(**{**values, **fields})

    return make
