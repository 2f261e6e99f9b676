"""The built wheel: what is inside, and a new project that uses it by the words of the README."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import django_recs
from tests.pages import DOCS, README, ROOT, snippets

pytestmark = pytest.mark.xdist_group("wheel")

TUTORIAL = DOCS / "tutorial" / "first_shelf.md"
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

STOCK = """
import django
django.setup()

from store.models import Product

for number in range(1, 7):
    Product.objects.create(name=f"Mug {number}", category="Mugs", price=number, stock=number % 6)
"""

VISIT = """
import django
django.setup()

import django_recs
from django.test import Client
from django.test.utils import setup_test_environment

setup_test_environment()
client = Client()
home, product = client.get("/"), client.get("/products/1")
print(django_recs.__file__)
print(home.status_code, product.status_code)
print(home.content.decode(), product.content.decode())
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A new Django project in a folder of its own, which sees the installed wheel and not this repository."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, command: str) -> str:
        """What a line of shell prints. A failure is the test's."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run_script(self, code: str) -> str:
        (self.folder / "script.py").write_text(code)
        return self.run("DJANGO_SETTINGS_MODULE=mysite.settings python script.py")

    def add(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
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
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of processes that see the installed wheel and not this repository, and find ``python`` and ``django-admin``."""
    installed = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        + ["--target", str(installed), str(wheel)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_", "TEST_"))}
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**kept, "PYTHONPATH": str(installed), "PATH": programs}


@pytest.fixture(scope="session")
def project(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the files that the README shows, and the views that a shop has anyway."""
    folder = tmp_path_factory.mktemp("project")
    new = Project(folder=folder, environment=environment)
    new.run("django-admin startproject mysite .")
    new.run("python manage.py startapp store")
    (folder / "store" / "models.py").unlink()
    new.add("mysite/settings.py", "INSTALLED_APPS += ['store']\nTEMPLATES[0]['DIRS'] = [BASE_DIR / 'templates']\n")
    for snippet in snippets(README):
        if snippet.path:
            new.add(snippet.path, snippet.code)
    new.add("store/views.py", PAGES_OF_A_SHOP)
    new.add("mysite/urls.py", ROUTES_OF_A_SHOP)
    new.run("python manage.py makemigrations store")
    new.run("python manage.py migrate")
    new.run_script(STOCK)
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
    assert "no issues" in project.run("python manage.py check --fail-level WARNING")


def test_no_migration_is_missing_in_the_wheel(project: Project) -> None:
    assert "No changes detected" in project.run("python manage.py makemigrations --check --dry-run")


def _orders() -> str:
    """Order lines of 60 clients in 120 days: each buys one of two mugs that go together, then the other."""
    start = datetime.now(UTC) - timedelta(days=121)
    rows = ["product,client,order,date"]
    for visit in range(600):
        client, first = visit % 60, 1 + 2 * (visit % 3)
        when = start + timedelta(hours=4.8 * visit)
        rows += [f"{product},{client},{visit},{when.isoformat()}" for product in (first, first + 1)]
    return "\n".join(rows) + "\n"


def test_old_orders_are_imported_and_trained_on_by_the_readmes_commands(project: Project) -> None:
    commands = [
        line
        for snippet in snippets(README)
        for line in snippet.code.replace("\\\n", "").splitlines()
        if snippet.language == "sh" and line.startswith("python manage.py recs_")
    ]
    (project.folder / "orders.csv").write_text(_orders())
    project.add("mysite/settings.py", 'DJANGO_RECS["NETWORK_EPOCHS"] = 0  # counts alone take a second\n')

    shown = [project.run(command) for command in commands]

    assert [command.split()[2] for command in commands] == ["recs_import", "recs_train"]
    assert "1,200 stored" in shown[0]
    assert "ndcg" in shown[1].lower()
    visit = project.run_script(VISIT)
    assert "recs-shelf--for_you" in visit
    assert "recs-shelf--trending" in visit
    assert "recs-shelf--similar" in visit
    assert "Mug 6" not in visit  # sold out


def test_pages_with_the_readmes_tags_are_served_without_any_training(project: Project, wheel: Path) -> None:
    shown = project.run_script(VISIT)

    assert str(ROOT) not in shown.splitlines()[0]
    assert shown.splitlines()[1] == "200 200"
    assert "<h1>Mug 1</h1>" in shown
    assert "<script" in shown


VISIT_THE_TUTORIAL = """
import django
django.setup()

from django.test import Client
from django.test.utils import setup_test_environment
from store.models import Product

setup_test_environment()
home, product = (Client().get(path).content.decode() for path in ("/", Product.objects.all()[0].get_absolute_url()))
print("for_you" in home, "trending" in home, "similar" in product)
Product.objects.filter(title__startswith="Striped").update(is_published=False)
print(Client().get("/").content.decode().count(">Striped"))
"""


def test_the_tutorial_leads_to_filled_shelves(environment: dict[str, str], tmp_path: Path) -> None:
    """Its files are written and its commands are run in the order of the page."""
    shop = Project(folder=tmp_path, environment=environment)
    for snippet in snippets(TUTORIAL):
        if snippet.path == "store/models.py":
            (tmp_path / snippet.path).unlink()
        if snippet.path:
            shop.add(snippet.path, snippet.code)
        if snippet.path == "mysite/settings.py":
            shop.add(snippet.path, 'DJANGO_RECS = {"NETWORK_EPOCHS": 0}  # counts alone take seconds\n')
        if snippet.language == "sh":
            for command in snippet.code.splitlines():
                if "pip install" not in command and "runserver" not in command:
                    shop.run(command)

    assert shop.run_script(VISIT_THE_TUTORIAL).splitlines() == ["True True True", "0"]
