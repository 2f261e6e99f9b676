"""Training that is killed and taken up again ends where undisturbed training does, to the last bit."""

import hashlib
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import Fit, Workplace, fit
from django_recs.learning.checkpoints import Checkpoints
from tests.learning.fits import assignment_of, quiet, train
from tests.learning.worlds import SMALL, checkerboard

World = tuple[Interactions, ItemContent]
CONFIG = replace(SMALL, epoch_limit=3, patience=9, final_epoch_count=1, tokens_per_batch=128, checkpoint_seconds=0.0)
ROOT = Path(__file__).resolve().parents[2]

TRAIN_UNTIL_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.learning.fits import train
from tests.learning.test_checkpoints import CONFIG
from tests.learning.worlds import checkerboard

saves = 0
def killed_at_the_sixteenth_save():
    global saves
    saves += 1
    if saves == 16:
        os.kill(os.getpid(), signal.SIGKILL)

train(checkerboard(), CONFIG, folder=Path(sys.argv[1]), fence=killed_at_the_sixteenth_save)
"""


def facts(fitted: Fit) -> tuple[tuple[float, ...], tuple[float, ...], str]:
    vectors = hashlib.sha256(fitted.network.item_vectors.tobytes()).hexdigest()
    return fitted.network.losses, fitted.network.scores, vectors


def test_a_killed_process_is_taken_up_within_its_epoch_and_ends_with_the_same_bits(tmp_path: Path) -> None:
    undisturbed = train(checkerboard(), CONFIG)

    killed = subprocess.run([sys.executable, "-c", TRAIN_UNTIL_KILLED, str(tmp_path)], cwd=ROOT, check=False)
    left = Checkpoints(tmp_path, fingerprint="").latest_step()
    told: list[str] = []
    resumed = train(checkerboard(), CONFIG, folder=tmp_path, on_progress=lambda share, message: told.append(message))

    assert killed.returncode == -signal.SIGKILL
    assert left is not None
    assert left % (undisturbed.step // 4) != 0  # in the middle of one of four epochs
    assert (resumed.losses, resumed.scores, resumed.step) == (undisturbed.losses, undisturbed.scores, undisturbed.step)
    assert resumed.item_vectors().tobytes() == undisturbed.item_vectors().tobytes()
    assert told[0].startswith("epoch 3: ")  # the first two were not trained again


def test_a_finished_fit_is_not_repeated_for_the_same_data_and_choices(two_tastes: World, tmp_path: Path) -> None:
    place = Workplace(folder=tmp_path)
    first = fit(assignment_of(two_tastes, CONFIG), workplace=place, on_progress=quiet)

    told: list[str] = []
    again = fit(assignment_of(two_tastes, CONFIG), workplace=place, on_progress=lambda share, text: told.append(text))

    assert facts(again) == facts(first)
    assert again.network.encoder_onnx == first.network.encoder_onnx
    assert told == ["fitted by an earlier attempt"]
    with pytest.raises(StopIteration):  # another seed is another fit, and begins
        fit(assignment_of(two_tastes, replace(CONFIG, seed=1)), workplace=place, on_progress=stopped)


def stopped(share: float, message: str) -> None:
    raise StopIteration(message)


@pytest.mark.parametrize("change", ["events", "content", "config"])
def test_another_shop_has_another_fingerprint(two_tastes: World, change: str) -> None:
    interactions, content = two_tastes
    plain = assignment_of(two_tastes, CONFIG).fingerprint
    if change == "events":
        interactions = interactions.before(int(interactions.time.max()))
    elif change == "content":
        content = replace(content, prices=content.prices * 2)
    config = replace(CONFIG, learning_rate=0.02) if change == "config" else CONFIG

    assert assignment_of((interactions, content), config).fingerprint != plain


def test_who_the_shoppers_are_and_what_is_in_stock_changes_nothing(two_tastes: World) -> None:
    interactions, content = two_tastes
    others = replace(interactions, unit_ids=[f"c:{unit + 900}" for unit in range(interactions.unit_count)])
    sold_out = replace(content, available=content.available & False)

    assert assignment_of((others, sold_out), CONFIG).fingerprint == assignment_of(two_tastes, CONFIG).fingerprint


def test_the_last_two_checkpoints_and_the_spared_one_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, fingerprint="shop", token=7)
    for step in (1, 2, 3, 4):
        checkpoints.save(step, {"weights": torch.full((2,), float(step))}, spared={2})

    assert sorted(path.name for path in tmp_path.iterdir()) == [f"000000000007-{step:012d}.pt" for step in (2, 3, 4)]
    assert checkpoints.latest_step() == 4
    assert checkpoints.load(2)["weights"].tolist() == [2.0, 2.0]


def test_a_predecessor_that_writes_late_is_passed_over(tmp_path: Path) -> None:
    frozen, mine = (Checkpoints(tmp_path, fingerprint="shop", token=token) for token in (3, 4))
    mine.save(5, {"by": "mine"})
    frozen.save(9, {"by": "frozen"})

    assert mine.latest_step() == 5


def test_a_damaged_file_and_one_of_another_shop_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path, fingerprint="shop")
    checkpoints.save(1, {"good": True})
    checkpoints.save(2, {"good": False})
    (tmp_path / "000000000000-000000000002.pt").write_bytes(b"torn")

    assert checkpoints.latest_step() == 1
    assert "000000000002.pt cannot be read" in caplog.text
    assert Checkpoints(tmp_path, fingerprint="another").latest_step() is None
    with pytest.raises(FileNotFoundError, match="no usable checkpoint of step 2"):
        checkpoints.load(2)


def test_a_process_that_was_replaced_writes_nothing(tmp_path: Path) -> None:
    def replaced() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        Checkpoints(tmp_path, fingerprint="shop", fence=replaced).save(1, {})
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_holds_no_code(tmp_path: Path) -> None:
    Checkpoints(tmp_path, fingerprint="shop").save(1, {"path": Path("elsewhere")})

    assert Checkpoints(tmp_path, fingerprint="shop").latest_step() is None


def test_checkpoints_change_nothing_about_training(two_tastes: World, tmp_path: Path) -> None:
    often = train(two_tastes, CONFIG, folder=tmp_path)
    rarely = train(two_tastes, replace(CONFIG, checkpoint_seconds=3_600.0))

    assert often.losses == rarely.losses
    assert often.item_vectors().tolist() == rarely.item_vectors().tolist()
