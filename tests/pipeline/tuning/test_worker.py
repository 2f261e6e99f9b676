"""A study from its first trial to its verdict, alone and with others, and what is left when a worker dies."""

import re
import signal
from datetime import timedelta

import optuna
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from django_recs.exceptions import TuningRefused
from django_recs.models import Event, Lease, TunedConfiguration, TuningStudy, TuningTrial
from django_recs.pipeline.lease import acquire
from django_recs.pipeline.tuning.search import distributions, open_search
from django_recs.pipeline.tuning.studies import due_study, new_study, noise_errors, stop
from django_recs.pipeline.tuning.worker import Worker, _objective, work_off
from tests.pipeline.processes import PATIENCE_SECONDS, Project, kill
from tests.pipeline.rows import add_products, add_shop
from tests.pipeline.tuning.shops import add_movers

State, Status = TuningTrial.State, TuningStudy.Status
HABITS = ("voices.frequency_half_life_days", "voices.ease_history_half_life_days")


@pytest.fixture
def quick_settings(settings: Settings) -> None:
    settings.DJANGO_RECS = {"NETWORK_EPOCHS": 0, "TRAINING_THREADS": 1}


def states(study: TuningStudy) -> list[tuple[int, str]]:
    return list(study.trials.order_by("number").values_list("number", "state"))


alone = pytest.mark.usefixtures("db", "quick_settings")


@alone
def test_a_study_finds_what_the_defaults_miss_and_puts_it_in_use() -> None:
    add_movers()
    study = work_off(new_study(trigger="test", trial_limit=8, only=HABITS).pk)
    trials = list(study.trials.order_by("number"))
    baseline, best = trials[0], max(trials, key=lambda trial: trial.score or 0)
    assert (study.status, study.trial_count, study.worker_count) == (Status.FINISHED, 8, 1)
    assert states(study) == [(number, State.COMPLETE) for number in range(8)]
    assert (baseline.is_baseline, baseline.gain) == (True, 0.0)
    assert baseline.values == {"voices.frequency_half_life_days": 120.0, "voices.ease_history_half_life_days": 200.0}
    assert best.values["voices.frequency_half_life_days"] < 120
    assert best.gain == pytest.approx((best.score or 0) - (baseline.score or 0), abs=2e-4)
    assert best.score == pytest.approx(sum(best.slice_scores.values()) / len(best.slice_scores))
    assert study.message.startswith(f"Trial {best.number} scored {best.score:.4f}, ")
    in_use = TunedConfiguration.current()
    assert in_use is not None
    assert (in_use.source, in_use.values, in_use.trial) == (str(best), best.values, best)
    assert not Lease.objects.exists()


@alone
def test_within_noise_nothing_is_changed() -> None:
    add_shop()
    study = work_off(new_study(trigger="test", trial_limit=3, only=["voices.text_neighbour_count"]).pk)
    assert study.message == "Nothing that was tried beat the configuration in use, so it stays."
    assert TunedConfiguration.current() is None


def test_the_best_of_many_has_to_lie_further_above_than_the_best_of_two() -> None:
    """Monte Carlo: the mean of the largest of 100 normal draws is 2.51; the bound lies above it."""
    assert noise_errors(1) == noise_errors(2) == 2.0
    assert 2.51 < noise_errors(100) < 3.1


@alone
def test_a_grid_is_tried_to_its_end_and_no_further() -> None:
    add_movers()
    names = ("voices.ease_penalty", "voices.knn_shrinkage")
    study = work_off(new_study(trigger="test", sampler="grid", only=names).pk)
    tried = [tuple(trial.values.values()) for trial in study.trials.filter(is_baseline=False)]
    assert sorted(tried) == [(penalty, shrinkage) for penalty in (50, 150, 500) for shrinkage in (1, 10)]
    assert (study.status, study.trial_count) == (Status.FINISHED, 7)


@alone
def test_a_study_goes_on_where_it_ended(settings: Settings) -> None:
    add_movers()
    study = work_off(new_study(trigger="test", sampler="random", trial_limit=2, only=HABITS).pk)
    study.reopen(minutes=20, trial_count=2)
    study = work_off(study.pk)
    assert states(study) == [(number, State.COMPLETE) for number in range(4)]
    assert study.trials.values("values").distinct().count() == 4
    assert (study.status, study.worker_count) == (Status.FINISHED, 2)
    assert work_off(study.pk).worker_count == 2  # a finished study is left alone


