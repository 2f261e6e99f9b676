import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import NetworkConfig
from django_recs.learning.batches import Sequences, build_sequences
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.fitting import torch_state, train_network
from django_recs.learning.trainer import LossNotFinite, OnProgress, Trainer, choose_device
from tests.learning.worlds import SMALL, interactions_of, plain_content

World = tuple[Interactions, ItemContent]
QUICK = replace(SMALL, epoch_limit=1, final_epoch_count=1)


def train(
    world: World, *, config: NetworkConfig = QUICK, on_progress: OnProgress = lambda share, message: None
) -> Trainer:
    interactions, content = world
    with torch_state(config):
        return train_network(
            interactions,
            content,
            config=config,
            type_weights=np.ones(len(EVENT_TYPES), dtype=np.float32),
            gap_edges=fit_gap_edges(interactions),
            on_progress=on_progress,
        )


def sequences_of(world: World) -> Sequences:
    interactions, _ = world
    weights = np.ones(len(EVENT_TYPES), dtype=np.float32)
    return build_sequences(interactions, type_weights=weights, gap_edges=fit_gap_edges(interactions), config=QUICK)


def test_a_seed_fixes_the_network_to_the_last_bit(two_tastes: World) -> None:
    first, again, other = (train(two_tastes, config=replace(QUICK, seed=seed)) for seed in (3, 3, 4))

    assert first.losses == again.losses
    assert first.item_vectors().tolist() == again.item_vectors().tolist()
    for weights, same in zip(first.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(weights, same)
    assert first.losses != other.losses


def test_training_leaves_the_callers_random_numbers_and_threads_alone(two_tastes: World) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3).tolist()
    threads = torch.get_num_threads()
    torch.manual_seed(5)

    train(two_tastes, config=replace(QUICK, thread_count=threads + 1))

    assert torch.rand(3).tolist() == expected
    assert torch.get_num_threads() == threads


def test_the_best_epoch_is_kept_and_patience_ends_the_steady_phase(two_tastes: World) -> None:
    class ScriptedHoldout:
        scores = iter([0.1, 0.5, 0.3, 0.2, 0.9])

        def ndcg(self, *arguments: object) -> float:
            kept.append(next(trainer.network.parameters()).clone())
            return next(self.scores)

    trainer = train(two_tastes, config=replace(QUICK, epoch_limit=0, final_epoch_count=0))
    trainer.config = replace(QUICK, epoch_limit=9, patience=2)
    kept: list[torch.Tensor] = []

    trainer.steady_phase(sequences_of(two_tastes), ScriptedHoldout())

    assert trainer.scores == [0.1, 0.5, 0.3, 0.2]
    assert torch.equal(next(trainer.network.parameters()), kept[1])


def test_a_diverging_loss_stops_training_with_an_error(two_tastes: World) -> None:
    with pytest.raises(LossNotFinite, match="loss of epoch 1 is nan"):
        train(two_tastes, config=replace(QUICK, learning_rate=1e30))


def test_progress_rises_to_one_and_may_stop_the_run(two_tastes: World) -> None:
    shares: list[float] = []
    train(two_tastes, on_progress=lambda share, message: shares.append(share))

    assert shares == [0.5, 1.0]

    def cancel(share: float, message: str) -> None:
        raise KeyboardInterrupt(message)

    with pytest.raises(KeyboardInterrupt, match="epoch 1: loss"):
        train(two_tastes, on_progress=cancel)


def test_sampled_negatives_learn_the_same_tastes(two_tastes: World) -> None:
    trainer = train(two_tastes, config=replace(SMALL, full_softmax_limit=1, negative_count=12))

    # the next of 8 equally likely items stands at a random one of the first 8 ranks where the taste is known
    known = sum(1 / math.log2(rank + 1) for rank in range(1, 9)) / 8
    assert max(trainer.scores) > 0.9 * known


@pytest.mark.parametrize("rows", [[], [(0, 1, 0)], [(0, 1, 0), (0, 2, 0), (1, 2, 5), (1, 1, 9)]])
def test_hardly_any_data_is_enough_not_to_fail(rows: list[tuple[int, int, int]]) -> None:
    vectors = train((interactions_of(rows, item_count=2), plain_content(2))).item_vectors()

    assert vectors.shape == (3, QUICK.width)
    assert np.isfinite(vectors).all()


def test_the_device_is_cuda_when_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").type == "cpu"
