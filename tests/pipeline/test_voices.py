"""The network is fitted with patience, and not at all where torch is missing."""

from dataclasses import replace
from typing import Any, cast

import pytest
import torch

from django_recs.learning import FittedNetwork, LossNotFinite, NetworkConfig
from django_recs.pipeline.voices import fit_patiently
from tests.pipeline.processes import Project

CONFIG = NetworkConfig(tokens_per_batch=4_096, learning_rate=0.002)
DONE = cast(FittedNetwork, "fitted")


def tries(*endings: Exception | FittedNetwork) -> tuple[list[NetworkConfig], Any]:
    """A fit that ends as told, time after time, and the list of what it was called with."""
    seen: list[NetworkConfig] = []

    def fit(config: NetworkConfig) -> FittedNetwork:
        seen.append(config)
        ending = endings[len(seen) - 1]
        if isinstance(ending, Exception):
            raise ending
        return ending

    return seen, fit


def test_a_fit_that_works_is_left_alone() -> None:
    seen, fit = tries(DONE)
    assert fit_patiently(fit, CONFIG) == DONE
    assert seen == [CONFIG]


def test_exhausted_memory_halves_the_batch() -> None:
    seen, fit = tries(torch.OutOfMemoryError(), torch.OutOfMemoryError(), DONE)
    assert fit_patiently(fit, CONFIG) == DONE
    assert seen == [CONFIG, replace(CONFIG, tokens_per_batch=2_048), replace(CONFIG, tokens_per_batch=1_024)]


def test_memory_that_stays_exhausted_ends_the_run_after_five_halvings() -> None:
    seen, fit = tries(*(torch.OutOfMemoryError("out of memory") for _ in range(7)))
    with pytest.raises(torch.OutOfMemoryError):
        fit_patiently(fit, CONFIG)
    assert [config.tokens_per_batch for config in seen] == [4_096, 2_048, 1_024, 512, 256, 128]


def test_a_loss_that_diverges_halves_the_learning_rate_twice_and_then_ends_the_run() -> None:
    seen, fit = tries(*(LossNotFinite("The loss of epoch 1 is nan.") for _ in range(4)))
    with pytest.raises(LossNotFinite):
        fit_patiently(fit, CONFIG)
    assert [config.learning_rate for config in seen] == [0.002, 0.001, 0.0005]


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from tests.pipeline.rows import add_shop
from django_recs.pipeline.run import run_training
add_shop()
run = run_training(TrainingRun.objects.create().pk)
print(run.status, "sequence" in run.version.metrics["slices"]["returning"]["recommenders"])
"""


def test_without_torch_counting_voices_go_live(project: Project) -> None:
    project.recs = {**project.recs, "NETWORK_EPOCHS": 3}
    assert project.run(WITHOUT_TORCH) == "promoted False"