@alone
def test_what_the_settings_pin_is_not_searched_but_tried_with(settings: Settings) -> None:
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "HYPERPARAMETERS": {"voices.frequency_half_life_days": 25.0}}
    add_movers()
    study = new_study(trigger="test", trial_limit=1)
    assert "voices.frequency_half_life_days" not in study.parameters
    pinned = work_off(study.pk).trials.get().score
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "HYPERPARAMETERS": {}}
    assert (work_off(new_study(trigger="test", trial_limit=1).pk).trials.get().score or 0) < (pinned or 0)
    with pytest.raises(TuningRefused, match="Nothing is left to search"):
        new_study(trigger="test", only=["network"])


@alone
def test_a_second_study_is_refused_while_one_goes_on_and_unknown_names_are_told() -> None:
    study = new_study(trigger="test")
    with pytest.raises(TuningRefused, match=rf"join it with --resume {study.pk}\."):
        new_study(trigger="test")
    stop(study)
    with pytest.raises(TuningRefused, match=r"There is no parameter 'ease'\. Known: voices, network, voices\.freq"):
        new_study(trigger="test", only=["ease"])
    assert TuningStudy.objects.count() == 1


@alone
def test_too_little_data_is_a_verdict() -> None:
    add_products(3)
    study = work_off(new_study(trigger="test").pk)
    assert (study.status, study.trials.count()) == (Status.SKIPPED, 0)
    assert "five days" in study.message


@alone
def test_events_that_come_in_later_change_nothing_and_erased_ones_end_the_study() -> None:
    add_movers()
    study = new_study(trigger="test", sampler="random", trial_limit=1, only=HABITS)
    first = work_off(study.pk)
    Event.objects.create(
        event_id="00000000-0000-0000-0000-000000000001",
        type="purchase",
        item_id=Event.objects.values_list("item_id", flat=True)[0],
        customer_id="late",
        occurred_at=Event.objects.earliest("occurred_at").occurred_at,
        received_at=timezone.now(),
        purposes=7,
    )
    first.reopen(minutes=20, trial_count=1)
    assert len(states(work_off(study.pk))) == 2

    Event.objects.filter(customer_id="7").delete()
    first.reopen(minutes=20, trial_count=1)
    with pytest.raises(TuningRefused, match="have changed since it began"):
        work_off(study.pk)
    study.refresh_from_db()
    assert (study.status, len(states(study))) == (Status.FAILED, 2)


@alone
def test_a_deadline_that_has_passed_begins_nothing() -> None:
    add_movers()
    study = new_study(trigger="test", minutes=-1.0, only=HABITS)
    study = work_off(study.pk)
    assert (study.status, states(study)) == (Status.FINISHED, [])
    assert study.message == "The budget ended before a trial was complete, so there is nothing to compare."


@alone
def test_the_trial_of_a_lost_worker_is_cut_off_and_the_baseline_tried_again() -> None:
    add_movers()
    study = new_study(trigger="test", sampler="random", trial_limit=2, only=HABITS)
    frozen = work_off_until_first_trial(study)
    Lease.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert due_study() == study
    study = work_off(study.pk)
    assert states(study) == [(0, State.CUT_OFF), (1, State.COMPLETE), (2, State.COMPLETE)]
    assert [trial.is_baseline for trial in study.trials.order_by("number")] == [True, True, False]
    assert (study.status, study.trial_count, frozen) == (Status.FINISHED, 2, 1)
    assert due_study() is None


def work_off_until_first_trial(study: TuningStudy) -> int:
    """A worker that died in its first trial: what it left in the database. Returns its number."""
    number = study.join()
    acquire(f"tuning {study.pk}-{number}", seconds=60)
    search = open_search(study, worker=number)
    dead = Worker(study=study, number=number, objective=_objective(study), search=search, on_trial=lambda trial: None)
    dead.plan_once()
    assert dead._begin() is not None
    return number


