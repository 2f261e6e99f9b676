"""Tuning studies in the admin: what a study shows, and who may use what it found."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_recs.admin.tuning_charts import parameter_charts, trial_chart
from django_recs.admin.tuning_words import PARAMETER_LABELS, plain_gain, plain_number, plain_trial_score
from django_recs.engine.parameters import BY_NAME
from django_recs.models import TrainingRun, TunedConfiguration, TuningStudy, TuningTrial
from tests.admin.conftest import SignIn

LIST = "/admin/django_recs/tuningstudy/"
PENALTY = "voices.ease_penalty"
State = TuningTrial.State


def text_of(response: object) -> str:
    """The page's words, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


@pytest.fixture
def study(db: None) -> TuningStudy:
    """Five trials: the baseline, one a little better, one given up, one hopeless, and the best."""
    now = timezone.now()
    study = TuningStudy.objects.create(
        status=TuningStudy.Status.FINISHED,
        message="Trial 4 scored 0.2150.",
        trigger="recs_tune",
        parameters=[PENALTY],
        started_at=now - timedelta(minutes=30),
        finished_at=now,
        worker_count=2,
    )
    for number, (score, penalty) in enumerate(
        [(0.2, 150.0), (0.205, 300.0), (None, 20.0), (0.01, 10.0), (0.215, 500.0)]
    ):
        TuningTrial.objects.create(
            study=study,
            number=number,
            worker=1,
            state=State.COMPLETE if score else State.PRUNED,
            is_baseline=not number,
            values={PENALTY: penalty},
            score=score,
            slice_scores={"returning": score} if score else {},
            gain=score - 0.2 if score else None,
            gain_error=0.002 if score else None,
            finished_at=now,
        )
    return study


def test_without_studies_the_page_says_what_to_do_next(sign_in: SignIn) -> None:
    words = text_of(sign_in("view_tuningstudy").get(LIST))

    assert "No study yet." in words
    assert "python manage.py recs_tune --minutes 30" in words
    assert "The next training starts with the default hyper-parameters." in words


def test_a_study_in_the_list(sign_in: SignIn, study: TuningStudy) -> None:
    words = text_of(sign_in("view_tuningstudy").get(LIST))

    for part in (f"Study {study.pk} Finished", "search Bayesian", "complete trials 4", "best gain +0.0150"):
        assert part in words


def test_a_study_shows_figures_charts_and_trials(sign_in: SignIn, study: TuningStudy) -> None:
    page = sign_in("view_tuningstudy").get(f"{LIST}{study.pk}/change/")
    words = text_of(page)

    for part in (
        "Best trial 0.2150 trial 4",
        "Gain +0.0150 ± 0.0020, question by question",
        "Trials 4 complete; 1 given up early",
        "1 hopeless trial is drawn hollow at the lower edge.",
        "Linear model: penalty",
        "tried from 10 to 5,000, the best trial has 500",
        "Given up early",
        "Trial 4 0.2150 +0.0150 ± 0.0020 Complete",
    ):
        assert part in words
    assert page.content.decode().count("<circle") == 8  # four complete trials in two charts
    assert "Use this configuration" not in words


def test_the_chart_of_trials_by_hand(study: TuningStudy) -> None:
    """Scores 0.2, 0.205, 0.01 and 0.215: the box reaches from 0.215 down 1.5 times its distance to 0.2."""
    chart = trial_chart(list(study.trials.order_by("number")))

    assert chart is not None
    assert (chart.scale.high, pytest.approx(chart.scale.low)) == (0.215, 0.1775)
    assert [dot.x for dot in chart.dots] == [3.0, 26.5, 73.5, 97.0]
    assert [dot.y for dot in chart.dots] == [41.2, 29.47, 94.0, 6.0]
    assert [(dot.is_baseline, dot.is_best, dot.is_below) for dot in chart.dots] == [
        (True, False, False),
        (False, False, False),
        (False, False, True),
        (False, True, False),
    ]
    assert [(step.x1, step.y1, step.x2, step.y2) for step in chart.best] == [
        (3.0, 41.2, 26.5, 41.2),
        (26.5, 41.2, 26.5, 29.47),
        (26.5, 29.47, 97.0, 29.47),
        (97.0, 29.47, 97.0, 6.0),
        (97.0, 6.0, 100.0, 6.0),
    ]
    assert [dot.x for dot in chart.pruned] == [50.0]
    assert chart.baseline_y == 41.2


def test_the_chart_of_a_parameter_is_logarithmic_where_its_range_is(study: TuningStudy) -> None:
    """10 to 5,000: 500 lies at log 50 / log 500 of the way."""
    (chart,) = parameter_charts([PENALTY], list(study.trials.all()))

    assert [dot.x for dot in chart.dots] == pytest.approx([44.35, 54.16, 6.0, 61.39], abs=0.011)
    assert (chart.used_x, chart.best) == (44.35, "500")


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_complete_trials_give_no_chart(study: TuningStudy, count: int) -> None:
    trials = list(study.trials.filter(number__lt=count))

    assert (trial_chart(trials), parameter_charts([PENALTY], trials)) == (None, [])


