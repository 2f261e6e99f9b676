"""People with different rights in the admin, and rows for them to look at."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from django_recs.models import Event, ModelVersion, TrainingRun
from tests.admin.rows import evaluation, figures
from tests.serving.shelf_fixtures import facts, shelves
from tests.serving.shop_fixtures import artifact_root, blend, live, products, staged
from tests.shop.models import Customer

__all__ = ["artifact_root", "blend", "facts", "live", "products", "shelves", "staged"]

SignIn = Callable[..., Client]
Record = Callable[..., Event]


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser of a staff member with the named permissions of the app, such as ``view_event``."""

    def make(*permissions: str) -> Client:
        person = Customer.objects.create_user(f"staff-{uuid.uuid4()}", is_staff=True)
        found = Permission.objects.filter(content_type__app_label="django_recs", codename__in=permissions)
        assert found.count() == len(permissions)
        person.user_permissions.set(found)
        client = Client()
        client.force_login(person)
        return client

    return make


@pytest.fixture
def record(db: None) -> Record:
    """Store an event of a guest who allowed everything; keyword arguments replace columns."""

    def make(**columns: Any) -> Event:
        now = timezone.now()
        values = {"type": "view_item", "item_id": "a", "visitor_id": "guest", "purposes": 7, "source": "beacon"}
        moments = {"occurred_at": now, "received_at": now}
        return Event.objects.create(event_id=uuid.uuid4(), **{**values, **moments, **columns})

    return make


@pytest.fixture
def finished_run(db: None) -> TrainingRun:
    now = timezone.now()
    return TrainingRun.objects.create(
        status=TrainingRun.Status.PROMOTED,
        trigger="schedule",
        message="v1 is live.",
        progress=1.0,
        event_count=12_345,
        started_at=now - timedelta(minutes=6, seconds=5),
        finished_at=now,
    )


@pytest.fixture
def version(finished_run: TrainingRun) -> ModelVersion:
    """A version that beat its rivals, whose artifact does not exist."""
    metrics = evaluation(
        returning=figures(blend=0.3148, ease=0.248, trend_7d=0.1),
        cold_item=figures(blend=0.0489, text_knn=0.0728),
    )
    return ModelVersion.objects.create(
        run=finished_run, artifact="none", manifest_sha256="0" * 64, metrics=metrics, status=ModelVersion.Status.STAGED
    )
