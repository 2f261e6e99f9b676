import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import NetworkConfig
from django_recs.learning.batches import Batch, plan_epoch
from django_recs.learning.checkpoints import Checkpoints
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.fitting import build_network, torch_state
from django_recs.learning.networks.sequence_encoder import SequenceEncoder
from django_recs.learning.trainer import LossNotFinite, Trainer, choose_device
from tests.learning.fits import quiet, sequences_of, train
from tests.learning.worlds import SMALL, interactions_of, plain_content

World = tuple[Interactions, ItemContent]
QUICK = replace(SMALL, epoch_limit=1, final_epoch_count=1)


def test_a_seed_fixes_the_network_to_the_last_bit(two_tastes: World) -> None:
    first, again, other = (train(two_tastes, replace(QUICK, seed=seed)) for seed in (3, 3, 4))

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

    train(two_tastes, replace(QUICK, thread_count=threads + 1))

    assert torch.rand(3).tolist() == expected
    assert torch.get_num_threads() == threads


def untrained(world: World, config: NetworkConfig, folder: Path) -> Trainer:
    interactions, content = world
    edges = fit_gap_edges(interactions)
    with torch_state(config):
        network, _ = build_network(interactions, content, config=config, gap_edges=edges)
    return Trainer(network, config, quiet, checkpoints=Checkpoints(folder, fingerprint=""))


def test_the_best_epoch_is_kept_and_patience_ends_the_steady_phase(two_tastes: World, tmp_path: Path) -> None:
    class ScriptedHoldout:
        scores = iter([0.1, 0.5, 0.3, 0.2, 0.9])

        def ndcg(self, *arguments: object) -> float:
            kept.append(next(trainer.network.parameters()).clone())
            return next(self.scores)

    config = replace(QUICK, epoch_limit=9, patience=2)
    trainer = untrained(two_tastes, config, tmp_path)
    kept: list[torch.Tensor] = []

    trainer.steady_phase(sequences_of(two_tastes, config), ScriptedHoldout())  # type: ignore[arg-type]

    assert trainer.scores == [0.1, 0.5, 0.3, 0.2]
    assert torch.equal(next(trainer.network.parameters()), kept[1])


def test_a_diverging_loss_stops_training_with_an_error(two_tastes: World) -> None:
    with pytest.raises(LossNotFinite, match="loss of epoch 1 is nan"):
        train(two_tastes, replace(QUICK, learning_rate=1e30))


def test_progress_rises_to_one_and_may_stop_the_run(two_tastes: World) -> None:
    shares: list[float] = []
    train(two_tastes, QUICK, on_progress=lambda share, message: shares.append(share))

    assert shares == [0.5, 1.0]

    def cancel(share: float, message: str) -> None:
        raise KeyboardInterrupt(message)

    with pytest.raises(KeyboardInterrupt, match="epoch 1: loss"):
        train(two_tastes, QUICK, on_progress=cancel)


def test_sampled_negatives_learn_the_same_tastes(two_tastes: World) -> None:
    trainer = train(two_tastes, replace(SMALL, full_softmax_limit=1, negative_count=12))

    # the next of 8 equally likely items stands at a random one of the first 8 ranks where the taste is known
    known = sum(1 / math.log2(rank + 1) for rank in range(1, 9)) / 8
    assert max(trainer.scores) > 0.9 * known


@pytest.mark.parametrize("rows", [[], [(0, 1, 0)], [(0, 1, 0), (0, 2, 0), (1, 2, 5), (1, 1, 9)]])
def test_hardly_any_data_is_enough_not_to_fail(rows: list[tuple[int, int, int]]) -> None:
    vectors = train((interactions_of(rows, item_count=2), plain_content(2)), QUICK).item_vectors()

    assert vectors.shape == (3, QUICK.width)
    assert np.isfinite(vectors).all()


def test_the_device_is_cuda_when_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").type == "cpu"


