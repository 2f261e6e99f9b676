"""Placements in the process: read rarely, and there even when the database is not."""

import pytest
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.exceptions import PlacementNotFound
from django_recs.models import Placement, Strategy
from django_recs.serving import placements
from django_recs.serving.placements import find_placement
from tests.serving.shop_fixtures import statements
from tests.serving.test_ladder import failing

pytestmark = pytest.mark.django_db


def test_the_first_migration_brings_one_placement_per_strategy() -> None:
    assert {placement.slug: placement.strategy for placement in Placement.objects.all()} == {
        strategy.value: strategy.value for strategy in Strategy
    }


def test_placements_are_read_once_in_a_while(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 60}
    with statements() as executed:
        assert find_placement("for_you").title == "Recommended for you"
        assert find_placement("trending").title == "Popular right now"
    assert len(executed) == 1


def test_an_edit_shows_at_the_next_look(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 0}
    find_placement("for_you")
    Placement.objects.filter(slug="for_you").update(title="Yours")
    Placement.objects.create(slug="home", title="Home", strategy=Strategy.TRENDING)

    assert find_placement("for_you").title == "Yours"
    assert find_placement("home").strategy == Strategy.TRENDING


def test_with_the_database_down_the_last_known_ones_serve(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 0}
    Placement.objects.filter(slug="for_you").update(title="Yours")
    find_placement("for_you")

    with failing(""):
        assert find_placement("for_you").title == "Yours"


def test_with_the_database_down_from_the_start_the_built_in_ones_serve() -> None:
    with failing(""):
        assert find_placement("for_you").strategy == Strategy.FOR_YOU
        with pytest.raises(PlacementNotFound):
            find_placement("home")


def test_a_failed_look_is_not_repeated_by_every_request(settings: DjangoSettings) -> None:
    settings.DJANGO_RECS = {"RELOAD_SECONDS": 60}
    with failing("") as refused:
        for _ in range(5):
            find_placement("for_you")

    assert len(refused) == 1
    placements.forget()
    assert find_placement("for_you").title == "Recommended for you"
