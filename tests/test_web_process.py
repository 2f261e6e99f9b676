"""A web process serves shelves without what only training needs: neither at its start nor in its first requests.

Layer contracts cannot see a lazy import become eager, so a process of its own refuses these modules and does everything
that a web process does.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from django_recs.engine.artifacts import write_artifact
from django_recs.engine.blend import Blend
from tests.serving.shop_fixtures import ITEM_IDS, blend

__all__ = ["blend"]

ROOT = Path(__file__).resolve().parents[1]
MEMORY_LIMIT_MEGABYTES = 80
"""What django_recs may add to the resident memory of plain Django and Django REST framework."""


def _run(*arguments: str) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    for name in ("TEST_POSTGRES_PORT", "TEST_SQLITE_NAME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.web_process", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_web_process_never_loads_what_only_training_needs(blend: Blend, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    folder = tmp_path / "artifact"
    write_artifact(
        folder,
        blend=blend,
        item_ids=["", *ITEM_IDS.values()],
        created_at=datetime.now(UTC),
        code_version="tests",
        metrics={},
        dataset={},
    )

    plain, shop = _run("plain"), _run("shop", str(folder))

    added = shop["megabytes"] - plain["megabytes"]
    print(f"\nresident memory: plain {plain['megabytes']:.0f} MB, with django_recs {added:+.0f} MB")
    assert shop["loaded"] == []
    assert added <= MEMORY_LIMIT_MEGABYTES


@pytest.mark.parametrize("module", ["torch", "scipy.sparse", "django_recs.learning"])
def test_the_test_itself_would_notice(module: str) -> None:
    script = f"from tests.web_process import *; sys.meta_path.insert(0, Refuse()); import {module}"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "does not belong into a web process" in done.stderr