def without_noise(config: NetworkConfig) -> NetworkConfig:
    """Where the parts of a batch have no random numbers of their own, they add up to the whole."""
    return replace(config, dropout=0.0, id_dropout=0.0)


@pytest.mark.parametrize("full_softmax_limit", [1_000, 1])
def test_a_batch_that_exceeds_the_memory_is_worked_off_in_parts(
    two_tastes: World, monkeypatch: pytest.MonkeyPatch, full_softmax_limit: int
) -> None:
    config = without_noise(replace(QUICK, full_softmax_limit=full_softmax_limit, negative_count=12))
    expected = train(two_tastes, config)
    read: list[int] = []
    encode = SequenceEncoder.forward

    def encode_in_little_memory(self: SequenceEncoder, vectors: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        if self.training:
            read.append(vectors.shape[0] * vectors.shape[1])
            if read[-1] > 200:
                raise torch.OutOfMemoryError("CUDA out of memory.")
        return encode(self, vectors, *rest)

    monkeypatch.setattr(SequenceEncoder, "forward", encode_in_little_memory)
    trainer = train(two_tastes, config)

    assert [size for size in read if size > 200] != []
    assert (trainer.part_count, trainer.step) == (4, expected.step)  # 512 tokens in four parts
    np.testing.assert_allclose(trainer.losses, expected.losses, rtol=1e-5)
    np.testing.assert_allclose(trainer.item_vectors(), expected.item_vectors(), atol=1e-4)


def test_memory_that_never_suffices_ends_training_after_five_halvings(
    two_tastes: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: SequenceEncoder, *arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(SequenceEncoder, "forward", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        train(two_tastes, QUICK)
    assert [int(record.args[0]) for record in caplog.records] == [2, 4, 8, 16, 32]  # type: ignore[index, arg-type]


def test_any_other_error_is_not_taken_for_a_lack_of_memory(
    two_tastes: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: SequenceEncoder, *arguments: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(SequenceEncoder, "forward", refuse)
    with pytest.raises(RuntimeError, match="shapes"):
        train(two_tastes, QUICK)
    assert not caplog.records


def test_a_loss_that_diverges_once_goes_back_to_the_last_checkpoint_at_half_the_rate(
    two_tastes: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = replace(SMALL, epoch_limit=3, final_epoch_count=0)
    expected = train(two_tastes, config)
    compute = Trainer._loss

    def diverge_once(self: Trainer, batch: Batch) -> torch.Tensor:
        factor = math.nan if len(self.losses) == 2 and self.loss_retries == 0 else 1.0
        rates.append((len(self.losses), self.optimizers.all[0].param_groups[0]["lr"]))
        return compute(self, batch) * factor

    rates: list[tuple[int, float]] = []
    monkeypatch.setattr(Trainer, "_loss", diverge_once)
    trainer = train(two_tastes, config, folder=tmp_path)

    assert trainer.losses[:2] == expected.losses[:2]
    assert len(trainer.losses) == 3
    assert np.isfinite(trainer.item_vectors()).all()
    assert {rate for epoch, rate in rates if epoch == 2} == {0.01, 0.005}
    assert "The loss of epoch 3 is nan" in caplog.text


def test_a_large_catalogue_moves_only_the_ids_of_a_batch(two_tastes: World, tmp_path: Path) -> None:
    trainer = untrained(two_tastes, replace(QUICK, full_softmax_limit=1, negative_count=2), tmp_path)
    before = trainer.network.tower.id.weight.detach().clone()
    sequences = sequences_of(two_tastes, trainer.config)
    epoch = plan_epoch(sequences, replace(trainer.config, tokens_per_batch=10), np.random.default_rng(0))
    trainer.network.train()

    trainer._step(epoch, 0)

    moved = (trainer.network.tower.id.weight != before).any(dim=1)
    assert trainer.network.tower.id.weight.grad.is_sparse
    batch = epoch.batch(0)
    assert batch is not None
    assert 0 < int(moved.sum()) <= len(set(batch.item.ravel().tolist()) | set(batch.pair_item.tolist())) + 2
