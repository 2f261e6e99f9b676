"""Two real Celery workers on PostgreSQL and Redis search one study together."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.test_worker import Site
from tests.pipeline.processes import MIGRATE
from tests.servers import Server

QUEUE = """
from tests.e2e.worker import app
from tests.pipeline.tuning.shops import add_movers
from django_recs.pipeline.tuning.studies import new_study
from django_recs.tasks import queue_tuning
add_movers()
only = ["voices.frequency_half_life_days", "voices.ease_history_half_life_days"]
queue_tuning(new_study(trigger="test", trial_limit=30, only=only), workers=2)
"""
RESULT = """
study = TuningStudy.objects.get()
print(study.status, study.trial_count, study.worker_count, sorted(set(study.trials.values_list("worker", flat=True))))
print(sorted(study.trials.values_list("number", flat=True)) == list(range(30)), TunedConfiguration.objects.count())
"""


@pytest.fixture
def site(tmp_path: Path, postgres_server: Server, redis_server: Server) -> Iterator[Site]:
    name = f"tuning_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        site = Site(
            folder=tmp_path,
            recs={"NETWORK_EPOCHS": 0, "TRAINING_LEASE_SECONDS": 3},
            postgres_port=postgres_server.port,
            database=name,
            environment={"TEST_BROKER_URL": redis_server.url},
        )
        site.run(MIGRATE)
        yield site
        site.stop_all()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.postgres
@pytest.mark.redis
def test_two_celery_workers_share_a_study(site: Site) -> None:
    site.run(QUEUE)
    site.start_worker()  # of two processes, each of which takes one of the two messages
    site.wait_for("SELECT finished_at IS NOT NULL FROM django_recs_tuningstudy", True)
    assert site.run(RESULT).splitlines() == ["finished 30 2 [1, 2]", "True 1"], site.log.read_text()
