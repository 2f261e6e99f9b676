"""Worlds with a known answer, and networks fitted on them once per test session."""

import pytest

from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import FittedNetwork, fit_network
from tests.learning.worlds import EVENT_WEIGHTS, SMALL, checkerboard


@pytest.fixture(scope="session")
def two_tastes() -> tuple[Interactions, ItemContent]:
    return checkerboard()


@pytest.fixture(scope="session")
def fitted(two_tastes: tuple[Interactions, ItemContent]) -> FittedNetwork:
    interactions, content = two_tastes
    return fit_network(interactions, content, config=SMALL, event_weights=EVENT_WEIGHTS)
