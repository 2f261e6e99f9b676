"""The pages of experiments: a draft is planned and started, a readout speaks plainly, a decision is made by who may."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from django_recs.models import Experiment, ExperimentDay, Placement, Reading, Variant
from tests.admin.conftest import SignIn

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIST = "admin:django_recs_experiment_changelist"


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    before = current_app.conf.task_always_eager, current_app.conf.task_eager_propagates
    current_app.conf.task_always_eager = current_app.conf.task_eager_propagates = True
    yield
    current_app.conf.task_always_eager, current_app.conf.task_eager_propagates = before


def experiment(**fields: Any) -> Experiment:
    values = {"slug": "header", "name": "Bold header", "primary_metric": "conversion", "started_at": START}
    values |= {"status": "running", "planned_units": 4_000, "planned_days": 28}
    made = Experiment.objects.create(**{**values, **fields})
    for place, slug in enumerate(("control", "bold")):
        Variant.objects.create(experiment=made, position=place, slug=slug, name=slug.capitalize())
    return made


def read_days(made: Experiment, count: int, *, low: float, high: float, **columns: Any) -> None:
    """Final days with a lift of conversion and revenue in the middle between ``low`` and ``high``."""
    control, bold = made.variants.all()
    for number in range(count):
        day = ExperimentDay.objects.create(
            experiment=made,
            day=date(2026, 3, 2) + timedelta(days=number),
            is_final=True,
            read_at=START,
            **{"units": {str(control.pk): 1_000, str(bold.pk): 1_010}, **columns},
        )
        for variant in (control, bold):
            for metric in ("conversion", "revenue"):
                Reading.objects.create(
                    day=day,
                    variant=variant,
                    metric=metric,
                    count=1_000,
                    sums=[40.0],
                    products=[[40.0]],
                    value=0.04,
                    low=low,
                    high=high,
                    lift=(low + high) / 2,
                    lift_low=low,
                    lift_high=high,
                    chance_to_win=0.9996,
                    variance_saved=0.12,
                )


def page(sign_in: SignIn, made: Experiment, *permissions: str) -> str:
    client = sign_in(*(permissions or ("view_experiment",)))
    return client.get(reverse("admin:django_recs_experiment_change", args=[made.pk])).content.decode()


def step(made: Experiment, name: str) -> str:
    return reverse(f"admin:django_recs_experiment_{name}", args=[made.pk])


def test_a_winner_is_announced_in_plain_words(sign_in: SignIn) -> None:
    made = experiment()
    read_days(made, 9, low=0.009, high=0.076)

    html = page(sign_in, made)

    assert "Bold is better." in html
    assert "Proven on 8 Mar. It is safe to stop and ship it." in html
    assert "+4.2 %, between +0.9 % and +7.6 %" in html
    assert "over 99.9 %" in html
    assert "Decides · past behaviour sharpened it by 12 %" in html
    assert "Guardrail: safe" in html
    assert "Day 9 of 28" in html
    assert "Control: 50 %, Bold: 50 %; planned 50 % : 50 %" in html
    assert "<polygon" in html
    assert "Decide and do it" not in html


@pytest.mark.parametrize(
    ("days", "low", "high", "columns", "sentence"),
    [
        (3, 0.01, 0.1, {}, "A verdict needs 7 full days and 25 buyers in each variant. Planned to run 25 more days."),
        (9, -0.1, 0.1, {}, "Not safe to stop for a winner. Planned to run 19 more days."),
        (9, -0.1, -0.02, {}, "It is safe to stop and keep the control."),
        (28, -0.1, 0.1, {}, "No difference was found."),
        (9, 0.01, 0.1, {"chi_square_p": 1e-6}, "No result can be read."),
    ],
)
def test_each_state_has_its_sentence(
    sign_in: SignIn, days: int, low: float, high: float, columns: dict[str, Any], sentence: str
) -> None:
    made = experiment()
    read_days(made, days, low=low, high=high, **columns)

    assert sentence in page(sign_in, made)


def test_a_broken_sample_shows_no_figure(sign_in: SignIn) -> None:
    made = experiment()
    read_days(made, 9, low=0.01, high=0.1, chi_square_p=1e-6)

    html = page(sign_in, made)

    assert "broken" in html
    assert "recs-alarm" in html
    assert "<polygon" not in html
    assert "recs-metrics" not in html


def test_nothing_read_yet_says_what_has_to_run(sign_in: SignIn) -> None:
    assert "django_recs.analyse" in page(sign_in, experiment())


def test_the_readout_takes_few_queries(sign_in: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    made = experiment()
    read_days(made, 28, low=-0.1, high=0.1)
    client = sign_in("view_experiment")

    with django_assert_max_num_queries(12):
        client.get(reverse("admin:django_recs_experiment_change", args=[made.pk]))


def test_the_list_tells_state_health_and_result(sign_in: SignIn) -> None:
    read_days(experiment(), 9, low=0.01, high=0.1)
    read_days(experiment(slug="two", name="Doubtful"), 9, low=-0.1, high=0.1, sequential_p=0.005)
    experiment(slug="three", name="Idea", status="draft", started_at=None)

    html = sign_in("view_experiment").get(reverse(LIST)).content.decode()

    for words in ("sample is sound", "Bold: better", "sample ratio is doubtful", "no difference proven yet", "Draft"):
        assert words in html


def form(**values: Any) -> dict[str, Any]:
    filled = {
        "name": "Bold header",
        "slug": "header",
        "hypothesis": "",
        "placement": "",
        "primary_metric": "conversion",
        "lift_percent": "10",
        "ending": "planned",
        "audience": "everybody",
        "coverage_percent": "100",
        "guardrail_percent": "2",
        "window_days": "14",
        "layer": "",
        "layer_percent": "100",
        "variants-TOTAL_FORMS": "2",
        "variants-INITIAL_FORMS": "0",
    }
    for place, slug in enumerate(("control", "bold")):
        own = {"name": slug.capitalize(), "slug": slug, "weight": "1", "strategy": "", "limit": ""}
        filled |= {f"variants-{place}-{name}": value for name, value in own.items()}
    return {**filled, **values}


def test_a_draft_is_saved_planned_and_started(
    sign_in: SignIn, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = sign_in("view_experiment", "add_experiment", "change_experiment")
    shelf = {"placement": "for_you", "variants-1-strategy": "trending", "variants-1-limit": "6"}

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admin:django_recs_experiment_add"), form(**shelf))

    made = Experiment.objects.get()
    assert [(v.position, v.slug, v.changes) for v in made.variants.all()] == [
        (0, "control", {}),
        (1, "bold", {"strategy": "trending", "limit": 6}),
    ]
    planned = page(sign_in, made, "view_experiment", "change_experiment")
    assert "In the last four weeks 0 visitors would have taken part." in planned
    assert "Start it" not in planned

    Experiment.objects.update(planned_units=1_000, planned_days=14)
    assert "Start it" in page(sign_in, made, "view_experiment", "change_experiment")
    client.post(step(made, "start"))
    made.refresh_from_db()
    assert (made.status, made.placement) == ("running", Placement.objects.get(slug="for_you"))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"primary_metric": "click_rate"}, "Clicks are counted on a shelf"),
        ({"variants-TOTAL_FORMS": "1"}, "Describe the control in the first line"),
        ({"variants-0-limit": "5", "placement": "for_you"}, "it changes nothing"),
        ({"coverage_percent": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_form_without_sense_says_what_to_do(sign_in: SignIn, values: dict[str, str], error: str) -> None:
    answer = sign_in("add_experiment", "view_experiment").post(
        reverse("admin:django_recs_experiment_add"), form(**values)
    )

    assert error in answer.content.decode()
    assert Experiment.objects.count() == 0


def test_a_decision_writes_down_who_and_why(sign_in: SignIn) -> None:
    made = experiment(placement=Placement.objects.get(slug="for_you"))
    made.variants.filter(slug="bold").update(changes={"limit": 6})
    read_days(made, 9, low=0.009, high=0.076)
    client = sign_in("view_experiment", "change_experiment")
    assert "Decide and do it" in page(sign_in, made, "view_experiment", "change_experiment")

    answer = client.post(step(made, "decide"), {"choice": "ship:bold", "reason": "It sells more."}, follow=True)

    made.refresh_from_db()
    html = answer.content.decode()
    assert (made.status, made.outcome, made.reason) == ("decided", "ship", "It sells more.")
    assert made.decided_by.startswith("staff-")
    assert Placement.objects.get(slug="for_you").limit == 6
    assert "It sells more." in html
    assert made.decided_by in html
    assert "Decide and do it" not in html


@pytest.mark.parametrize("data", [{}, {"choice": "ship:bold"}, {"choice": "ship:nothing", "reason": "x"}])
def test_a_decision_without_reason_or_variant_changes_nothing(sign_in: SignIn, data: dict[str, str]) -> None:
    made = experiment()

    sign_in("view_experiment", "change_experiment").post(step(made, "decide"), data)

    made.refresh_from_db()
    assert (made.status, made.outcome) == ("running", "")


def test_more_visitors_are_let_in_and_it_is_ended(sign_in: SignIn) -> None:
    made = experiment(coverage_percent=10)
    client = sign_in("view_experiment", "change_experiment")

    client.post(step(made, "widen"), {"coverage_percent": "60"})
    client.post(step(made, "widen"), {"coverage_percent": "many"})
    client.post(step(made, "end"))

    made.refresh_from_db()
    assert (made.coverage_percent, made.status) == (60, "ended")


@pytest.mark.parametrize("name", ["start", "end", "widen", "decide"])
def test_who_may_only_look_changes_nothing(sign_in: SignIn, name: str) -> None:
    made = experiment(status="draft" if name == "start" else "running")
    data = {"choice": "stop", "reason": "x", "coverage_percent": "100"}

    looking = sign_in("view_experiment").post(step(made, name), data)
    reading = sign_in("view_experiment", "change_experiment").get(step(made, name))

    before = made.status
    made.refresh_from_db()
    assert (looking.status_code, reading.status_code, made.status) == (403, 405, before)


def test_what_ran_is_kept(sign_in: SignIn) -> None:
    made = experiment()
    client = sign_in("view_experiment", "change_experiment", "delete_experiment")

    client.post(reverse("admin:django_recs_experiment_delete", args=[made.pk]), {"post": "yes"})
    client.post(reverse("admin:django_recs_experiment_change", args=[made.pk]), form(name="Changed"))

    made.refresh_from_db()
    assert made.name == "Bold header"
