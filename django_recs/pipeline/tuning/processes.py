"""More workers of a study on this machine, each a process of its own."""

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def more_workers(study_pk: int, count: int) -> Iterator[None]:
    """So many processes that work on the study during the block, which ends when they have."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(study_pk,), name=f"tuning {study_pk}") for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.join()


def _work(study_pk: int) -> None:
    import django

    django.setup()
    from django_recs.pipeline.tuning.report import trial_line
    from django_recs.pipeline.tuning.worker import work_off

    with suppress(KeyboardInterrupt):
        work_off(study_pk, on_trial=lambda trial: print(trial_line(trial), file=sys.stderr))  # noqa: T201
