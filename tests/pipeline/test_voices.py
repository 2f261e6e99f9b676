"""The network is fitted where there is room, and not at all where torch is missing."""

from dataclasses import replace

import pytest
import torch

from django_recs.learning import Assignment, Fit
from django_recs.pipeline.voices import fit_on_any_device, gpu_count
from tests.learning.fits import assignment_of
from tests.learning.worlds import SMALL, checkerboard
from tests.pipeline.processes import Project


class Tries:
    """A fit that finds no room on a GPU."""

    def __init__(self) -> None:
        self.devices: list[str] = []

    def __call__(self, assignment: Assignment) -> Fit:
        self.devices.append(assignment.config.device)
        if assignment.config.device != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        raise StopIteration("fitted")


def test_what_does_not_fit_into_the_memory_of_a_gpu_is_fitted_on_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    tries = Tries()
    with pytest.raises(StopIteration, match="fitted"):
        fit_on_any_device(tries, assignment_of(checkerboard(), replace(SMALL, device="auto")))
    assert tries.devices == ["auto", "cpu"]
    assert "CUDA out of memory. Training goes on on the CPU." in caplog.text


def test_a_gpu_asked_for_by_name_is_not_replaced() -> None:
    tries = Tries()
    with pytest.raises(torch.OutOfMemoryError):
        fit_on_any_device(tries, assignment_of(checkerboard(), replace(SMALL, device="cuda")))
    assert tries.devices == ["cuda"]


def test_what_a_gpu_began_has_the_fingerprint_of_the_cpu() -> None:
    on_gpu, on_cpu = (assignment_of(checkerboard(), replace(SMALL, device=device)) for device in ("auto", "cpu"))
    assert on_gpu.fingerprint == on_cpu.fingerprint


def test_without_a_gpu_one_process_trains() -> None:
    assert gpu_count("cpu") == 1
    assert gpu_count("auto") == max(1, torch.cuda.device_count())


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
