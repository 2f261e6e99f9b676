"""New products are placed without torch where the network would place them."""

from dataclasses import replace

import numpy as np
import pytest

from django_recs.engine.content import ItemPlacer
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import FittedNetwork, fit_network
from tests.learning.worlds import BLUE, EVENT_WEIGHTS, NEW_BLUE, NEW_RED, RED, SMALL, checkerboard

TOLERANCE = 1e-5
"""Relative to the longest item vector: torch and numpy add up in different orders."""


@pytest.fixture(scope="module")
def world() -> tuple[Interactions, ItemContent]:
    """The checkerboard with a supplier's vectors, which some items lack."""
    interactions, content = checkerboard()
    rng = np.random.default_rng(1)
    sounds = rng.normal(size=(NEW_BLUE + 1, 3)).astype(np.float32)
    sounds[[0, RED[2], BLUE[4], NEW_RED]] = np.nan
    return interactions, replace(content, vectors={"sound": sounds})


@pytest.fixture(scope="module")
def network(world: tuple[Interactions, ItemContent]) -> FittedNetwork:
    return fit_network(*world, config=replace(SMALL, epoch_limit=2), event_weights=EVENT_WEIGHTS)


def assert_close(vectors: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(vectors - expected).max() <= TOLERANCE * np.abs(expected).max()


def test_items_without_events_get_the_vectors_that_the_network_gave_them(
    world: tuple[Interactions, ItemContent], network: FittedNetwork
) -> None:
    placed = network.placer.place(world[1])

    assert_close(placed[[NEW_RED, NEW_BLUE]], network.item_vectors[[NEW_RED, NEW_BLUE]])
    assert not placed[0].any()
    assert np.abs(placed[RED[0]] - network.item_vectors[RED[0]]).max() > 0.01  # that item has earned an id


def test_the_voice_brings_its_placer_through_the_artifact(
    world: tuple[Interactions, ItemContent], network: FittedNetwork
) -> None:
    voice = SequenceVoice.from_arrays(network.voice().arrays())
    alone = ItemContent(
        texts=["", world[1].texts[NEW_BLUE]],
        categories=[(), world[1].categories[NEW_BLUE]],
        prices=world[1].prices[[0, NEW_BLUE]],
        available=np.array([False, True]),
        vectors={"sound": world[1].vectors["sound"][[0, NEW_BLUE]]},
    )

    assert voice.placer is not None
    assert_close(voice.placer.place(alone)[1], network.item_vectors[NEW_BLUE])


def test_an_artifact_from_before_has_no_placer(network: FittedNetwork) -> None:
    arrays = {key: values for key, values in network.voice().arrays().items() if not key.startswith("content_")}

    assert SequenceVoice.from_arrays(arrays).placer is None


@pytest.mark.parametrize("name", ["content_weights_new", "content_weights_vectors", "content_label_tokens"])
def test_weights_that_do_not_fit_their_scale_are_refused(network: FittedNetwork, name: str) -> None:
    arrays = network.placer.arrays()

    with pytest.raises(ValueError, match="fit"):
        ItemPlacer.from_arrays({**arrays, name: arrays[name][:-1]})
