"""One of the processes that fit a network together: what ``torchrun`` starts, see `django_recs.learning.launch`.

Tells its parent what goes on as lines of JSON on standard output, and ends when the parent does.
"""

import json
import os
import sys
import threading
from pathlib import Path

from django_recs.learning.assignment import Assignment
from django_recs.learning.checkpoints import Workplace
from django_recs.learning.fitting import fit_share
from django_recs.learning.trainer import LossNotFinite, choose_device, is_out_of_memory
from django_recs.learning.world import joined_world


def main(folder: Path, token: int) -> None:
    """Do this process's share; the first one leaves the result in ``folder``."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    assignment = Assignment.read(folder)
    with joined_world(on_gpus=choose_device(assignment.config.device).type == "cuda") as world:
        try:
            fitted = fit_share(
                assignment,
                workplace=Workplace(folder=folder, token=token),
                on_progress=_tell_progress if world.is_first else lambda share, message: None,
                world=world,
            )
        except LossNotFinite as error:  # in all processes alike; to start them again would not help
            _tell(error="loss", message=str(error))
            return
        except Exception as error:
            _tell(error="memory" if is_out_of_memory(error) else "other", message=str(error))
            raise
        if fitted is not None:
            fitted.write(folder)


def _tell_progress(share: float, message: str) -> None:
    _tell(share=share, message=message)


def _tell(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """The parent never writes to this process; its end of the pipe closes when it dies, however it dies."""
    os.read(sys.stdin.fileno(), 1)  # not through Python's buffer, whose lock would abort the process at its end
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
