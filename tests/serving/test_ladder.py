"""Whatever breaks, a shelf comes from the next rung and a page never fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.engine.artifacts import Artifact
from django_recs.engine.encoder import SequenceVoice
from django_recs.models import ModelVersion, Placement
from django_recs.serving import Rung, recommend
from django_recs.serving.ladder import climb_down
from tests.shop.models import Product

Products = dict[str, Product]


@contextmanager
def failing(*tables: str) -> Iterator[list[str]]:
    """The database refuses every statement that names one of the tables; yields the refused statements."""
    refused: list[str] = []

    def refuse(execute: Callable[..., object], sql: str, *rest: Any) -> object:
        if any(table in sql for table in tables):
            refused.append(sql)
            raise OperationalError("the server closed the connection")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield refused


def _break(*_: object, **__: object) -> None:
    raise ValueError("broken on purpose")


@pytest.fixture
def visited(live: ModelVersion, products: Products, happened: Callable[..., object]) -> None:
    happened("view_item", products["pot"])


@pytest.mark.usefixtures("visited")
def test_without_the_network_the_counts_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.InferenceSession", _break)
    monkeypatch.setattr(SequenceVoice, "similar", _break)

    shelf = recommend("for_you", visitor_id="guest", limit=1)
    similar = recommend("similar", item=Product.objects.get(title="Mug"), limit=1)

    assert ([item.title for item in shelf], shelf.rung) == (["Lamp"], Rung.COUNTS)
    assert ([item.title for item in similar], similar.rung) == (["Bowl"], Rung.COUNTS)


@pytest.mark.usefixtures("visited")
def test_without_any_scores_what_is_popular_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_recs.engine.blend.Blend.rank", _break)

    shelf = recommend("for_you", visitor_id="guest", limit=1)

    assert ([item.title for item in shelf], shelf.rung) == (["Vase"], Rung.POPULARITY)


@pytest.mark.usefixtures("visited")
def test_with_every_rung_broken_the_shelf_is_empty(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("django_recs.engine.blend.Blend.rank", _break)
    monkeypatch.setattr(Artifact, "trending", _break)

    shelf = recommend("for_you", visitor_id="guest")

    assert (len(shelf), shelf.rung, shelf.token) == (0, Rung.EMPTY, "")
    assert [record.getMessage() for record in caplog.records] == [
        f"The rung {rung} failed; trying the next one" for rung in ("model", "counts", "popularity")
    ]


@pytest.mark.usefixtures("visited")
def test_without_the_history_the_visitor_is_somebody_new(products: Products) -> None:
    with failing("django_recs_event"):
        shelf = recommend("for_you", visitor_id="guest", limit=1)

    assert ([item.title for item in shelf], shelf.rung) == (["Vase"], Rung.POPULARITY)


@pytest.mark.usefixtures("visited")
@pytest.mark.parametrize("slug", ["for_you", "similar", "frequently_bought_together", "recently_viewed", "trending"])
def test_with_the_database_down_every_shelf_is_empty(slug: str, products: Products) -> None:
    with failing(""):
        shelf = recommend(slug, visitor_id="guest", item=products["mug"])

    assert (len(shelf), shelf.rung) == (0, Rung.EMPTY)


@pytest.mark.usefixtures("visited")
def test_the_products_are_asked_for_once_when_the_database_is_down() -> None:
    with failing("shop_product") as refused:
        recommend("for_you", visitor_id="guest")

    assert len(refused) == 1


def test_with_the_database_down_from_the_start_there_is_nothing(db: None) -> None:
    with failing(""):
        assert len(recommend("for_you", visitor_id="guest")) == 0


def test_the_surrounding_transaction_stays_usable(visited: None, products: Products) -> None:
    with transaction.atomic():
        Placement.objects.filter(slug="for_you").update(title="Before")
        with failing("django_recs_event", "shop_product"):
            recommend("for_you", visitor_id="guest")
        Placement.objects.filter(slug="for_you").update(limit=7)

    placement = Placement.objects.get(slug="for_you")
    assert (placement.title, placement.limit) == ("Before", 7)


def test_a_transaction_that_is_broken_already_gets_an_empty_shelf(
    visited: None, products: Products, settings: DjangoSettings
) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        transaction.set_rollback(True)
        assert len(recommend("for_you", visitor_id="guest")) == 0
        raise ZeroDivisionError


def test_the_first_rung_with_enough_items_is_taken() -> None:
    made: dict[Rung, tuple[Any, ...]] = {Rung.MODEL: ("a",), Rung.COUNTS: ("a", "b"), Rung.POPULARITY: ("a", "b", "c")}

    assert climb_down(made, made.__getitem__, enough=1) == (Rung.MODEL, ("a",))
    assert climb_down(made, made.__getitem__, enough=2) == (Rung.COUNTS, ("a", "b"))
    assert climb_down(made, made.__getitem__, enough=4) == (Rung.EMPTY, ())
    assert climb_down((), made.__getitem__, enough=1) == (Rung.EMPTY, ())


def test_below_a_database_error_no_rung_is_tried() -> None:
    tried: list[Rung] = []

    def attempt(rung: Rung) -> tuple[Any, ...]:
        tried.append(rung)
        raise DatabaseError("gone")

    assert climb_down(list(Rung), attempt, enough=1) == (Rung.EMPTY, ())
    assert tried == [Rung.MODEL]
