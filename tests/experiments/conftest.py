"""Experiments that run, visitors with consent, and what they did."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.http import HttpRequest
from django.test import RequestFactory

from django_recs.models import Event, Experiment, Exposure, Variant, Visitor
from tests.shop.models import Customer

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

MakeExperiment = Callable[..., Experiment]
Asking = Callable[..., HttpRequest]


@pytest.fixture
def make_experiment(db: None) -> MakeExperiment:
    """A running experiment with a control and one variant; keyword arguments replace fields."""

    def make(
        *variants: str, weights: tuple[int, ...] = (), changes: dict[str, Any] | None = None, **fields: Any
    ) -> Experiment:
        names = variants or ("control", "bold")
        values: dict[str, Any] = {
            "slug": "header",
            "name": "Header",
            "primary_metric": "conversion",
            "planned_units": 1_000,
        }
        values |= {"status": Experiment.Status.RUNNING, "started_at": START, "planned_days": 28, "salt": "a" * 32}
        experiment = Experiment.objects.create(**{**values, **fields})
        for place, name in enumerate(names):
            Variant.objects.create(
                experiment=experiment,
                position=place,
                slug=name,
                name=name.capitalize(),
                weight=weights[place] if weights else 1,
                changes=(changes or {}) if place else {},
            )
        return experiment

    return make


@pytest.fixture
def asking(db: None, rf: RequestFactory) -> Asking:
    """The request of a visitor who allowed everything: a guest, a customer, or nobody with an id."""

    def make(
        visitor_id: str = "", customer: Customer | None = None, *, consent: str = "analytics", agent: str = BROWSER
    ) -> HttpRequest:
        request = rf.get("/", headers={"User-Agent": agent})
        request.COOKIES["recs_consent"] = consent
        if visitor_id:
            value = visitor_id + (".customer" if customer else "")
            request.COOKIES["recs_visitor"] = signing.TimestampSigner(salt="django_recs.visitor").sign(value)
        if customer is not None:
            request.user = customer
        return request

    return make


@pytest.fixture
def customer(db: None) -> Customer:
    return Customer.objects.create_user("ada")


def expose(experiment: Experiment, variant: str, unit: str, *, at: datetime = START) -> Exposure:
    """A stored first exposure of ``unit``, ``c`` or ``v`` and an id."""
    return Exposure.objects.create(
        experiment=experiment,
        variant=experiment.variants.get(slug=variant),
        unit=unit,
        customer_id=unit[1:] if unit[0] == "c" else "",
        visitor_id=unit[1:] if unit[0] == "v" else "",
        exposed_at=at,
        counts_until=at + timedelta(days=experiment.window_days),
        propensity=0.5,
    )


def did(event_type: str, unit: str, at: datetime, **columns: Any) -> Event:
    """An event of ``unit`` at a time."""
    person = {"customer_id": unit[1:]} if unit[0] == "c" else {"visitor_id": unit[1:]}
    values = {"type": event_type, "item_id": "a", "purposes": 7, "occurred_at": at, "received_at": at, **person}
    return Event.objects.create(event_id=uuid.uuid4(), **{**values, **columns})


def merge(visitor_id: str, customer_id: str) -> None:
    """The guest turned out to be the customer."""
    Visitor.objects.create(visitor_id=visitor_id, customer_id=customer_id, merged_at=START)
