"""What pages get: one variant per person for ever, noted once, and the control whenever something is missing."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_recs.experiments import exposure, serving_state, variant, varied
from django_recs.experiments.assignment import assign
from django_recs.experiments.serving_state import served_experiments
from django_recs.models import Experiment, Exposure, Placement, Variant
from django_recs.serving import recommend
from tests.experiments.conftest import Asking, MakeExperiment, expose, merge
from tests.shop.models import Customer


def hashed(unit: str) -> str:
    """The variant that the hash gives."""
    arm = assign(served_experiments().by_slug["header"], unit, is_customer=unit[0] == "c")
    assert arm is not None
    return arm.slug


def other(slug: str) -> str:
    return "bold" if slug == "control" else "control"


def rows() -> list[tuple[str, str]]:
    return sorted(Exposure.objects.values_list("unit", "variant__slug"))


def test_a_guest_is_noted_once_and_keeps_their_variant(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment(window_days=7)

    shown = {variant("header", request=asking("g1")) for _ in range(3)}

    row = Exposure.objects.get()
    assert shown == {hashed("vg1")} == {row.variant.slug}
    assert (row.unit, row.visitor_id, row.customer_id, row.propensity, row.device) == ("vg1", "g1", "", 0.5, "desktop")
    assert (row.counts_until - row.exposed_at).days == 7


@pytest.mark.django_db(transaction=True)
def test_who_comes_back_costs_no_query(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment()
    variant("header", request=asking("g1"))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        variant("header", request=asking("g1"))

    assert len(queries) == 0


def test_who_takes_no_part_is_asked_for_once(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment(audience=Experiment.Audience.CUSTOMERS)
    variant("header", request=asking("g1"))

    with CaptureQueriesContext(connection) as queries:
        assert variant("header", request=asking("g1")) == "control"

    assert (len(queries), rows()) == (0, [])


@pytest.mark.parametrize(
    ("visitor_id", "consent", "agent"),
    [("", "analytics", "Mozilla/5.0 Chrome/140.0 Safari/537.36"), ("g1", "", "Mozilla/5.0 Chrome/140.0 Safari/537.36")]
    + [("g1", "personalisation", "Mozilla/5.0 Chrome/140.0 Safari/537.36"), ("g1", "analytics", "Googlebot/2.1")],
    ids=["no id yet", "no consent", "no consent to analytics", "robot"],
)
def test_who_cannot_be_counted_gets_the_control_unnoted(
    make_experiment: MakeExperiment, asking: Asking, visitor_id: str, consent: str, agent: str
) -> None:
    make_experiment("control", "bold", weights=(1, 99))

    assert variant("header", request=asking(visitor_id, consent=consent, agent=agent)) == "control"
    assert rows() == []


@pytest.mark.parametrize("own", [None, "same", "different"], ids=["no row", "same row", "different row"])
@pytest.mark.parametrize("as_guest", [None, "same", "different"], ids=["no guest row", "same as guest", "different"])
def test_signing_in_keeps_one_variant(
    make_experiment: MakeExperiment, asking: Asking, customer: Customer, own: str | None, as_guest: str | None
) -> None:
    """The customer's own row first, then the guest's, then the hash."""
    experiment = make_experiment()
    unit = f"c{customer.pk}"
    by_hash = hashed(unit)
    names = {"same": by_hash, "different": other(by_hash)}
    if as_guest:
        expose(experiment, names[as_guest], "vg1")
    if own:
        expose(experiment, names[own], unit)
    merge("g1", str(customer.pk))

    shown = variant("header", request=asking("g1", customer))

    expected = names[own] if own else names[as_guest] if as_guest else by_hash
    assert shown == expected
    kept = [("vg1", names[as_guest])] if as_guest else []
    noted = [(unit, expected)] if own or not as_guest else []
    assert rows() == sorted([*kept, *noted])


def test_of_two_guests_the_earlier_one_counts(
    make_experiment: MakeExperiment, asking: Asking, customer: Customer
) -> None:
    from datetime import timedelta

    from tests.experiments.conftest import START

    experiment = make_experiment()
    expose(experiment, "bold", "vlate", at=START + timedelta(days=1))
    expose(experiment, "control", "vearly")
    merge("late", str(customer.pk))
    merge("early", str(customer.pk))

    assert variant("header", request=asking("late", customer)) == "control"


def test_a_guest_of_somebody_else_says_nothing(
    make_experiment: MakeExperiment, asking: Asking, customer: Customer
) -> None:
    experiment = make_experiment()
    by_hash = hashed(f"c{customer.pk}")
    expose(experiment, other(by_hash), "vg1")
    merge("g1", "somebody else")

    assert variant("header", request=asking("g1", customer)) == by_hash


def test_two_first_requests_at_once_make_one_row(make_experiment: MakeExperiment, asking: Asking) -> None:
    experiment = make_experiment()
    first = other(hashed("vg1"))
    variant("header", request=asking("g2"))
    exposure._memory["vg1"] = exposure._Known(looked_at=float("inf"))  # the other request writes after we looked
    expose(experiment, first, "vg1")

    assert variant("header", request=asking("g1")) == first
    assert Exposure.objects.filter(unit="vg1").count() == 1


def test_an_unknown_experiment_is_the_control(asking: Asking) -> None:
    assert variant("nothing", request=asking("g1")) == "control"


def test_an_ended_experiment_shows_the_control_and_a_shipped_one_its_winner(
    make_experiment: MakeExperiment, asking: Asking
) -> None:
    experiment = make_experiment()
    units = [f"g{n}" for n in range(10)]

    Experiment.objects.update(status=Experiment.Status.ENDED)
    serving_state.forget()
    assert {variant("header", request=asking(unit)) for unit in units} == {"control"}
    Experiment.objects.update(status=Experiment.Status.DECIDED, shipped=Variant.objects.get(slug="bold"))
    serving_state.forget()
    assert {variant("header", request=asking(unit)) for unit in units} == {"bold"}
    assert rows() == []
    assert experiment.variants.count() == 2


def test_who_is_held_out_sees_no_variant_of_anything(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment("control", "bold", weights=(1, 99))
    make_experiment("held-out", "everything", slug="holdout", is_holdout=True, salt="b" * 32, weights=(50, 50))

    shown = {f"g{n}": variant("header", request=asking(f"g{n}")) for n in range(40)}

    held = {row.visitor_id for row in Exposure.objects.filter(variant__slug="held-out")}
    noted = {row.visitor_id for row in Exposure.objects.filter(experiment__slug="header")}
    assert 5 < len(held) < 35
    assert held | noted == set(shown)
    assert held & noted == set()
    assert {shown[unit] for unit in held} == {"control"}


def test_a_database_that_fails_shows_the_control(
    make_experiment: MakeExperiment, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment("control", "bold", weights=(1, 99))
    served_experiments()

    with connection.execute_wrapper(_refuse):
        assert variant("header", request=asking("g1")) == "control"
    assert rows() == []


def _refuse(execute: object, sql: str, *arguments: object) -> None:
    from django.db import DatabaseError

    raise DatabaseError(f"no {sql[:10]}")


def test_a_placement_takes_on_what_the_variant_changes(make_experiment: MakeExperiment, asking: Asking) -> None:
    placement = Placement.objects.get(slug="for_you")
    make_experiment(placement=placement, changes={"strategy": "trending", "limit": 6})

    found = {varied(placement, request=asking(f"g{n}")).strategy for n in range(12)}

    assert found == {"for_you", "trending"}
    assert (placement.strategy, placement.limit) == ("for_you", 12)
    assert varied(placement, request=None) is placement
    assert varied(Placement.objects.get(slug="similar"), request=asking("g1")).strategy == "similar"


def test_a_shelf_is_made_as_the_variant_wants_it(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment(placement=Placement.objects.get(slug="for_you"), changes={"title": "Bold shelf"})

    titles = {f"g{n}": recommend("for_you", request=asking(f"g{n}")).title for n in range(12)}

    shown = {row.visitor_id: row.variant.slug for row in Exposure.objects.select_related("variant")}
    expected = {"control": "Recommended for you", "bold": "Bold shelf"}
    assert titles == {visitor: expected[slug] for visitor, slug in shown.items()}
    assert set(titles.values()) == set(expected.values())


def test_nobody_is_signed_in_means_the_guest(make_experiment: MakeExperiment, asking: Asking) -> None:
    make_experiment()
    request = asking("g1")
    request.user = AnonymousUser()

    variant("header", request=request)

    assert [unit for unit, _ in rows()] == ["vg1"]
