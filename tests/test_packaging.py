"""The built wheel: what is inside, and a new project that uses it by the words of the README."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import django_recs
from tests.pages import README, ROOT, snippets

pytestmark = pytest.mark.xdist_group("wheel")

PACKAGED = ("*.py", "*.html", "*.js", "*.css", "*.svg", "*.txt", "*.po", "*.mo", "py.typed")

PAGES_OF_A_SHOP = """
from django.shortcuts import get_object_or_404, render
from store.models import Product

def home(request):
    return render(request, "home.html")

def product(request, pk):
    return render(request, "product.html", {"product": get_object_or_404(Product, pk=pk)})
"""

ROUTES_OF_A_SHOP = """
from store import views

urlpatterns += [path("", views.home), path("products/<int:pk>", views.product)]
"""

VISIT = """
import django
django.setup()

import django_recs
from django.test import Client
from django.test.utils import setup_test_environment
from store.models import Product

setup_test_environment()
for number in range(1, 7):
    Product.objects.create(name=f"Mug {number}", category="Mugs", price=number, stock=number % 2)
client = Client()
home, product = client.get("/"), client.get("/products/1")
print(django_recs.__file__)
print(home.status_code, product.status_code)
print(product.content.decode())
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A new Django project in a folder of its own, which sees the installed wheel and not this repository."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def add(self, path: str, text: str) -> None:
        with (self.folder / path).open("a") as file:
            file.write(f"\n{text}")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="session")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the files that the README shows, and the views that a shop has anyway."""
    installed, folder = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("project")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        + ["--target", str(installed), str(wheel)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_", "TEST_"))}
    new = Project(
        folder=folder,
        environment={**kept, "PYTHONPATH": str(installed), "DJANGO_SETTINGS_MODULE": "mysite.settings"},
    )
    without_settings = {**new.environment}
    del without_settings["DJANGO_SETTINGS_MODULE"]
    bare = Project(folder=folder, environment=without_settings)
    bare.run("-m", "django", "startproject", "mysite", ".")
    bare.run("manage.py", "startapp", "store")
    (folder / "store" / "models.py").unlink()
    new.add("mysite/settings.py", "INSTALLED_APPS += ['store']\nTEMPLATES[0]['DIRS'] = [BASE_DIR / 'templates']\n")
    (folder / "templates").mkdir()
    for snippet in snippets(README):
        if snippet.path:
            new.add(snippet.path, snippet.code)
    new.add("store/views.py", PAGES_OF_A_SHOP)
    new.add("mysite/urls.py", ROUTES_OF_A_SHOP)
    new.run("manage.py", "makemigrations", "store")
    new.run("manage.py", "migrate")
    return new


def test_the_wheel_holds_each_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    files = {path for pattern in PACKAGED for path in (ROOT / "django_recs").rglob(pattern)}
    assert packed == {str(path.relative_to(ROOT)) for path in files}


@pytest.mark.parametrize("part", ["templates/", "static/", "migrations/0001_initial.py", "py.typed"])
def test_the_wheel_holds_what_is_not_a_module(wheel: Path, part: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.startswith(f"django_recs/{part}")] != []


def test_the_metadata_names_version_licence_and_extras(metadata: Message) -> None:
    assert metadata["Version"] == django_recs.__version__
    assert metadata["License-Expression"] == "MIT"
    assert {"celery", "parquet", "train"} <= set(metadata.get_all("Provides-Extra", []))


def test_the_wheel_alone_requires_no_torch(metadata: Message) -> None:
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]

    assert [line for line in required if line.startswith(("torch", "scipy", "pandas", "celery", "pyarrow"))] == []


def test_the_projects_checks_have_nothing_to_say(project: Project) -> None:
    assert "no issues" in project.run("manage.py", "check", "--fail-level", "WARNING")


def test_no_migration_is_missing_in_the_wheel(project: Project) -> None:
    assert "No changes detected" in project.run("manage.py", "makemigrations", "--check", "--dry-run")


def test_pages_with_the_readmes_tags_are_served_before_any_training(project: Project, wheel: Path) -> None:
    shown = project.run("-c", VISIT)

    assert str(ROOT) not in shown.splitlines()[0]
    assert shown.splitlines()[1] == "200 200"
    assert "<h1>Mug 1</h1>" in shown
    assert "<script" in shown
