"""A training process killed at any stage: the shop goes on, and the next tick finishes the work."""

import random
import time

import pytest

from tests.pipeline.processes import Project, kill

SHOP = """
from tests.pipeline.rows import add_shop
add_shop()
run = TrainingRun.objects.create(trigger="test")
"""
TRAIN = """
import time
from django_recs.pipeline.run import due_run, run_training
def slowly(share, message):
    print(message, flush=True)
    time.sleep({pause})
run_training(due_run().pk, on_progress=slowly)
"""
RUN = "SELECT {} FROM django_recs_trainingrun"
LEASE_EXPIRED = "SELECT expires_at < strftime('%Y-%m-%d %H:%M:%f', 'now') FROM django_recs_lease"
ANSWERS = """
from django_recs.serving import recommend
shelf = recommend("for_you", customer="5", limit=4)
print(shelf.rung, shelf.model_version_id, sorted(int(item.item_id[-12:], 16) for item in shelf.items))
"""


@pytest.mark.parametrize("stage", ["fitting", "publishing"])
def test_killed_at_a_stage_and_finished_by_the_next_tick(project: Project, stage: str) -> None:
    project.run(SHOP)
    victim = project.start(TRAIN.format(pause=0.7))
    project.wait_for(RUN.format("status"), stage)
    kill(victim)
    assert project.run(ANSWERS).startswith("popularity None ")
    project.wait_for(LEASE_EXPIRED, 1)
    project.run(TRAIN.format(pause=0))
    assert project.value(RUN.format("status || ' ' || attempt_count")) == "promoted 2"
    assert project.value("SELECT count(*) FROM django_recs_modelversion") == 1
    assert project.run(ANSWERS) == "model 1 [6, 7, 8, 9]"


def test_killed_twice_at_any_moment_and_finished_by_the_third_attempt(project: Project) -> None:
    project.run(SHOP)
    for attempt in (1, 2):
        victim = project.start(TRAIN.format(pause=0.5))
        project.wait_for(RUN.format("attempt_count"), attempt)
        time.sleep(random.uniform(0, 3))
        kill(victim)
        project.wait_for(LEASE_EXPIRED, 1)
    project.run(TRAIN.format(pause=0))
    assert project.value(RUN.format("status || ' ' || attempt_count")) == "promoted 3"
    assert project.value("SELECT count(*) FROM django_recs_modelversion") == 1
    assert project.run(ANSWERS) == "model 1 [6, 7, 8, 9]"
