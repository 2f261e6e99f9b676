"""One training run from events to the live version, and what stays when it goes wrong."""

import logging
import shutil
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from django_recs.exceptions import LeaseLost, TrainingInProgress
from django_recs.models import Lease, ModelPointer, ModelVersion, TrainingRun
from django_recs.pipeline.lease import acquire, is_free
from django_recs.pipeline.run import due_run, run_training
from django_recs.serving import recommend
from django_recs.serving.registry import live_version
from tests.pipeline.rows import START, add_products, add_shop, event, store

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {
        "ARTIFACT_ROOT": str(tmp_path / "artifacts"),
        "NETWORK_EPOCHS": 0,
        "TRAINING_THREADS": 1,
        "RELOAD_SECONDS": 0,
    }


def train(run: TrainingRun | None = None) -> TrainingRun:
    return run_training((run or TrainingRun.objects.create(trigger="test")).pk)


def kept() -> tuple[ModelVersion | None, int]:
    return live_version(), ModelVersion.objects.count()


def test_a_shop_with_clear_habits_gets_a_live_version_that_answers() -> None:
    items = add_shop()
    run = train()
    version = ModelVersion.objects.get()
    assert (run.status, run.message, run.progress) == (Status.PROMOTED, f"{version} is live.", 1.0)
    assert (run.event_count, run.item_count, run.unit_count, run.attempt_count) == (5_760, 24, 120, 1)
    assert (run.device, run.test_read_count) == ("cpu", 1)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert live_version() == version
    assert version.metrics["slices"]["returning"]["recommenders"]["blend"]["ndcg@10"]["mean"] == 1.0
    shelf = recommend("for_you", customer="5", limit=4)
    assert {item.item_id for item in shelf.items} == set(items[5:9])
    assert shelf.model_version_id == version.pk


def test_a_network_is_one_of_the_voices(settings: Settings) -> None:
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "NETWORK_EPOCHS": 1}
    add_shop()
    run = train()
    recommenders = ModelVersion.objects.get().metrics["slices"]["returning"]["recommenders"]
    assert (run.status, "sequence" in recommenders) == (Status.PROMOTED, True)


def test_a_blend_that_loses_to_a_baseline_is_rejected_and_the_pointer_stays() -> None:
    add_shop(changed_mind=True)
    run = train()
    version = ModelVersion.objects.get()
    assert (run.status, version.status) == (Status.REJECTED, ModelVersion.Status.REJECTED)
    assert "trend_7d has NDCG@10 1.0000" in run.message
    assert run.message == " ".join(version.gate_reasons)[:500]
    assert live_version() is None


def test_too_few_events_are_skipped_with_the_setting_to_change() -> None:
    add_products(2)
    run = train()
    assert (run.status, run.message) == (
        Status.SKIPPED,
        "0 events teach; DJANGO_RECS['MIN_TRAINING_EVENTS'] asks for 200.",
    )
    assert kept() == (None, 0)


@pytest.mark.parametrize(("customers", "products", "days"), [(1, 5, 20), (5, 1, 20), (5, 5, 2)])
def test_one_person_one_item_or_two_days_are_skipped(
    settings: Settings, customers: int, products: int, days: int
) -> None:
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "MIN_TRAINING_EVENTS": 1}
    items = add_products(products)
    number = 40
    store(
        *(
            event("purchase", item=items[n % products], customer=str(n % customers), day=n * days / number)
            for n in range(number)
        )
    )
    assert train().status == Status.SKIPPED
    assert kept() == (None, 0)


def test_everybody_taking_the_same_of_two_items_ends_without_an_error(settings: Settings) -> None:
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "MIN_TRAINING_EVENTS": 1}
    first, _ = add_products(2)
    store(*(event("purchase", item=first, customer=str(n % 9), day=n / 2, order=f"o{n}") for n in range(90)))
    assert train().status in {Status.PROMOTED, Status.REJECTED}


def test_a_message_delivered_twice_does_nothing_the_second_time() -> None:
    add_products(2)
    run = train()
    again = run_training(run.pk)
    assert (again.attempt_count, again.finished_at) == (1, run.finished_at)


def test_a_second_training_is_refused_while_one_goes_on() -> None:
    acquire("training")
    run = TrainingRun.objects.create()
    with pytest.raises(TrainingInProgress):
        run_training(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt_count) == (Status.QUEUED, 0)
    assert due_run() is None


def test_a_run_left_behind_is_due_and_fails_after_three_attempts() -> None:
    add_shop()
    run = TrainingRun.objects.create(status=Status.FITTING, attempt_count=3)
    assert due_run() == run
    ended = train(run)
    assert (ended.status, ended.attempt_count) == (Status.FAILED, 3)
    assert ended.message == "The worker was lost 3 times; see its log and its memory limit."
    assert due_run() is None
    assert is_free("training")


