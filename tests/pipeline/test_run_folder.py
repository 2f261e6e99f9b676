"""What an attempt leaves to the next one, and what the live version leaves to the next run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.learning import TrainingState
from django_recs.models import Event, ModelPointer, ModelVersion, TrainingRun
from django_recs.pipeline.configuration import Configuration
from django_recs.pipeline.run import run_training
from django_recs.pipeline.run_folder import events_until, open_run_folder, training_root
from django_recs.pipeline.training_states import latest_before, states_to_start_from, store_states
from tests.pipeline.rows import START, add_shop, event, store

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {
        "ARTIFACT_ROOT": str(tmp_path / "artifacts"),
        "NETWORK_EPOCHS": 1,
        "TRAINING_THREADS": 1,
        "TRAINING_PROCESSES": 1,
        "FULL_TRAINING_DAYS": 7,
        "RELOAD_SECONDS": 0,
    }


def state(trained_until: int, scratch_until: int) -> TrainingState:
    return TrainingState(
        weights={"tower.new": np.array([1.0, 2.0], dtype=np.float32)},
        row_names={"tower.id.weight": np.array(["", "a"])},
        gap_edges=np.array([1, 60]),
        trained_until=trained_until,
        scratch_until=scratch_until,
    )


def test_a_second_attempt_repeats_no_network_and_the_next_run_starts_from_them(tmp_path: Path) -> None:
    items = add_shop()
    run = TrainingRun.objects.create(trigger="test")
    with pytest.raises(SystemExit):
        run_training(run.pk, on_progress=Listener(until="Evaluating."))
    folder = tmp_path / "artifacts" / ".training" / f"run{run.pk}"
    assert folder.exists()
    today = (datetime.now(UTC) - START) / timedelta(days=1)
    store(event("purchase", item=items[0], customer="1", day=today, order="while the worker was away"))

    second = Listener()
    ended = run_training(run.pk, on_progress=second)

    assert second.networks[:2] == ["Network, fitted by an earlier attempt"] * 2
    assert second.networks[2].startswith("Network, epoch 1: ")
    assert (ended.status, ended.attempt_count) == (Status.PROMOTED, 2)
    assert not folder.exists()

    version = ModelVersion.objects.get()
    until = [int(path.stem) for path in (tmp_path / "artifacts" / f"{version.artifact}.states").iterdir()]
    assert len(until) == 3  # before the validation period, before the test period, and of everything
    Event.objects.filter(order_id="while the worker was away").delete()
    third = Listener(until="Blending.")
    with pytest.raises(SystemExit):
        run_training(TrainingRun.objects.create().pk, on_progress=third)
    assert ["steady" in message or "NDCG" in message for message in third.networks] == [False, False]
    assert "cool-down" in third.networks[0]


class Listener:
    """Hears what a run says, and ends the process at a message, as if it was killed."""

    def __init__(self, until: str = "") -> None:
        self.until = until
        self.networks: list[str] = []

    def __call__(self, share: float, message: str) -> None:
        if message.startswith("Network, "):
            self.networks.append(message)
        if message == self.until:
            raise SystemExit


def test_all_attempts_read_the_events_before_the_first_one(tmp_path: Path) -> None:
    first = events_until(tmp_path)
    assert events_until(tmp_path) == first
    (tmp_path / "run.json").write_text("{torn")
    assert events_until(tmp_path) > first


def test_folders_of_ended_runs_are_removed_and_those_of_waiting_ones_stay() -> None:
    ended, waiting, mine = (TrainingRun.objects.create() for _ in range(3))
    for run in (ended, waiting):
        open_run_folder(run)
    ended.finish(Status.FAILED, "The worker was lost.")

    open_run_folder(mine)

    assert sorted(path.name for path in training_root().iterdir()) == [f"run{waiting.pk}", f"run{mine.pk}"]


def test_the_folder_is_where_the_settings_say(settings: Settings, tmp_path: Path) -> None:
    assert training_root() == tmp_path / "artifacts" / ".training"
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "TRAINING_FOLDER": str(tmp_path / "fast disk")}
    assert training_root() == tmp_path / "fast disk"


def test_a_network_from_scratch_is_due_after_the_days_of_the_setting(settings: Settings) -> None:
    run = TrainingRun.objects.create(status=Status.PROMOTED)
    version = ModelVersion.objects.create(run=run, artifact="run1-abc", status=ModelVersion.Status.STAGED, metrics={})
    day = SECONDS_PER_DAY
    store_states(version.artifact, [state(10 * day, 8 * day), state(40 * day, 38 * day)])
    assert states_to_start_from(41 * day, Configuration()) == ()  # not live
    make_live(version)

    assert [each.trained_until for each in states_to_start_from(41 * day, Configuration())] == [10 * day, 40 * day]
    assert states_to_start_from(45 * day, Configuration()) == ()
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "FULL_TRAINING_DAYS": 30}
    assert len(states_to_start_from(45 * day, Configuration())) == 2
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "FULL_TRAINING_DAYS": 0}
    assert states_to_start_from(41 * day, Configuration()) == ()


def test_a_network_of_other_hyper_parameters_is_trained_from_scratch() -> None:
    """One of the width of the live version's would be stuffed into another, and only cooled down."""
    described = {"source": "study 3, trial 12", "values": {"network.width": 32, "voices.ease_penalty": 300.0}}
    run = TrainingRun.objects.create(status=Status.PROMOTED)
    version = ModelVersion.objects.create(
        run=run,
        artifact="run1-abc",
        status=ModelVersion.Status.STAGED,
        metrics={"protocol": {"configuration": described}},
    )
    store_states(version.artifact, [state(10, 8)])
    make_live(version)

    assert states_to_start_from(11, Configuration()) == ()
    assert states_to_start_from(11, Configuration(values={"network.width": 64})) == ()
    assert len(states_to_start_from(11, Configuration(values={"network.width": 32}))) == 1


def make_live(version: ModelVersion) -> None:
    ModelPointer.objects.create(version=version)


def test_damaged_states_are_no_reason_to_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = TrainingRun.objects.create(status=Status.PROMOTED)
    version = ModelVersion.objects.create(run=run, artifact="run1-abc", status=ModelVersion.Status.STAGED, metrics={})
    make_live(version)
    store_states(version.artifact, [state(10, 8)])
    (tmp_path / "artifacts" / "run1-abc.states" / "10.npz").write_bytes(b"torn")

    assert states_to_start_from(11, Configuration()) == ()
    assert "The networks behind run1-abc cannot be started from" in caplog.text


def test_the_newest_state_that_has_seen_nothing_later_is_chosen() -> None:
    states = [state(10, 8), state(40, 38), state(70, 68)]

    assert [getattr(latest_before(states, until), "trained_until", None) for until in (9, 10, 69, 70, 99)] == [
        None,
        10,
        40,
        70,
        70,
    ]
