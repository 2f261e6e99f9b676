"""How long `recommend()` takes, as a multiple of what it cannot do without: one hydrate query and one ONNX call.

    pytest -m benchmark -s tests/benchmarks/recommend_speed.py

4,000 simulated products, a visitor with 50 events, twelve slots, every voice, a network of the default size, trees.
"""

import platform
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import django
import lightgbm
import numpy as np
import onnxruntime
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.conf import get_settings
from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.engine.local_time import LocalTime
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.ranking.features import FEATURES
from django_recs.engine.ranking.fit import PARAMETERS, TREE_COUNT
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.ranking.trees import trees_as_onnx
from django_recs.engine.recommender import Recommender
from django_recs.engine.simulation import SimulatedShop, SimulationConfig, simulate_shop
from django_recs.engine.situations import Situation
from django_recs.engine.voices import fit_voices
from django_recs.models import Event
from django_recs.serving import Rung, promote, recommend
from django_recs.serving.live import live_model
from tests.serving.fitted import publish
from tests.shop.models import Product

PRODUCT_COUNT = 4_000
EVENT_COUNT = 50
ROUND_COUNT = 200
AIM = 2.5

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]


def test_recommend_beside_what_it_cannot_do_without(settings: DjangoSettings, tmp_path: Path) -> None:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path / "artifacts")}
    config = SimulationConfig(product_count=PRODUCT_COUNT, shopper_count=1_500, day_count=60, end=_midnight())
    shop = simulate_shop(config)
    item_ids = _save_products(shop)
    promote(publish(tmp_path, "simulated", _blend(_interactions(shop, item_ids), _content(shop)), item_ids))
    _save_visits(item_ids)

    shelf = recommend("for_you", visitor_id="guest")
    assert (shelf.rung, len(shelf)) == (Rung.MODEL, 12)
    keys = [item.product.pk for item in shelf]
    network = _network_call()

    def bare() -> None:
        list(Product.objects.filter(pk__in=keys, is_published=True, stock__gt=0))
        network()

    figures = _interleaved(
        {
            "hydrate + network": bare,
            "for_you": lambda: recommend("for_you", visitor_id="guest"),
            "similar": lambda: recommend("similar", item=item_ids[0], visitor_id="guest"),
            "trending": lambda: recommend("trending", visitor_id="guest"),
        }
    )
    ratio = figures["for_you"] / figures["hydrate + network"]

    machine = platform.processor() or platform.machine()
    print(f"\n{machine}, Python {platform.python_version()}, Django {django.__version__}, {connection.vendor},")
    print(f"numpy {np.__version__}, onnxruntime {onnxruntime.__version__}; CPU time, median of {ROUND_COUNT} rounds")
    for name, seconds in figures.items():
        print(f"  {name:18} {1000 * seconds:7.3f} ms")
    print(f"  for_you / (hydrate + network) = {ratio:.2f}; the aim is {AIM} at most")
    with CaptureQueriesContext(connection) as queries:
        for slug in ("for_you", "similar", "recently_viewed"):
            recommend(slug, item=item_ids[0], visitor_id="guest")
    print(f"  three shelves: {len(queries)} queries, {sum(not q['sql'].startswith('SELECT') for q in queries)} writes")


def _midnight() -> int:
    return int(time.time()) // 86_400 * 86_400


def _save_products(shop: SimulatedShop) -> list[str]:
    rows = [
        Product(
            title=product.title,
            description=product.description,
            category=product.category[-1],
            brand=product.brand,
            price=product.price_cents / 100,
        )
        for product in shop.products
    ]
    Product.objects.bulk_create(rows, batch_size=500)
    return [str(row.pk) for row in rows]