def test_a_failure_is_a_sentence_on_the_row_and_a_traceback_in_the_log(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_shop()
    occupied = tmp_path / "a file"
    occupied.touch()
    settings.DJANGO_RECS = {**settings.DJANGO_RECS, "ARTIFACT_ROOT": str(occupied)}
    with caplog.at_level(logging.ERROR):
        run = train()
    assert run.status == Status.FAILED
    assert run.message.startswith(("NotADirectoryError: ", "FileExistsError: "))
    assert "Traceback" in caplog.text
    assert kept() == (None, 0)
    assert is_free("training")


def test_a_version_published_before_the_worker_died_goes_live_without_another_training() -> None:
    add_shop()
    run = train()
    version = ModelVersion.objects.get()
    ModelVersion.objects.update(status=ModelVersion.Status.STAGED)
    TrainingRun.objects.update(status=Status.PUBLISHING, finished_at=None, message="")
    resumed = train(run)
    assert (resumed.status, resumed.message, resumed.attempt_count) == (Status.PROMOTED, f"{version} is live.", 2)
    assert kept() == (version, 1)


def test_a_version_published_before_the_worker_died_whose_files_are_gone_ends_the_run(tmp_path: Path) -> None:
    add_shop()
    run = train()
    ModelVersion.objects.update(status=ModelVersion.Status.STAGED)
    ModelPointer.objects.all().delete()
    TrainingRun.objects.update(status=Status.PUBLISHING, finished_at=None, message="")
    shutil.rmtree(tmp_path / "artifacts")
    resumed = train(run)
    assert resumed.status == Status.FAILED
    assert resumed.message.startswith("PromotionRefused: The artifact of ")
    assert live_version() is None


@pytest.mark.parametrize("share", [0.02, 0.5, 0.7, 0.9])
def test_a_process_that_lost_its_lease_publishes_nothing(share: float) -> None:
    add_shop()
    run = TrainingRun.objects.create()

    def overtake(done: float, message: str) -> None:
        if done >= share and Lease.objects.get().token == 1:
            Lease.objects.update(expires_at=START)
            acquire("training")
            TrainingRun.objects.get(pk=run.pk).begin_attempt()

    with pytest.raises(LeaseLost):
        run_training(run.pk, on_progress=overtake)
    run.refresh_from_db()
    assert (run.status in TrainingRun.UNFINISHED, run.attempt_count) == (True, 2)
    assert kept() == (None, 0)
    assert not is_free("training")


def test_progress_only_grows_and_ends_with_the_artifact() -> None:
    add_shop()
    seen: list[tuple[float, str]] = []
    run_training(TrainingRun.objects.create().pk, on_progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert seen[0] == (0.0, "Reading events.")
    assert seen[-1] == (0.98, "Writing the artifact.")


def test_the_live_version_is_compared_as_it_is_once_a_whole_test_period_has_passed() -> None:
    items = add_shop()
    train()
    first = live_version()
    store(
        *(
            event("purchase", item=item, customer=str(customer), day=60 + customer / 2.5, order=f"later {customer}")
            for customer in range(120)
            for item in items[customer % 20 : customer % 20 + 3]
        )
    )
    train()
    second = ModelVersion.objects.order_by("-pk")[0]
    assert first is not None
    assert second.metrics["protocol"]["live_version"] == f"Version {first.pk} is compared as it is."
    assert "champion" in second.metrics["slices"]["returning"]["recommenders"]
    assert not [name for name in second.metrics["slices"]["returning"]["recommenders"] if "." in name]


def test_the_recipe_of_the_live_version_is_compared_when_it_has_seen_the_test_period() -> None:
    add_shop()
    first, second = train(), train()
    version = ModelVersion.objects.get(run=second)
    assert (first.status, second.status) == (Status.PROMOTED, Status.PROMOTED)
    returning = version.metrics["slices"]["returning"]["recommenders"]
    assert returning["champion"]["ndcg@10"] == returning["blend"]["ndcg@10"]  # the same events, so the same recipe
    assert "its recipe is compared" in version.metrics["protocol"]["live_version"]
    assert live_version() == version
    assert version.replaced == ModelVersion.objects.get(run=first)


def test_a_run_stopped_by_hand_says_so_and_is_not_resumed() -> None:
    add_shop()
    run = TrainingRun.objects.create()

    def press_control_c(share: float, message: str) -> None:
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_training(run.pk, on_progress=press_control_c)
    run.refresh_from_db()
    assert (run.status, run.message) == (Status.FAILED, "Stopped by hand.")
    assert (due_run(), kept()) == (None, (None, 0))


def test_a_missing_catalogue_or_any_other_mistake_of_the_shop_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_recs.catalog.registry._registered", [])
    assert train().message.startswith("CatalogNotFound: No catalogue is registered. Write a recs.py")
