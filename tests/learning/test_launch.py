"""Several processes with Gloo come to the network of one process that saw the same batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import LossNotFinite, Workplace, fit_together
from tests.learning.fits import assignment_of, quiet, train
from tests.learning.worlds import SMALL

World = tuple[Interactions, ItemContent]
CONFIG = replace(SMALL, epoch_limit=2, final_epoch_count=1, dropout=0.0, id_dropout=0.0)
"""Without noise of their own the shares of a batch add up to the whole."""


def test_two_processes_come_to_the_network_of_one(two_tastes: World, tmp_path: Path) -> None:
    config = replace(CONFIG, full_softmax_limit=1, negative_count=12)  # ids have sparse gradients, all else dense ones
    alone = train(two_tastes, config)

    told: list[tuple[float, str]] = []
    together = fit_together(
        assignment_of(two_tastes, config),
        2,
        workplace=Workplace(folder=tmp_path),
        on_progress=lambda share, message: told.append((share, message)),
    )

    assert together.network.device == "2 x cpu"
    assert [share for share, _ in told] == pytest.approx([1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(together.network.losses, alone.losses, rtol=1e-4)
    np.testing.assert_allclose(together.network.scores, alone.scores, atol=1e-3)
    np.testing.assert_allclose(together.network.item_vectors, alone.item_vectors(), atol=2e-3)


def test_a_loss_that_diverges_in_another_process_is_told_as_such(two_tastes: World, tmp_path: Path) -> None:
    with pytest.raises(LossNotFinite, match="loss of epoch 1 is"):
        fit_together(
            assignment_of(two_tastes, replace(CONFIG, learning_rate=1e30)),
            1,
            workplace=Workplace(folder=tmp_path),
            on_progress=quiet,
        )
