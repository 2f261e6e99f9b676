"""Fixtures of the whole suite: throwaway servers, and the rule that nothing is skipped where all is installed."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.skipping import pytest_runtest_makereport as pytest_runtest_makereport  # a hook

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

    from tests.example_shop.running import RunningShop

# Two test workers on two cores: a library that starts a thread per core in each of them makes both slower.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

DATA_FOLDER = Path(os.environ.get("RECS_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
"""Folder with public data sets. Tests of them are marked ``real_data`` and skip without it."""


EXPENSIVE_FIXTURES = ("postgres_server", "rabbitmq_server", "browser")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test process runs all tests of a program that is slow to start (``--dist loadgroup``)."""
    for item in items:
        for fixture in EXPENSIVE_FIXTURES:
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(fixture))
                break


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """What a web process remembers between requests belongs to one test: live model, placements, popular items."""
    from django.core.cache import cache

    from django_recs.experiments import exposure, serving_state
    from django_recs.serving import arrivals, live, placements, popularity

    for memory in (arrivals, live, placements, popularity, exposure, serving_state):
        memory.forget()
    cache.clear()


def _started(server: AbstractContextManager[servers.Server]) -> Iterator[servers.Server]:
    try:
        running = server.__enter__()
    except servers.ProgramMissing as missing:
        pytest.skip(f"{missing}; apt-get install it, or run .ci/run")
    try:
        yield running
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    """A PostgreSQL of our own; database and superuser are both named ``recs``."""
    yield from _started(servers.postgres())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """A Redis of our own."""
    yield from _started(servers.redis())


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[servers.Server]:
    """A RabbitMQ of our own."""
    yield from _started(servers.rabbitmq())


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Chrome]":
    """A headless Chromium with an empty profile. Tests clear its cookies and set the window's size themselves."""
    from selenium import webdriver

    try:
        programs = servers.browser_programs()
    except servers.ProgramMissing as missing:
        pytest.skip(f"{missing}; apt-get install it, or run .ci/run")
    folder = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = programs.chromium
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1280,900",
        f"--user-data-dir={folder / 'profile'}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(servers.tied_driver(programs.driver, folder))
    )
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningShop]":
    """The example shop, filled and trained by its demo command, on a port of its own."""
    from tests.example_shop.running import fill, serve

    folder = tmp_path_factory.mktemp("shop")
    with serve(folder, fill(folder)) as shop:
        yield shop


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the public data sets; skips without it."""
    if not DATA_FOLDER.is_dir():
        pytest.skip(f"no public data sets in {DATA_FOLDER}; set RECS_DATA to their folder")
    return DATA_FOLDER
