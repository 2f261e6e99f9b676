"""CI lets nothing be skipped for want of a program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT

SUITE = """
import pytest

def test_of_a_server():
    pytest.skip("redis-server is not installed")

@pytest.mark.real_data
def test_of_data():
    pytest.skip("no public data sets")

@pytest.mark.xfail
def test_of_a_known_bug():
    assert False
"""


@pytest.mark.parametrize(
    ("required", "expected"),
    [("0", "2 skipped, 1 xfailed"), ("1", "1 failed, 1 skipped, 1 xfailed")],
    ids=["at home", "in CI"],
)
def test_a_missing_program(required: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real_data\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.skipping", "-p", "no:django", "-p", "no:cacheprovider"]
        + ["--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "RECS_REQUIRE_SERVERS": required},
        capture_output=True,
        text=True,
        check=False,
    )

    assert expected in done.stdout
