"""Progress of a run on a terminal: a bar where one can be drawn, a line per step where the output goes to a file."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from django_recs.pipeline.progress import OnProgress


@contextmanager
def progress_bar(output: OutputWrapper) -> Iterator[OnProgress]:
    """A callback that draws on ``output`` during the block."""
    if not output.isatty():
        yield lambda share, message: output.write(f"{share:4.0%} {message}")
        return
    with tqdm(total=100, file=output, bar_format="{percentage:3.0f}% |{bar}| {elapsed} {desc}") as bar:

        def draw(share: float, message: str) -> None:
            bar.n = round(100 * share)
            bar.set_description_str(message)

        yield draw