def test_a_network_is_given_up_early_where_earlier_ones_had_learned_more(settings: Settings, db: None) -> None:
    """Four trials that ranked perfectly after each epoch: the next is judged from the second epoch on."""
    settings.DJANGO_RECS = {"NETWORK_EPOCHS": 3, "TRAINING_THREADS": 1}
    add_movers()
    study = new_study(trigger="test", trial_limit=1, only=["network.learning_rate"])
    TuningStudy.objects.update(is_planned=True)  # no baseline, which is never given up
    search = open_search(study, worker=0)
    for _ in range(4):
        search.add_trial(
            optuna.trial.create_trial(
                params={"network.learning_rate": 2e-3},
                distributions=distributions(study),
                value=1.0,
                intermediate_values=dict.fromkeys((1, 2, 3), 1.0),
            )
        )
    study = work_off(study.pk)
    trial = study.trials.get()
    assert (trial.number, trial.state, trial.score) == (4, State.PRUNED, None)
    assert len(trial.epoch_scores) == 2
    assert all(0 < score < 1 for score in trial.epoch_scores)
    assert open_search(study, worker=0).trials[-1].intermediate_values == dict(enumerate(trial.epoch_scores, start=1))


RUN = """
from django_recs.pipeline.tuning.worker import work_off
work_off(1, on_trial=lambda trial: print(trial.number, trial.worker, flush=True))
"""
STUDY = """
from tests.pipeline.tuning.shops import add_movers
from django_recs.pipeline.tuning.studies import new_study
add_movers()
new_study(trigger="test", trial_limit={trials}, only={names})
"""
RESULT = """
study = TuningStudy.objects.get()
print(study.status, study.trial_count, study.trials.filter(state="complete").count(), study.worker_count)
print(sorted(study.trials.values_list("number", flat=True)))
print(len(set(study.trials.values_list("worker", flat=True))), study.trials.filter(is_baseline=True).count())
entries = list(TuningEntry.objects.order_by("number").values_list("number", flat=True))
print(entries == list(range(study.entry_count)), TunedConfiguration.objects.count())
"""


JOIN = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
def join(_):
    try:
        return TuningStudy.objects.get().join()
    finally:
        connections.close_all()
with ThreadPoolExecutor(6) as pool:
    print(*pool.map(join, range(6)))
"""


def test_workers_that_join_at_once_have_numbers_of_their_own(any_project: Project) -> None:
    any_project.run("TuningStudy.objects.create()")
    joining = [any_project.start(JOIN) for _ in range(2)]
    numbers = " ".join(process.communicate(timeout=PATIENCE_SECONDS)[0] for process in joining)
    assert sorted(map(int, numbers.split())) == list(range(1, 13))


def test_two_processes_share_one_study(any_project: Project) -> None:
    any_project.run(STUDY.format(trials=8, names=HABITS))
    workers = [any_project.start(RUN) for _ in range(2)]
    outputs = [worker.communicate(timeout=PATIENCE_SECONDS) for worker in workers]
    assert [errors for _, errors in outputs] == ["", ""]
    assert any_project.run(RESULT).splitlines() == [
        "finished 8 8 2",
        str(list(range(8))),
        "2 1",
        "True 1",
    ]
    own = [re.findall(r"^(\d+) \d", output, flags=re.MULTILINE) for output, _ in outputs]
    assert sorted(map(int, own[0] + own[1])) == list(range(8))


ALIVE = "SELECT count(*) FROM django_recs_lease WHERE expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now')"


def test_a_worker_killed_in_a_trial_is_replaced(project: Project) -> None:
    project.run(STUDY.format(trials=4, names=HABITS))
    victim = project.start(RUN)
    project.wait_for("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'complete'", 1)
    kill(victim)
    project.wait_for(ALIVE, 0)
    project.run(RUN)
    assert project.run(RESULT).splitlines()[0] == "finished 4 4 2"
    assert project.value("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'running'") == 0


STOPPED = """
from django.core.management import call_command
call_command("recs_tune", "--resume", "1")
"""


def test_control_c_ends_the_study_cleanly_and_it_can_be_resumed(project: Project) -> None:
    project.run(STUDY.format(trials=40, names=HABITS))
    tuning = project.start(STOPPED)
    project.wait_for("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'complete'", 2)
    tuning.send_signal(signal.SIGINT)
    output, errors = tuning.communicate(timeout=PATIENCE_SECONDS)
    assert "Stopped by hand. --resume 1 goes on, --apply 1 uses the best." in errors
    assert "study 1: Stopped, bayesian search. Trials: " in output
    assert project.value("SELECT status || message FROM django_recs_tuningstudy") == "stoppedStopped by hand."
    assert project.value("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'running'") == 0
    done = project.value("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'complete'")
    project.run(f"{STOPPED.strip()[:-1]}, '--trials', '1')")
    assert project.value("SELECT status FROM django_recs_tuningstudy") == "finished"
    assert project.value("SELECT count(*) FROM django_recs_tuningtrial WHERE state = 'complete'") == done + 1
