"""Sums in SQL against the same sums written out in Python, on made-up shops with everything that can go wrong."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_recs.experiments.metrics import COUNTED_TYPES, METRICS
from django_recs.experiments.sums import PastPeriod, experiment_sums, past_moments, past_revenues, past_units_by
from django_recs.models import Event, Experiment, Exposure, Placement, Visitor
from tests.experiments.conftest import START, MakeExperiment, did, expose, merge

DAY = timedelta(days=1)
UNTIL = START + 10 * DAY


def owner(customer_id: str, visitor_id: str, merged: dict[str, str]) -> str:
    if customer_id:
        return f"c{customer_id}"
    return f"c{merged[visitor_id]}" if visitor_id in merged else f"v{visitor_id}"


def by_hand(experiment: Experiment, until: datetime) -> tuple[dict[str, list[dict[str, float]]], dict[str, int], int]:
    """Columns of each unit by variant, units by variant, and how many saw two."""
    persons: dict[str, list[Exposure]] = defaultdict(list)
    merged = dict(Visitor.objects.values_list("visitor_id", "customer_id"))
    happened: dict[str, list[Event]] = defaultdict(list)
    for event in Event.objects.all():
        happened[owner(event.customer_id, event.visitor_id, merged)].append(event)
    purchases = [event for events in happened.values() for event in events if event.type == "purchase"]
    for row in Exposure.objects.filter(experiment=experiment, exposed_at__lt=until).select_related("variant"):
        persons[owner(row.customer_id, row.visitor_id, merged)].append(row)
    columns: dict[str, list[dict[str, float]]] = defaultdict(list)
    units: dict[str, int] = defaultdict(int)
    crossed = 0
    for person, rows in persons.items():
        first = min(rows, key=lambda row: (not row.customer_id, row.exposed_at))
        units[first.variant.slug] += 1
        if len({row.variant_id for row in rows}) > 1:
            crossed += 1
            continue
        since, before = min(row.exposed_at for row in rows), min(row.counts_until for row in rows)
        columns[first.variant.slug].append(_unit(experiment, happened[person], purchases, since, before, until))
    return columns, units, crossed


def _unit(
    experiment: Experiment,
    events: list[Event],
    purchases: list[Event],
    since: datetime,
    before: datetime,
    until: datetime,
) -> dict[str, float]:
    unit: dict[str, float] = defaultdict(float)
    orders = set()
    started = experiment.started_at
    assert started is not None
    for event in events:
        if event.is_bot or not event.purposes & 2 or not started - 90 * DAY <= event.occurred_at < until:
            continue
        moment, amount, pieces = event.occurred_at, 0.0, 0
        if event.type == "purchase":
            amount, pieces = float(event.price or 0) * event.quantity, event.quantity
        if event.type == "refund":
            bought = [
                p for p in Event.objects.filter(type="purchase") if event.order_id and p.order_id == event.order_id
            ]
            moment = min((p.occurred_at for p in bought), default=moment)
            lines = [p for p in bought if event.item_id in ("", p.item_id)]
            whole = not event.item_id
            pieces = -(sum(p.quantity for p in lines) if whole else event.quantity)
            if event.price is not None:
                amount = -float(event.price) * event.quantity
            elif whole:
                amount = -sum(float(p.price or 0) * p.quantity for p in lines)
            else:
                amount = -max((float(p.price or 0) for p in lines), default=0.0) * event.quantity
        shown = not experiment.placement_id or event.placement == experiment.placement_id
        if since <= moment < before:
            unit["revenue"] += amount
            unit["items"] += pieces
            if event.type == "purchase":
                orders.add(event.order_id)
            unit["clicks"] += event.type == "select_item" and shown
            unit["impressions"] += event.type == "view_item_list" and shown
            for kind in COUNTED_TYPES:
                unit[kind.value] += event.type == kind
        if moment < started:
            unit["past_spent"] += amount
            unit["past_items"] += pieces
    cap = experiment.cap if experiment.cap is not None else float("inf")
    unit["orders"] = len(orders)
    unit["bought"], unit["past_bought"] = unit["items"] > 0, unit["past_items"] > 0
    unit["capped_revenue"], unit["past_revenue"] = min(unit["revenue"], cap), min(unit["past_spent"], cap)
    return unit


def _happen(rng: random.Random, units: list[str]) -> None:
    kinds = ["purchase", "purchase", "refund", "select_item", "view_item_list", "add_to_cart", "view_item"]
    for _ in range(400):
        at = START + timedelta(days=rng.uniform(-100, 14))
        kind = rng.choice(kinds)
        columns: dict[str, Any] = {"item_id": rng.choice("abc")}
        if kind in ("purchase", "refund"):
            columns |= {"order_id": rng.choice(["", *map(str, range(60))]), "quantity": rng.randint(1, 3)}
            columns["price"] = rng.choice([None, 5, 20, 400]) if kind == "purchase" or rng.random() < 0.5 else None
        if kind == "refund" and rng.random() < 0.3:
            columns["item_id"] = ""
        if kind in ("select_item", "view_item_list"):
            columns["placement"] = rng.choice(["", "for_you", "similar"])
        columns |= {"is_bot": rng.random() < 0.1, "purposes": rng.choice([7, 7, 7, 2, 1, 0])}
        did(kind, rng.choice(units), at, **columns)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("placement", [None, "for_you"])
def test_sums_are_those_of_the_units(make_experiment: MakeExperiment, seed: int, placement: str | None) -> None:
    rng = random.Random(seed)
    shelf = placement and Placement.objects.get(slug=placement)
    experiment = make_experiment("control", "bold", "plain", cap=100.0, window_days=3, placement=shelf)
    customers, guests = [f"c{n}" for n in range(8)], [f"v{n}" for n in range(14)]
    for guest, customer_id in zip(guests, [0, 0, 1, 2, 2, 3], strict=False):
        merge(guest[1:], str(customer_id))
    for unit in [*customers[:6], *guests]:
        expose(
            experiment, rng.choice(["control", "bold", "plain"]), unit, at=START + timedelta(days=rng.uniform(0, 12))
        )
    _happen(rng, customers + guests)

    with CaptureQueriesContext(connection) as queries:
        found = experiment_sums(experiment, until=UNTIL)

    columns, units, crossed = by_hand(experiment, UNTIL)
    names = dict(experiment.variants.values_list("pk", "slug"))
    assert len(queries) == 2
    assert {names[pk]: count for pk, count in found.units.items()} == units
    assert found.crossover_count == crossed > 0
    assert {names[pk] for _, pk in found.moments} == set(columns)
    for (key, pk), moments in found.moments.items():
        rows = np.array([[unit[name] for name in METRICS[key].columns] for unit in columns[names[pk]]], dtype=float)
        assert moments.count == len(rows)
        assert moments.sums.tolist() == pytest.approx(rows.sum(axis=0).tolist()), key
        assert moments.products.ravel().tolist() == pytest.approx((rows.T @ rows).ravel().tolist()), key


def test_a_refund_after_the_window_still_counts(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment(window_days=2)
    expose(experiment, "bold", "v1")
    did("purchase", "v1", START + DAY, price=30, order_id="o")
    bold = experiment.variants.get(slug="bold").pk

    before = experiment_sums(experiment, until=UNTIL).moments
    did("refund", "v1", START + 5 * DAY, order_id="o", item_id="")
    after = experiment_sums(experiment, until=UNTIL).moments

    assert [float(before[key, bold].sums[0]) for key in ("revenue", "conversion")] == [30.0, 1.0]
    assert [float(after[key, bold].sums[0]) for key in ("revenue", "conversion")] == [0.0, 0.0]


def test_what_happened_before_the_exposure_does_not_count(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()
    expose(experiment, "bold", "v1", at=START + 2 * DAY)
    did("purchase", "v1", START + DAY, price=30, order_id="o")

    found = experiment_sums(experiment, until=UNTIL).moments["revenue", experiment.variants.get(slug="bold").pk]

    assert found.sums.tolist() == [0.0, 0.0]


def test_the_past_is_read_as_if_an_experiment_had_run(db: None) -> None:
    for unit, day, price in (("v1", 1, 10), ("v2", 2, 30), ("c1", 20, 100), ("v3", -5, 70)):
        did("view_item", unit, START + day * DAY)
        did("purchase", unit, START + day * DAY + timedelta(hours=1), price=price, order_id=unit)
    did("view_item", "v4", START + 3 * DAY)
    did("view_item", "v5", START + 3 * DAY, purposes=1)
    merge("2", "9")

    past = PastPeriod(since=START, until=START + 28 * DAY)
    revenue = past_moments(past, cap=50.0)["revenue"]

    assert (revenue.count, revenue.sums.tolist()) == (4, [10.0 + 30.0 + 50.0, 0.0])
    assert sorted(past_revenues(past)) == [10.0, 30.0, 100.0]
    assert past_units_by(past, [START + DAY, START + 2.5 * DAY, START + 28 * DAY]) == [0, 2, 4]


@pytest.mark.parametrize(("audience", "units"), [("customers", 1), ("guests", 1), ("everybody", 2)])
def test_the_past_of_an_audience(db: None, audience: str, units: int) -> None:
    did("view_item", "v1", START)
    did("view_item", "c1", START)

    found = past_moments(PastPeriod(since=START, until=UNTIL, audience=audience), cap=None)

    assert found["conversion"].count == units


def test_the_past_of_a_placement_is_who_saw_it(db: None) -> None:
    did("view_item_list", "v1", START + DAY, placement="for_you")
    did("view_item_list", "v2", START + DAY, placement="similar")
    did("select_item", "v1", START + 2 * DAY, placement="for_you")

    found = past_moments(PastPeriod(since=START, until=UNTIL, placement="for_you"), cap=None)["click_rate"]

    assert (found.count, found.sums.tolist()) == (1, [1.0, 1.0])


def test_a_past_without_anybody_is_empty(db: None) -> None:
    past = PastPeriod(since=START, until=UNTIL)

    assert (past_moments(past, cap=None), past_revenues(past), past_units_by(past, [UNTIL])) == ({}, [], [0])