def test_equal_scores_lie_in_the_middle(study: TuningStudy) -> None:
    study.trials.update(score=0.5, state=State.COMPLETE)
    chart = trial_chart(list(study.trials.all()))

    assert chart is not None
    assert {dot.y for dot in chart.dots} == {50.0}


def test_yes_puts_a_trial_in_use_and_says_so(sign_in: SignIn, study: TuningStudy) -> None:
    client = sign_in("view_tuningstudy", "change_tuningstudy")
    use = f"{LIST}{study.pk}/use/1/"
    assert "Use this configuration" in text_of(client.get(f"{LIST}{study.pk}/change/"))
    assert "Nothing on the shelves changes now." in text_of(client.get(use))
    assert TunedConfiguration.current() is None

    words = text_of(client.post(use, follow=True))

    in_use = TunedConfiguration.current()
    assert in_use is not None
    assert (in_use.values, in_use.source) == ({PENALTY: 300.0}, f"study {study.pk}, trial 1")
    assert in_use.chosen_by.startswith("staff-")
    assert f"starts with study {study.pk}, trial 1. The gate decides" in words
    assert LogEntry.objects.get().object_id == str(study.pk)


def test_back_to_the_defaults(sign_in: SignIn, study: TuningStudy) -> None:
    client = sign_in("view_tuningstudy", "change_tuningstudy")
    TunedConfiguration.use(study.trials.get(number=1), chosen_by="test")
    assert f"those of study {study.pk}, trial 1" in text_of(client.get(f"{LIST}forget/"))
    assert TunedConfiguration.current() is not None

    assert "starts with the defaults" in text_of(client.post(f"{LIST}forget/", follow=True))
    assert TunedConfiguration.current() is None


@pytest.mark.parametrize("permissions", [("view_tuningstudy",), ("view_event",)])
def test_who_may_only_look_changes_nothing(sign_in: SignIn, study: TuningStudy, permissions: tuple[str, ...]) -> None:
    client = sign_in(*permissions)
    urls = (f"{LIST}{study.pk}/use/1/", f"{LIST}forget/")

    assert [client.post(url).status_code for url in urls] == [403, 403]
    assert [client.get(url).status_code for url in urls] == [403, 403]
    assert TunedConfiguration.current() is None


def test_only_a_complete_trial_can_be_used(sign_in: SignIn, study: TuningStudy) -> None:
    client = sign_in("change_tuningstudy")

    assert [client.post(f"{LIST}{study.pk}/use/{number}/").status_code for number in (2, 99)] == [404, 404]
    assert TunedConfiguration.current() is None


def test_a_visitor_of_the_shop_is_asked_to_sign_in(client: Client, study: TuningStudy) -> None:
    assert client.post(f"{LIST}{study.pk}/use/1/").headers["Location"].startswith("/admin/login/")
    assert TunedConfiguration.current() is None


def test_queries_do_not_grow_with_the_trials(sign_in: SignIn, study: TuningStudy) -> None:
    client = sign_in("view_tuningstudy")
    client.get(f"{LIST}{study.pk}/change/")  # what Django remembers of its content types is read once per process
    client.get(LIST)
    counts = []
    for first in (100, 200):
        rows = [TuningTrial(study=study, number=first + step, worker=1, state=State.FAILED) for step in range(50)]
        TuningTrial.objects.bulk_create(rows)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{LIST}{study.pk}/change/")
            client.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 16


def test_values_written_by_another_version_do_no_harm(sign_in: SignIn, study: TuningStudy) -> None:
    study.trials.update(values={"voices.gone": "<script>", PENALTY: "x"}, slice_scores={"new_slice": 0.1})
    page = sign_in("view_tuningstudy").get(f"{LIST}{study.pk}/change/")

    assert page.status_code == 200
    assert "<script>" not in page.content.decode()
    assert "voices.gone" in text_of(page)


def test_a_training_run_names_its_hyper_parameters(sign_in: SignIn) -> None:
    run = TrainingRun.objects.create(configuration={"source": "study 3, trial 12", "values": {PENALTY: 300.0}})

    words = text_of(sign_in("view_trainingrun").get(f"/admin/django_recs/trainingrun/{run.pk}/change/"))
    assert "Hyper-parameters study 3, trial 12" in words


def test_every_parameter_has_a_name() -> None:
    assert set(PARAMETER_LABELS) == set(BY_NAME)


def test_numbers_have_four_digits_and_gains_a_sign() -> None:
    assert [plain_number(value) for value in (0.00215678, 57.34567, 4_096, 12_345.6, 0.0, "x", 1e-9)] == [
        "0.002157",
        "57.35",
        "4,096",
        "12,346",
        "0",
        "x",
        "0.000000",
    ]
    assert plain_trial_score(0.758) == "0.7580"
    assert (plain_gain(0.00312, 0.00101), plain_gain(-0.5, None), plain_gain(None, 1.0)) == (
        "+0.0031 ± 0.0010",
        "−0.5000 ± 0.0000",
        "–",
    )
