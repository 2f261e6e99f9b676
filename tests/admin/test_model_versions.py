"""Model versions in the admin: figures beside the rivals, and who may put one live."""

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_recs.engine.blend import Blend
from django_recs.models import ModelPointer, ModelVersion, TrainingRun
from django_recs.serving import promote
from tests.admin.conftest import SignIn
from tests.admin.rows import evaluation, figures
from tests.admin.test_training_runs import text_of
from tests.serving.fitted import publish
from tests.serving.shop_fixtures import ITEM_IDS

LIST = "/admin/django_recs/modelversion/"
ROLL_BACK = f"{LIST}roll-back/"
Status = ModelVersion.Status


def promote_url(version: ModelVersion) -> str:
    return f"{LIST}{version.pk}/promote/"


def card_url(version: ModelVersion) -> str:
    return f"{LIST}{version.pk}/card/"


def state() -> tuple[list[tuple[int, str]], list[int]]:
    """Everything that a promotion changes."""
    versions = ModelVersion.objects.order_by("pk").values_list("pk", "status")
    return list(versions), list(ModelPointer.objects.values_list("version_id", flat=True))


@pytest.fixture
def second(live: ModelVersion, blend: Blend, tmp_path: Path) -> ModelVersion:
    """A staged version beside the live one."""
    return publish(tmp_path, "second", blend, list(ITEM_IDS.values()))


@pytest.fixture
def rejected(second: ModelVersion) -> ModelVersion:
    second.status = Status.REJECTED
    second.gate_reasons = ["On returning (80 queries) ease has NDCG@10 0.3, blend only 0.2."]
    second.save()
    return second


def test_without_versions_the_page_says_what_to_do_next(sign_in: SignIn) -> None:
    assert "No model version yet." in text_of(sign_in("view_modelversion").get(LIST))


def test_the_list_shows_the_state_and_the_distance_to_the_best_rival(sign_in: SignIn, version: ModelVersion) -> None:
    words = text_of(sign_in("view_modelversion").get(LIST))

    for part in (f"v{version.pk} Staged", "0.315 ahead of 0.248", "0.049 behind 0.073", "gate passed"):
        assert part in words


def test_the_page_shows_the_version_beside_each_rival_with_the_best_in_bold(
    sign_in: SignIn, version: ModelVersion
) -> None:
    page = sign_in("view_modelversion").get(f"{LIST}{version.pk}/change/").content.decode()

    assert "<b>0.3148</b>" in page
    assert "<b>0.2480</b>" not in page
    assert "<b>0.0728</b>" in page
    assert "± 0.0100" in page
    assert page.count('<rect class="recs-bar"') == 5
    assert "The gate had no objection" in page


def test_the_page_carries_no_inline_style_and_no_script_of_its_own(sign_in: SignIn, version: ModelVersion) -> None:
    page = sign_in("view_modelversion").get(f"{LIST}{version.pk}/change/").content.decode()
    content = page[page.index('<div id="content-main">') : page.index('<footer id="footer">')]

    assert "style=" not in content
    assert "<script" not in content
    assert "<style" not in content


def test_a_version_without_figures_says_so(sign_in: SignIn, staged: ModelVersion) -> None:
    words = text_of(sign_in("view_modelversion").get(f"{LIST}{staged.pk}/change/"))

    assert "No evaluation was stored with this version." in words


def test_the_card_is_a_page_of_its_own_that_the_version_links_to(sign_in: SignIn, version: ModelVersion) -> None:
    client = sign_in("view_modelversion")

    page = client.get(f"{LIST}{version.pk}/change/").content.decode()
    words = text_of(client.get(card_url(version)))

    assert f'href="{card_url(version)}"' in page
    for part in (
        f"Model card of v{version.pk}",
        "0.3148 ± 0.0100",
        "0.0728 Similar texts",
        "Who did not consent to personalisation is not in the data at all.",
        "The gate had no objection",
    ):
        assert part in words
    assert client.get(f"{LIST}999/card/").status_code == 404


def test_the_card_is_shown_to_who_may_see_versions(sign_in: SignIn, client: Client, version: ModelVersion) -> None:
    assert sign_in("view_event").get(card_url(version)).status_code == 403
    assert client.get(card_url(version)).headers["Location"].startswith("/admin/login/")


def test_who_may_only_look_can_neither_promote_nor_roll_back(sign_in: SignIn, second: ModelVersion) -> None:
    client = sign_in("view_modelversion")
    before = state()

    for url in (promote_url(second), ROLL_BACK):
        assert [client.get(url).status_code, client.post(url, {"live": "1"}).status_code] == [403, 403]
    assert state() == before
    assert promote_url(second) not in client.get(f"{LIST}{second.pk}/change/").content.decode()


def test_strangers_are_asked_to_sign_in(client: Client, second: ModelVersion) -> None:
    before = state()

    for url in (promote_url(second), ROLL_BACK):
        assert client.post(url).headers["Location"].startswith("/admin/login/")
    assert state() == before


