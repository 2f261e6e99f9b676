"""What import-linter cannot see: imports inside functions, a core that runs without Django, loads that run code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import django_recs

PACKAGE = Path(django_recs.__file__).parent

WITHOUT_DJANGO = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"django", "rest_framework", "celery"}:
            raise ImportError(f"the pure core imported {name}")

sys.meta_path.insert(0, Refuse())
for package in sys.argv[1:]:
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        importlib.import_module(module.name)
        print(module.name)
"""

MAY_IMPORT_THE_PIPELINE = ("pipeline", "tasks", "management")


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module


@pytest.mark.parametrize("package", ["django_recs.engine", "django_recs.learning", "django_recs.stats"])
def test_the_pure_core_is_imported_without_django(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, package],
        cwd=PACKAGE.parent,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_pipeline_is_imported_inside_functions_of_tasks_and_commands_only() -> None:
    offenders = []
    for path in _modules():
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part == "pipeline":
            continue
        tree = ast.parse(path.read_text())
        for node, name in _imports(tree):
            if name.startswith("django_recs.pipeline") and (part not in MAY_IMPORT_THE_PIPELINE or node in tree.body):
                offenders.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")

    assert offenders == []


def test_nothing_that_is_loaded_can_run_code() -> None:
    """No pickle under any name, no ``allow_pickle=True`` and no eval."""
    offenders = []
    for path in _modules():
        tree = ast.parse(path.read_text())
        where = path.relative_to(PACKAGE)
        offenders += [
            f"{where}:{node.lineno} imports {name}"
            for node, name in _imports(tree)
            if name.partition(".")[0] in {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
        ]
        offenders += [
            f"{where}:{node.lineno} calls {ast.unparse(node.func)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _runs_code(node)
        ]

    assert offenders == []


def _runs_code(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in {"eval", "exec"}
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    allow = keywords.get("allow_pickle")
    if allow is not None and not (isinstance(allow, ast.Constant) and allow.value is False):
        return True
    if ast.unparse(call.func) == "torch.load":
        only = keywords.get("weights_only")
        return not (isinstance(only, ast.Constant) and only.value is True)
    return ast.unparse(call.func) in {"np.load", "numpy.load"} and allow is None
