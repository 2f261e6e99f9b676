"""Training runs in the admin: what is shown, and who may ask for one."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_recs.models import ModelVersion, TrainingRun
from tests.admin.conftest import SignIn

LIST = "/admin/django_recs/trainingrun/"
TRAIN = f"{LIST}add/"
Status = TrainingRun.Status


def text_of(response: object) -> str:
    """The page's words, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def test_without_runs_the_page_says_what_to_do_next(sign_in: SignIn) -> None:
    words = text_of(sign_in("view_trainingrun").get(LIST))

    assert "No training yet." in words
    assert "python manage.py recs_train" in words


def test_a_finished_run_in_the_list(sign_in: SignIn, finished_run: TrainingRun) -> None:
    words = text_of(sign_in("view_trainingrun").get(LIST))

    assert f"Run {finished_run.pk} Promoted" in words
    for part in ("took 6 min 5 s", "events read 12,345", "v1 is live.", "started by schedule"):
        assert part in words


def test_a_run_under_way_shows_how_far_it_is_and_when_it_fell_silent(sign_in: SignIn) -> None:
    now = timezone.now()
    run = TrainingRun.objects.create(
        status=Status.FITTING, progress=0.47, started_at=now, heartbeat_at=now - timedelta(minutes=12)
    )
    client = sign_in("view_trainingrun")
    page = client.get(f"{LIST}{run.pk}/change/")

    assert '<progress max="100" value="47"' in client.get(LIST).content.decode()
    assert '<progress max="100" value="47"' in page.content.decode()
    assert "No sign of life for 12 min 0 s" in text_of(page)


def test_a_run_that_no_worker_takes_is_marked(sign_in: SignIn) -> None:
    run = TrainingRun.objects.create()
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert "No worker took it for 1 h 0 min" in text_of(sign_in("view_trainingrun").get(f"{LIST}{run.pk}/change/"))


def test_the_detail_page_shows_timeline_and_figures(sign_in: SignIn, version: ModelVersion) -> None:
    words = text_of(sign_in("view_trainingrun").get(f"{LIST}{version.run_id}/change/"))

    for part in ("Asked for", "Started", "took 6 min 5 s", "12,345", "How good it is", "Linear model (EASE)", "0.3148"):
        assert part in words


def test_a_run_without_a_version_says_so(sign_in: SignIn, finished_run: TrainingRun) -> None:
    words = text_of(sign_in("view_trainingrun").get(f"{LIST}{finished_run.pk}/change/"))

    assert "made no model version" in words


def test_an_unknown_run_leads_back(sign_in: SignIn) -> None:
    assert sign_in("view_trainingrun").get(f"{LIST}999/change/").status_code == 302


@pytest.mark.parametrize("permissions", [("view_trainingrun",), ("view_event",)])
def test_who_may_only_look_cannot_train(sign_in: SignIn, permissions: tuple[str, ...]) -> None:
    client = sign_in(*permissions)

    assert [client.get(TRAIN).status_code, client.post(TRAIN).status_code] == [403, 403]
    assert f'href="{TRAIN}"' not in client.get(LIST).content.decode()
    assert TrainingRun.objects.count() == 0


def test_a_visitor_of_the_shop_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.post(TRAIN).headers["Location"].startswith("/admin/login/")
    assert TrainingRun.objects.count() == 0


def test_looking_at_the_question_starts_nothing(sign_in: SignIn) -> None:
    page = sign_in("view_trainingrun", "add_trainingrun").get(TRAIN)

    assert "Yes, train now" in text_of(page)
    assert TrainingRun.objects.count() == 0


def test_yes_queues_one_run_and_says_so(sign_in: SignIn) -> None:
    client = sign_in("view_trainingrun", "add_trainingrun")
    response = client.post(TRAIN, follow=True)

    run = TrainingRun.objects.get()
    assert (run.status, run.trigger.startswith("admin: staff-")) == (Status.QUEUED, True)
    assert f"Run {run.pk} is waiting for a worker." in text_of(response)
    assert LogEntry.objects.get().object_id == str(run.pk)


@pytest.mark.parametrize("status", TrainingRun.UNFINISHED)
def test_a_second_training_is_refused_while_one_goes_on(sign_in: SignIn, status: str) -> None:
    TrainingRun.objects.create(status=status)
    client = sign_in("view_trainingrun", "add_trainingrun")

    assert "Yes, train now" not in text_of(client.get(TRAIN))
    assert "already waiting or under way" in text_of(client.post(TRAIN, follow=True))
    assert TrainingRun.objects.count() == 1


def test_a_post_without_the_token_is_refused(sign_in: SignIn) -> None:
    client = sign_in("view_trainingrun", "add_trainingrun")
    client.handler.enforce_csrf_checks = True

    assert client.post(TRAIN).status_code == 403
    assert TrainingRun.objects.count() == 0


def test_queries_do_not_grow_with_the_rows(sign_in: SignIn) -> None:
    client = sign_in("view_trainingrun")
    counts = []
    for _ in range(2):
        TrainingRun.objects.bulk_create([TrainingRun(status=Status.FAILED, message="No.") for _ in range(10)])
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6


def test_messages_are_shown_as_text(sign_in: SignIn) -> None:
    run = TrainingRun.objects.create(status=Status.FAILED, message="<script>alert(1)</script>", trigger="<b>me</b>")
    client = sign_in("view_trainingrun")

    for url in (LIST, f"{LIST}{run.pk}/change/"):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "<b>me</b>" not in page