def test_looking_at_the_question_changes_nothing(sign_in: SignIn, second: ModelVersion) -> None:
    client = sign_in("view_modelversion", "change_modelversion")
    before = state()

    assert "would take the place of" in text_of(client.get(promote_url(second)))
    client.get(ROLL_BACK)
    assert state() == before


def test_a_post_without_the_token_is_refused(sign_in: SignIn, second: ModelVersion) -> None:
    client = sign_in("view_modelversion", "change_modelversion")
    client.handler.enforce_csrf_checks = True
    before = state()

    assert [client.post(promote_url(second)).status_code, client.post(ROLL_BACK).status_code] == [403, 403]
    assert state() == before


def test_promote_puts_the_version_live_and_is_written_down(
    sign_in: SignIn, live: ModelVersion, second: ModelVersion
) -> None:
    response = sign_in("view_modelversion", "change_modelversion").post(promote_url(second), follow=True)

    assert state() == ([(live.pk, Status.RETIRED), (second.pk, Status.LIVE)], [second.pk])
    assert f"Version v{second.pk} is live." in text_of(response)
    assert LogEntry.objects.get().object_id == str(second.pk)


def test_a_rejected_version_needs_the_box_ticked(sign_in: SignIn, live: ModelVersion, rejected: ModelVersion) -> None:
    client = sign_in("view_modelversion", "change_modelversion")
    before = state()

    question = text_of(client.get(promote_url(rejected)))
    refused = text_of(client.post(promote_url(rejected)))

    assert "“Linear model (EASE)” has NDCG@10 0.3" in question
    assert "Nothing was changed." in refused
    assert state() == before

    client.post(promote_url(rejected), {"promote_anyway": "yes"})

    assert state() == ([(live.pk, Status.RETIRED), (rejected.pk, Status.LIVE)], [rejected.pk])


def test_a_broken_artifact_is_refused_and_the_live_version_stays(
    sign_in: SignIn, live: ModelVersion, version: ModelVersion
) -> None:
    before = state()

    response = sign_in("view_modelversion", "change_modelversion").post(promote_url(version), follow=True)

    assert f"Version v{version.pk} was not promoted." in text_of(response)
    assert state() == before
    assert LogEntry.objects.count() == 0


def test_roll_back_returns_to_the_version_before(sign_in: SignIn, live: ModelVersion, second: ModelVersion) -> None:
    promote(second)
    client = sign_in("view_modelversion", "change_modelversion")

    assert f"goes back from v{second.pk} to v{live.pk}" in text_of(client.get(ROLL_BACK))
    response = client.post(ROLL_BACK, {"live": str(second.pk)}, follow=True)

    assert state() == ([(live.pk, Status.LIVE), (second.pk, Status.RETIRED)], [live.pk])
    assert f"Rolled back: version v{live.pk} is live again." in text_of(response)


def test_a_stale_question_rolls_nothing_back(sign_in: SignIn, live: ModelVersion, second: ModelVersion) -> None:
    promote(second)
    before = state()

    response = sign_in("view_modelversion", "change_modelversion").post(ROLL_BACK, {"live": str(live.pk)}, follow=True)

    assert "another version went live in the meantime" in text_of(response)
    assert state() == before


def test_there_may_be_nothing_to_go_back_to(sign_in: SignIn, live: ModelVersion) -> None:
    client = sign_in("view_modelversion", "change_modelversion")
    before = state()

    assert "There is no earlier version" in text_of(client.get(ROLL_BACK))
    assert "Nothing was rolled back." in text_of(client.post(ROLL_BACK, {"live": str(live.pk)}, follow=True))
    assert state() == before


def test_an_unknown_version_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("change_modelversion").post(f"{LIST}999/promote/").status_code == 404


def test_nobody_edits_a_version_by_hand(sign_in: SignIn, version: ModelVersion) -> None:
    client = sign_in("view_modelversion", "change_modelversion")

    assert client.post(f"{LIST}{version.pk}/change/", {"status": "live"}).status_code == 403
    version.refresh_from_db()
    assert version.status == Status.STAGED


def test_queries_do_not_grow_with_the_rows(sign_in: SignIn) -> None:
    client = sign_in("view_modelversion", "change_modelversion")
    metrics = evaluation(returning=figures(blend=0.3, ease=0.2))
    counts = []
    for batch in ("a", "b"):
        for place in range(8):
            run = TrainingRun.objects.create()
            ModelVersion.objects.create(run=run, artifact=f"{batch}{place}", manifest_sha256="", metrics=metrics)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 7


def test_hostile_names_are_shown_as_text(sign_in: SignIn, finished_run: TrainingRun) -> None:
    hostile = "<script>alert(1)</script>"
    metrics = evaluation(**{hostile: figures(**{"blend": 0.2, hostile: 0.1})})
    metrics["protocol"][hostile] = hostile
    version = ModelVersion.objects.create(
        run=finished_run, artifact=hostile, manifest_sha256="", metrics=metrics, gate_reasons=[hostile]
    )
    client = sign_in("view_modelversion", "change_modelversion")

    for url in (LIST, f"{LIST}{version.pk}/change/", promote_url(version), card_url(version)):
        assert "<script>alert(1)" not in client.get(url).content.decode()
