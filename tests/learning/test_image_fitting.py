"""Pictures of new items place them, where a catalogue's words say nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from django_recs.engine.content.pictures import PICTURE_SIZE
from django_recs.engine.interactions import ItemContent
from django_recs.learning import image_fitting
from django_recs.learning.config import NetworkConfig
from django_recs.learning.fitting import torch_state
from django_recs.learning.image_fitting import with_image_vectors
from tests.engine.by_hand import content as plain_content

KINDS = ("striped", "plain")
COUNT = 160
CPU = torch.device("cpu")


def painted(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Stripes, or the same two colours in halves: a histogram of colours cannot tell them apart."""
    low, high = rng.integers(0, 100), rng.integers(150, 256)
    rows = np.arange(PICTURE_SIZE)
    bright = rows // 4 % 2 == 0 if kind == "striped" else rows < PICTURE_SIZE // 2
    return np.where(bright[:, None, None], high, low).astype(np.uint8).repeat(PICTURE_SIZE, axis=1).repeat(3, axis=2)


@pytest.fixture(scope="module")
def shop() -> ItemContent:
    """Every other item striped; words tell so of the taught ones only; the last item has no picture."""
    rng = np.random.default_rng(0)
    kinds = [KINDS[item % 2] for item in range(COUNT)]
    place = np.arange(-1, COUNT)
    place[-1] = -1
    pixels = np.stack([painted(kind, rng) for kind in kinds[:-1]])
    return replace(plain_content(*kinds), pictures=pixels, picture_of=place)


def test_pictures_that_look_alike_get_like_vectors(shop: ItemContent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_fitting, "STEP_LIMIT", 12)
    taught = np.arange(COUNT + 1) <= COUNT // 2

    with torch_state(NetworkConfig()):
        told = with_image_vectors(shop, taught, device=CPU, seed=0)

    vectors = told.vectors["image"]
    assert np.isnan(vectors[[0, COUNT]]).all()
    new = np.arange(COUNT // 2 + 1, COUNT)
    striped, plain = vectors[1 : COUNT // 2 : 2].mean(axis=0), vectors[2 : COUNT // 2 : 2].mean(axis=0)
    nearer = np.linalg.norm(vectors[new] - striped, axis=1) < np.linalg.norm(vectors[new] - plain, axis=1)
    assert (nearer == (new % 2 == 1)).mean() > 0.95


def test_too_few_pictures_teach_nothing(shop: ItemContent) -> None:
    told = with_image_vectors(shop, np.arange(COUNT + 1) == 1, device=CPU, seed=0)

    assert told.vectors == {}


def test_vectors_that_are_given_make_pictures_needless(shop: ItemContent) -> None:
    given = np.ones((COUNT + 1, 2), dtype=np.float32)

    told = with_image_vectors(
        replace(shop, vectors={"image": given}), np.ones(COUNT + 1, dtype=bool), device=CPU, seed=0
    )

    assert told.vectors["image"] is given
