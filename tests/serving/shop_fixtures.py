"""Fixtures of a shop of eight products, its orders, and the live artifact that was fitted on them."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.engine.blend import Blend
from django_recs.models import Event, ModelVersion
from django_recs.serving import promote
from tests.serving.fitted import blend_of, publish
from tests.shop.models import Product

NAMES = ("mug", "bowl", "plate", "pot", "lamp", "vase", "rug", "sofa")
ITEM_IDS = {name: str(uuid.UUID(int=place)) for place, name in enumerate(NAMES, start=1)}
TEXTS = {"mug": "stoneware mug", "rug": "stoneware mug lookalike", "sofa": "upholstered seat"}
ORDERS = [
    *((f"a{person}", ("mug", "bowl")) for person in range(6)),
    *((f"b{person}", ("mug", "plate")) for person in range(3)),
    *((f"c{person}", ("pot", "lamp")) for person in range(5)),
    *((f"d{person}", ("vase",)) for person in range(12)),
]
"""Six persons bought mug and bowl together, three mug and plate, five pot and lamp; the vase sells best and alone."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is executed inside, without the savepoints that PostgreSQL needs within the test's transaction."""
    executed: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield executed
    executed += [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


Happened = Callable[..., Event]


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    """The eight products by name; ascending keys, so that what is alike in score comes in this order."""
    return {
        name: Product.objects.create(pk=uuid.UUID(ITEM_IDS[name]), title=name.title(), price=place)
        for place, name in enumerate(NAMES, start=1)
    }


@pytest.fixture
def artifact_root(settings: DjangoSettings, tmp_path: Path) -> Path:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path / "artifacts"), "RELOAD_SECONDS": 0}
    return tmp_path / "artifacts"


@pytest.fixture(scope="session")
def blend() -> Blend:
    """Fitted on `ORDERS`."""
    orders = [(person, [ITEM_IDS[name] for name in items]) for person, items in ORDERS]
    texts = {ITEM_IDS[name]: text for name, text in TEXTS.items()}
    return blend_of(orders, list(ITEM_IDS.values()), texts)


@pytest.fixture
def staged(blend: Blend, products: dict[str, Product], artifact_root: Path, tmp_path: Path) -> ModelVersion:
    """A version that is not live yet."""
    return publish(tmp_path, "first", blend, list(ITEM_IDS.values()))


@pytest.fixture
def live(staged: ModelVersion) -> ModelVersion:
    return promote(staged)


@pytest.fixture
def happened(db: None) -> Happened:
    """Record that a visitor did something with an item so many minutes ago, with consent to everything."""

    def record(type_: str, item: Product, *, minutes_ago: int = 0, **columns: Any) -> Event:
        now = timezone.now()
        values = {"visitor_id": "guest", "purposes": 7, "source": "server"} | columns
        return Event.objects.create(
            event_id=uuid.uuid4(),
            type=type_,
            item_id=str(item.pk),
            occurred_at=now - timedelta(minutes=minutes_ago),
            received_at=now,
            **values,
        )

    return record
