"""At most one holder, and nothing written by one who was replaced."""

import signal
import threading
from datetime import UTC, datetime

import pytest

from django_recs.exceptions import LeaseLost, TrainingInProgress
from django_recs.models import Lease
from django_recs.pipeline.lease import acquire, hold, is_free
from tests.pipeline.processes import PATIENCE_SECONDS, Project

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def expire(name: str = "training") -> None:
    Lease.objects.filter(name=name).update(expires_at=LONG_AGO)


@pytest.mark.django_db
def test_a_held_lease_is_refused_to_others_and_free_after_its_release() -> None:
    first = acquire("training")
    assert not is_free("training")
    with pytest.raises(TrainingInProgress):
        acquire("training")
    first.release()
    assert is_free("training")
    assert acquire("training").token == first.token + 1


@pytest.mark.django_db
def test_leases_of_different_names_do_not_meet() -> None:
    acquire("training")
    assert acquire("other").token == 1


@pytest.mark.django_db
def test_an_expired_lease_is_taken_over_and_its_old_holder_can_neither_renew_nor_release() -> None:
    old = acquire("training")
    expire()
    new = acquire("training")
    with pytest.raises(LeaseLost):
        old.renew()
    with pytest.raises(LeaseLost):
        old.check()
    old.release()
    assert not is_free("training")
    new.renew()


@pytest.mark.django_db
def test_an_expired_lease_that_nobody_took_can_be_renewed() -> None:
    lease = acquire("training")
    expire()
    lease.renew()
    assert not is_free("training")


@pytest.mark.django_db
def test_the_lease_is_let_go_when_the_work_fails() -> None:
    with pytest.raises(ZeroDivisionError), hold("training"):
        raise ZeroDivisionError
    assert is_free("training")


@pytest.mark.django_db
def test_no_heartbeat_is_left_behind() -> None:
    with hold("training"):
        assert [thread.name for thread in threading.enumerate() if thread.name == "lease training"]
    assert not [thread.name for thread in threading.enumerate() if thread.name == "lease training"]


RACE = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
from django_recs.exceptions import TrainingInProgress
from django_recs.pipeline.lease import acquire
def attempt(_):
    try:
        return [acquire("training").token]
    except TrainingInProgress:
        return []
    finally:
        connections.close_all()
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(attempt, range(8)), []))
"""


def test_of_eight_threads_in_each_of_two_processes_one_gets_the_lease(project: Project) -> None:
    racing = [project.start(RACE) for _ in range(2)]
    outputs = sorted(process.communicate(timeout=PATIENCE_SECONDS)[0].strip() for process in racing)
    assert outputs == ["[1]", "[]"]


BUSY = """
import os, time
from django_recs.pipeline.lease import hold
with hold("training", seconds=3):
    print("holding", flush=True)
    while not os.path.exists({path!r}):
        time.sleep(0.05)
print("done")
"""
WATCH = """
import time
from django_recs.pipeline.lease import is_free
found = set()
for _ in range(30):
    found.add(is_free("training"))
    time.sleep(0.1)
print(found)
"""


def test_a_holder_renews_for_as_long_as_it_works(project: Project) -> None:
    enough = project.folder / "enough"
    busy = project.start(BUSY.format(path=str(enough)))
    assert busy.stdout is not None
    assert busy.stdout.readline() == "holding\n"
    assert project.run(WATCH) == "{False}"
    enough.touch()
    assert busy.communicate(timeout=PATIENCE_SECONDS)[0] == "done\n"


FROZEN = """
import time
from django.db import transaction
from django_recs.exceptions import LeaseLost
from django_recs.pipeline.lease import hold
try:
    with hold("training", seconds=3) as lease:
        print("holding", flush=True)
        time.sleep(1)
        with transaction.atomic():
            lease.renew()
            print("wrote")
except LeaseLost:
    print("refused")
"""


def test_a_holder_that_was_frozen_and_replaced_must_not_write(project: Project) -> None:
    frozen = project.start(FROZEN)
    assert frozen.stdout is not None
    assert frozen.stdout.readline() == "holding\n"
    frozen.send_signal(signal.SIGSTOP)
    project.wait_for("SELECT expires_at < strftime('%Y-%m-%d %H:%M:%f', 'now') FROM django_recs_lease", 1)
    assert project.run("from django_recs.pipeline.lease import acquire; print(acquire('training').token)") == "2"
    frozen.send_signal(signal.SIGCONT)
    assert frozen.communicate(timeout=PATIENCE_SECONDS)[0] == "refused\n"
