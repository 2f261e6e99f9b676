"""A real Celery worker on PostgreSQL and a real broker: it trains, is killed, comes back and finishes."""

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.pipeline.processes import MIGRATE, PATIENCE_SECONDS, Project, kill
from tests.servers import Server

SHOP = "from tests.pipeline.rows import add_shop; add_shop(customers=1_000)"
QUEUE = "from tests.e2e.worker import app; from django_recs.tasks import *; print(queue_training('test').pk)"
SEND_AGAIN = "from tests.e2e.worker import app; from django_recs.tasks import *; train.apply_async((1,), queue='gpu')"
TICK = "from tests.e2e.worker import app; from django_recs.tasks import *; tick.delay()"
SHELF = """
from django_recs.serving import recommend
shelf = recommend("for_you", customer="5", limit=4)
print(shelf.rung, shelf.model_version_id, sorted(int(item.item_id[-12:], 16) for item in shelf.items))
"""
RUN = "SELECT status || ' ' || attempt_count FROM django_recs_trainingrun WHERE id = {}"
LEASE_EXPIRED = "SELECT expires_at < now() FROM django_recs_lease"


class Site(Project):
    """A project on PostgreSQL with a broker and Celery workers."""

    @property
    def log(self) -> Path:
        return self.folder / "worker.log"

    def start_worker(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "celery", "-A", "tests.e2e.worker", "worker", "-Q", "gpu,celery"]
        with self.log.open("a") as log:
            return self.start_command(
                [*command, "--concurrency", "2", "--loglevel", "INFO"], stdout=log, stderr=subprocess.STDOUT
            )

    def seconds_of_trainings(self, *, count: int) -> list[float]:
        """How long each of the first ``count`` train tasks took, the shortest first."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := re.findall(r"django_recs.train\[.*\] succeeded in ([\d.]+)s", self.log.read_text())) < count:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return sorted(map(float, found))


@pytest.fixture
def database(postgres_server: Server) -> Iterator[str]:
    name = f"worker_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(getattr(request, "param", "redis_server"))
    return server


@pytest.fixture
def site(tmp_path: Path, postgres_server: Server, database: str, broker: Server) -> Iterator[Site]:
    site = Site(
        folder=tmp_path,
        recs={"NETWORK_EPOCHS": 0, "TRAINING_LEASE_SECONDS": 3},
        postgres_port=postgres_server.port,
        database=database,
        environment={"TEST_BROKER_URL": broker.url},
    )
    site.run(MIGRATE)
    site.run(SHOP)
    yield site
    site.stop_all()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "broker",
    [
        pytest.param("redis_server", marks=pytest.mark.redis),
        pytest.param("rabbitmq_server", marks=pytest.mark.rabbitmq),
    ],
    indirect=True,
)
def test_a_worker_trains_once_however_often_it_is_told(site: Site) -> None:
    site.start_worker()
    site.start(QUEUE)
    site.wait_for(RUN.format(1), "fitting 1")
    site.run(SEND_AGAIN)
    site.wait_for(RUN.format(1), "promoted 1")
    assert site.run(SHELF) == "model 1 [6, 7, 8, 9]"
    ended_at_once, trained = site.seconds_of_trainings(count=2)
    assert ended_at_once < trained / 2
    assert site.value("SELECT count(*) FROM django_recs_modelversion") == 1


@pytest.mark.postgres
@pytest.mark.redis
def test_a_worker_killed_in_training_comes_back_and_a_tick_finishes_the_run(site: Site) -> None:
    worker = site.start_worker()
    assert site.run(QUEUE) == "1"
    site.wait_for(RUN.format(1), "promoted 1")
    site.start(QUEUE)
    site.wait_for(RUN.format(2), "fitting 1")
    kill(worker)
    assert site.value(RUN.format(2)) == "fitting 1"
    assert site.run(SHELF) == "model 1 [6, 7, 8, 9]"

    site.start_worker()
    site.wait_for(LEASE_EXPIRED, True)
    site.run(TICK)
    site.wait_for(RUN.format(2), "promoted 2")
    assert site.run(SHELF) == "model 2 [6, 7, 8, 9]"
