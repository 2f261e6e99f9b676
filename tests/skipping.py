"""The rule that nothing is skipped where everything is installed."""

import os
from collections.abc import Generator

import pytest

SERVERS_REQUIRED = os.environ.get("RECS_REQUIRE_SERVERS") == "1"
MAY_BE_SKIPPED = ("real_data",)
"""Markers of tests that may be skipped even where every program is installed: their data is not part of the project."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under ``RECS_REQUIRE_SERVERS=1`` a skipped test is a failed one."""
    report = yield
    is_plain_skip = report.skipped and not hasattr(report, "wasxfail")
    if SERVERS_REQUIRED and is_plain_skip and not any(item.get_closest_marker(name) for name in MAY_BE_SKIPPED):
        report.outcome = "failed"
        report.longrepr = f"RECS_REQUIRE_SERVERS=1 allows no skip: {report.longrepr}"
    return report
