import subprocess
import sys

import numpy as np

from django_recs.engine.events import PURCHASE_CODE, VIEW_CODE
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import FittedNetwork
from tests.learning.worlds import BLUE, NEW_BLUE, NEW_RED, RED, purchases


def order_for(fitted: FittedNetwork, items: list[int]) -> list[int]:
    """All items but padding, best first."""
    scores = fitted.voice().score(purchases(items))[0]
    return [item for item in np.argsort(-scores).tolist() if item]


def test_a_shopper_is_shown_the_items_of_the_same_taste_first(fitted: FittedNetwork) -> None:
    for_red = order_for(fitted, [RED[0], RED[3], RED[1]])
    for_blue = order_for(fitted, [BLUE[2], BLUE[5]])

    assert {item for item in for_red if item in RED or item in BLUE} >= set(RED)
    assert max(for_red.index(item) for item in RED) < min(for_red.index(item) for item in BLUE)
    assert max(for_blue.index(item) for item in BLUE) < min(for_blue.index(item) for item in RED)


def test_a_new_item_is_placed_by_its_content(fitted: FittedNetwork) -> None:
    for_red = order_for(fitted, [RED[0], RED[3], RED[1]])
    for_blue = order_for(fitted, [BLUE[2], BLUE[5]])

    assert for_red.index(NEW_RED) < min(for_red.index(item) for item in [*BLUE, NEW_BLUE])
    assert for_blue.index(NEW_BLUE) < min(for_blue.index(item) for item in [*RED, NEW_RED])


def test_neighbours_of_a_new_item_share_its_content(fitted: FittedNetwork) -> None:
    neighbours, cosines = fitted.voice().similar(NEW_RED, limit=len(RED))

    assert set(neighbours.tolist()) == set(RED)
    assert (np.diff(cosines) <= 0).all()


def test_padding_is_never_returned(fitted: FittedNetwork, two_tastes: tuple[Interactions, ItemContent]) -> None:
    interactions, _ = two_tastes
    histories = interactions.histories(np.arange(interactions.unit_count), now=10_000, length=50)

    scores = fitted.voice().score(histories)

    assert scores.shape == (interactions.unit_count, NEW_BLUE + 1)
    assert (scores[:, 0] <= scores[:, 1:].min(axis=1)).all()
    assert not fitted.item_vectors[0].any()


def test_the_fitted_network_says_how_it_was_fitted(fitted: FittedNetwork) -> None:
    assert fitted.epoch_count == len(fitted.losses) == len(fitted.scores) + 2
    assert fitted.losses[-1] < fitted.losses[0]
    assert fitted.device in ("cpu", "cuda")
    assert fitted.item_vectors.dtype == np.float32
    assert np.flatnonzero(fitted.read_types).tolist() == [VIEW_CODE, PURCHASE_CODE]


def test_learning_imports_no_django() -> None:
    program = "import sys\nsys.modules.update(django=None, celery=None)\nimport django_recs.learning\n"
    subprocess.run([sys.executable, "-c", program], check=True)
