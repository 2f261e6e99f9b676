"""Our queries run inside the shop's pages, so a failing one must not take the shop's transaction along."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


@contextmanager
def contained(using: str) -> Iterator[None]:
    """Run queries so that an error in them leaves a surrounding transaction usable.

    PostgreSQL refuses every further statement of a transaction in which one failed, unless a savepoint was set before.
    Other databases fail one statement at a time and need none.
    """
    connection = connections[using]
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with transaction.atomic(using=using):
            yield
    else:
        yield
