"""What the pipeline judged is what the web serves: random visitors get equal scores from arrays and from a request."""

import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from django_recs.engine.artifacts import Artifact
from django_recs.engine.blend import Blend
from django_recs.engine.circumstances import NOTHING_KNOWN, Circumstances
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Histories, Interactions
from django_recs.engine.local_time import LocalTime
from django_recs.engine.situations import Situation, situation_of
from django_recs.learning import NetworkConfig, fit_network
from django_recs.models import Event, Placement, Visitor
from django_recs.pipeline.export import ExportedData, export_interactions
from django_recs.pipeline.voices import event_weight_array
from django_recs.serving import promote, recommend
from django_recs.serving.live import live_model
from tests.pipeline.rows import add_products
from tests.serving.fitted import publish
from tests.shop.models import Customer

pytestmark = pytest.mark.django_db

TOLERANCE = 1e-5
AGENTS = {
    "mobile": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)",
    "desktop": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0",
}
COUNTRIES = ("DE", "FR", "")
VISITOR_COUNT, EVENT_COUNT, PRODUCT_COUNT = 24, 600, 15


def add_visitors(chance: random.Random) -> list[Customer | str]:
    """Half of them customers, some of these of the staff, who were guests before, and half of them guests."""
    customers = [
        Customer.objects.create(username=f"c{number}", is_staff=number % 3 == 0) for number in range(VISITOR_COUNT // 2)
    ]
    return [*customers, *(f"{chance.getrandbits(128):032x}" for _ in range(VISITOR_COUNT // 2))]


def add_events(chance: random.Random, visitors: list[Customer | str], items: list[str]) -> None:
    """Views, baskets and orders of three lines in the last thirty days, on any device and from any country."""
    start = timezone.now().replace(microsecond=0) - timedelta(days=31)
    rows: list[Event] = []
    Visitor.objects.bulk_create(
        Visitor(visitor_id=who.pk.hex, customer_id=str(who.pk), merged_at=start)
        for who in visitors
        if isinstance(who, Customer)
    )
    for number in range(EVENT_COUNT // 3):
        who = chance.choice(visitors)
        signed_in = isinstance(who, Customer) and chance.random() < 0.7
        kind = chance.choice(["view_item", "add_to_cart", "purchase"])
        at = start + timedelta(seconds=chance.randrange(30 * 86_400))
        rows += [
            Event(
                event_id=uuid.UUID(int=chance.getrandbits(128)),
                type=kind,
                item_id=item,
                customer_id=str(who.pk) if isinstance(who, Customer) and signed_in else "",
                visitor_id=who.pk.hex if isinstance(who, Customer) else who,
                occurred_at=at if kind == "purchase" else at + timedelta(seconds=chance.randrange(900)),
                received_at=at,
                purposes=1,
                order_id=f"o{number}" if kind == "purchase" else "",
                device=chance.choice(["", *AGENTS]),
                country=chance.choice(COUNTRIES),
            )
            for item in chance.sample(items, 3)
        ]
    Event.objects.bulk_create(rows)


def fitted_blend(data: ExportedData) -> Blend:
    weights = event_weight_array()
    network = fit_network(
        data.interactions,
        data.content,
        config=NetworkConfig(width=8, max_length=20, epoch_limit=3, final_epoch_count=1, learning_rate=0.05),
        event_weights={kind.value: float(weights[code]) for code, kind in enumerate(EVENT_TYPES)},
        clock=LocalTime.of_zone(timezone.get_default_timezone()),
    )
    return Blend(voices=(network.voice(),), weights={situation: np.ones(1) for situation in Situation})


def page_of(who: Customer | str, device: str, country: str) -> HttpRequest:
    request = RequestFactory().get("/", headers={"User-Agent": AGENTS[device], "X-Country": country})
    request.COOKIES["recs_consent"] = "personalisation"
    request.user = who if isinstance(who, Customer) else AnonymousUser()
    if isinstance(who, str):
        request.COOKIES["recs_visitor"] = signing.TimestampSigner(salt="django_recs.visitor").sign(who)
    return request


def offline_scores(
    artifact: Artifact, interactions: Interactions, who: Customer | str, asked: Mapping[str, str], now: int
) -> tuple[Histories, dict[str, float]]:
    """What the pipeline's arrays give: the history of the person and the score of every item."""
    name = f"c:{who.pk}" if isinstance(who, Customer) else f"v:{who}"
    unit = np.array([interactions.unit_ids.index(name)])
    histories = interactions.histories(
        unit, now=now, length=200, asked=Circumstances.of({name: [text] for name, text in asked.items()})
    )
    scores = artifact.blend.score(histories, situation_of(histories))[0]
    return histories, dict(zip(artifact.item_ids.tolist(), scores.tolist(), strict=True))


def test_random_visitors_get_the_scores_that_the_pipeline_would_give_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TIME_ZONE = "America/New_York"
    settings.DJANGO_RECS = {
        "ARTIFACT_ROOT": str(tmp_path / "artifacts"),
        "CUSTOMER_ATTRIBUTES": {"staff": "is_staff"},
        "COUNTRY_HEADER": "X-Country",
    }
    chance = random.Random(7)
    items = add_products(PRODUCT_COUNT)
    visitors = add_visitors(chance)
    add_events(chance, visitors, items)
    data = export_interactions()
    promote(publish(tmp_path, "network", fitted_blend(data), list(data.interactions.item_ids[1:])))
    now = int(time.time())
    monkeypatch.setattr("django_recs.serving.asking.time.time", lambda: now)
    shelf = Placement(slug="random", title="Random", strategy="for_you", limit=8, exclude_purchased=False)

    compared, moved = 0, []
    for who in visitors:
        device, country = chance.choice(list(AGENTS)), chance.choice(COUNTRIES)
        online = recommend(shelf, request=page_of(who, device, country))
        asked = {"device": device, "country": country}
        if isinstance(who, Customer):
            asked["customer.staff"] = str(who.is_staff)
        model = live_model()
        assert model is not None
        histories, expected = offline_scores(model.artifact, data.interactions, who, asked, now)
        assert len(online) > 0
        for item in online:
            assert item.score == pytest.approx(expected[item.item_id], abs=TOLERANCE)
        compared += len(online)
        (voice,) = model.artifact.blend.voices
        blind = replace(histories, context=NOTHING_KNOWN, asked=NOTHING_KNOWN)
        moved.append(float(np.abs(voice.score(blind) - voice.score(histories)).max()))
    assert compared > 4 * VISITOR_COUNT
    assert min(moved) > 100 * TOLERANCE  # the circumstances were read by both, and matter


def test_the_names_that_were_read_are_those_of_the_shop(settings: Settings) -> None:
    settings.DJANGO_RECS = {"CUSTOMER_ATTRIBUTES": {"staff": "is_staff"}}
    chance = random.Random(7)
    items, visitors = add_products(PRODUCT_COUNT), add_visitors(chance)
    add_events(chance, visitors, items)

    context = export_interactions().interactions.context

    assert {name: sorted(texts) for name, texts in context.texts.items()} == {
        "device": ["", "desktop", "mobile", "tablet"],
        "country": ["", "DE", "FR"],
        "customer.staff": ["", "False", "True"],
    }