def _interactions(shop: SimulatedShop, item_ids: list[str]) -> Interactions:
    events = shop.events
    order = np.lexsort((events.time, events.shopper))
    return Interactions(
        unit=events.shopper[order].astype(np.int32),
        item=(events.product[order] + 1).astype(np.int32),
        event_type=events.event_type[order],
        time=events.time[order],
        quantity=events.quantity[order].astype(np.float32),
        basket=events.order[order].astype(np.int32),
        unit_ids=[f"c:{shopper}" for shopper in range(shop.config.shopper_count)],
        item_ids=["", *item_ids],
    )


def _content(shop: SimulatedShop) -> ItemContent:
    return ItemContent(
        texts=["", *(f"{product.title}\n{product.description}" for product in shop.products)],
        categories=[(), *(product.category for product in shop.products)],
        prices=np.array([np.nan, *(product.price_cents / 100 for product in shop.products)]),
        available=np.array([False] + [True] * len(shop.products)),
    )


def _blend(interactions: Interactions, content: ItemContent) -> Blend:
    """All default voices, each of them heard, and a ranker: the slowest blend; one epoch changes no time."""
    from django_recs.learning.config import NetworkConfig
    from django_recs.learning.fitting import fit_network

    weights = get_settings().event_weights
    config = NetworkConfig(epoch_limit=1, final_epoch_count=0)
    clock = LocalTime.of_zone(ZoneInfo("Europe/Berlin"))
    network = fit_network(interactions, content, config=config, event_weights=weights, clock=clock)
    counting = fit_voices(interactions, content, event_weights=np.array([weights[kind] for kind in EVENT_TYPES]))
    voices = (*counting, network.voice())
    return Blend(
        voices=voices,
        weights={situation: np.ones(len(voices)) for situation in Situation},
        rankers={situation: _ranker(voices) for situation in Situation},
        facts=item_facts(interactions, content.prices),
    )


def _ranker(voices: Sequence[Recommender]) -> Ranker:
    """Trees learned from noise are as many and as large as any."""
    random = np.random.default_rng(0)
    features = random.normal(size=(50_000, len(voices) + len(FEATURES))).astype(np.float32)
    rows = lightgbm.Dataset(features, label=random.integers(0, 2, 50_000), group=np.full(500, 100))
    booster = lightgbm.train(dict(PARAMETERS), rows, num_boost_round=TREE_COUNT)
    return Ranker(
        trees_onnx=np.frombuffer(trees_as_onnx(booster), dtype=np.uint8),
        voices=np.array([voice.name for voice in voices]),
        calibration=np.array([1.0, -5.0]),
    )


def _save_visits(item_ids: list[str]) -> None:
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            event_id=uuid.uuid4(),
            type=("view_item", "view_item", "add_to_cart", "purchase")[place % 4],
            item_id=item_ids[place * 37 % len(item_ids)],
            visitor_id=visitor,
            occurred_at=now - timedelta(hours=place),
            received_at=now,
            purposes=7,
        )
        for visitor in ("guest", *(uuid.uuid4().hex for _ in range(100)))
        for place in range(EVENT_COUNT)
    )


def _network_call() -> Callable[[], object]:
    """One call of the graph, for a visitor with `EVENT_COUNT` events, with everything else prepared."""
    model = live_model()
    assert model is not None
    (voice,) = (voice for voice in model.artifact.blend.voices if isinstance(voice, SequenceVoice))
    inputs = {
        "item_vectors": np.ascontiguousarray(voice.item_vectors[None, 1 : EVENT_COUNT + 1]),
        "event_types": np.full((1, EVENT_COUNT), 2, dtype=np.int64),
        "gaps": np.ones((1, EVENT_COUNT), dtype=np.int64),
        "last": np.array([EVENT_COUNT - 1], dtype=np.int64),
        "context": np.ones((1, EVENT_COUNT, 2 * len(voice.context.values)), dtype=np.int64),
    }
    return lambda: voice._session.run(["visitors"], inputs)


def _interleaved(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of this thread's CPU time, measured in turn: what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUND_COUNT):
        for name, call in calls.items():
            start = time.thread_time()
            call()
            seconds[name].append(time.thread_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}
