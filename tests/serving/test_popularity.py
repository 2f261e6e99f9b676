"""What is wanted lately, for a shop without a model."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.serving import Rung, popularity, recommend, remembered
from django_recs.serving.popularity import CACHE_KEY, count_wanted, popular_items
from tests.serving.shop_fixtures import statements
from tests.shop.models import Product

Products = dict[str, Product]
DAY = 24 * 60


def test_an_empty_table_has_nothing_popular(db: None) -> None:
    assert count_wanted() == ()


def test_events_count_by_their_weight_among_the_newest_days(
    products: Products, happened: Callable[..., object]
) -> None:
    happened("purchase", products["pot"], minutes_ago=31 * DAY)  # a month before the newest
    happened("purchase", products["mug"], minutes_ago=10)
    happened("purchase", products["mug"], minutes_ago=9)
    happened("view_item", products["bowl"], minutes_ago=8)
    happened("add_to_cart", products["bowl"], minutes_ago=7)
    happened("purchase", products["lamp"], is_bot=True, minutes_ago=6)
    happened("purchase", products["vase"], purposes=0, minutes_ago=5)
    happened("purchase", products["rug"], purposes=2, minutes_ago=4)
    happened("view_item_list", products["sofa"], minutes_ago=3)

    assert count_wanted() == (
        (str(products["mug"].pk), 2.0),
        (str(products["bowl"].pk), 1.0),
        (str(products["rug"].pk), 1.0),
    )


def test_an_imported_past_is_popular_too(products: Products, happened: Callable[..., object]) -> None:
    happened("purchase", products["pot"], minutes_ago=5_000 * DAY)

    assert [item_id for item_id, _ in count_wanted()] == [str(products["pot"].pk)]


def test_a_shop_without_a_model_shows_what_is_popular(products: Products, happened: Callable[..., object]) -> None:
    happened("purchase", products["pot"])

    for slug in ("for_you", "trending"):
        shelf = recommend(slug)
        assert ([item.title for item in shelf], shelf.rung, shelf.model_version_id) == (
            ["Pot"],
            Rung.POPULARITY,
            None,
        )


def test_counting_happens_once_in_a_while(products: Products, happened: Callable[..., object]) -> None:
    happened("purchase", products["pot"])
    with statements() as executed:
        counted = popular_items()
    assert len(executed) == 2
    with statements() as executed:
        assert popular_items() == counted
        popularity.forget()  # another process, the same cache
        assert popular_items() == counted
    assert executed == []


def test_a_cold_start_counts_once_however_many_ask(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def count() -> popularity.Counted:
        calls.append(1)
        time.sleep(0.05)
        return (("mug", 1.0),)

    monkeypatch.setattr(popularity, "count_wanted", count)
    with ThreadPoolExecutor(32) as threads:
        answers = [future.result() for future in [threads.submit(popular_items) for _ in range(32)]]

    assert answers == [(("mug", 1.0),)] * 32
    assert len(calls) == 1


def test_while_one_counts_again_the_others_go_on_with_what_they_know(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popularity, "count_wanted", lambda: (("old", 1.0),))
    popular_items()
    cache.clear()
    monkeypatch.setattr(remembered, "MEMORY_SECONDS", 0)
    popularity.forget()
    popular_items()
    cache.clear()
    started, go_on = threading.Event(), threading.Event()

    def count() -> popularity.Counted:
        started.set()
        go_on.wait(5)
        return (("new", 1.0),)

    monkeypatch.setattr(popularity, "count_wanted", count)
    with ThreadPoolExecutor(1) as thread:
        counting = thread.submit(popular_items)
        started.wait(5)
        assert popular_items() == (("old", 1.0),)
        go_on.set()
        assert counting.result() == (("new", 1.0),)


@pytest.mark.parametrize("junk", [b"junk", "junk", 7, [1, 2], [["a", "b"]], [[1, 2.0]], {"old": "schema"}, [[]]])
def test_junk_in_the_cache_is_a_miss(junk: object, products: Products, happened: Callable[..., object]) -> None:
    happened("purchase", products["pot"])
    cache.set(CACHE_KEY, junk)

    assert popular_items() == ((str(products["pot"].pk), 1.0),)
    assert cache.get(CACHE_KEY) == [[str(products["pot"].pk), 1.0]]


def test_a_broken_cache_costs_time_and_nothing_else(
    products: Products, happened: Callable[..., object], settings: DjangoSettings
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    happened("purchase", products["pot"])

    assert popular_items() == ((str(products["pot"].pk), 1.0),)
