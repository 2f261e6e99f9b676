"""Events to vary one thing at a time, and a live server that leaves no connection open."""

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import LiveServerThread
from pytest_django.live_server_helper import LiveServer

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


class _HangingUp(ThreadedWSGIServer):
    """Ends its connections when it is closed: a browser keeps some open for later, and they would leak."""

    daemon_threads = False  # so that closing waits for the threads

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._accepted: list[socket.socket] = []
        super().__init__(*arguments, **options)

    def get_request(self) -> Any:
        accepted, address = super().get_request()
        self._accepted.append(accepted)
        return accepted, address

    def server_close(self) -> None:
        for accepted in self._accepted:
            with suppress(OSError):
                accepted.shutdown(socket.SHUT_RDWR)
        super().server_close()


@pytest.fixture(scope="session")
def live_server(django_db_setup: None) -> Iterator[LiveServer]:
    """pytest-django's live server on a server class that hangs up."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LiveServerThread, "server_class", _HangingUp)
        server = LiveServer("localhost")
    yield server
    server.stop()
