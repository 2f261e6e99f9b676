"""Documentation and code say the same: whatever a shop can use is on its reference page, and examples are real."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from django.core.management import BaseCommand, get_commands, load_command_class
from django.dispatch import Signal
from django.template import engines
from django.urls import URLPattern, URLResolver, get_resolver

import django_recs
from django_recs import exceptions, signals
from django_recs.conf import Settings
from django_recs.engine.parameters import PARAMETERS
from django_recs.engine.voices import VoiceConfig
from django_recs.learning import NetworkConfig
from tests.pages import README, ROOT, Snippet, links, pages, reference, sections, snippets

PACKAGE = Path(django_recs.__file__).parent
PUBLIC_PACKAGES = ("django_recs.catalog", "django_recs.experiments", "django_recs.serving", "django_recs.tracking")
COMMANDS = sorted(name for name, app in get_commands().items() if app == "django_recs")


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name.upper())
def test_each_setting_has_a_section_with_its_default(field: "object") -> None:
    name = field.name.upper()  # type: ignore[attr-defined]
    section = sections(reference("settings"))[name]

    default = getattr(Settings(), field.name)  # type: ignore[attr-defined]
    shown = f'"{default}"' if isinstance(default, str) else str(default)
    if name != "EVENT_WEIGHTS":
        assert f"Default: `{shown}`" in section


def test_the_settings_page_names_the_default_event_weights() -> None:
    section = sections(reference("settings"))["EVENT_WEIGHTS"]

    weighty = {str(name): weight for name, weight in Settings().event_weights.items() if weight}
    documented = {
        name: float(weight)
        for names, weight in re.findall(r"((?:\w+(?: and )?)+) `([\d.]+)`", section)
        for name in names.split(" and ")
        if name != "others"
    }
    assert documented == weighty


def test_the_settings_page_names_no_setting_that_does_not_exist() -> None:
    documented = re.findall(r"^### `([A-Z_]+)`$", reference("settings"), flags=re.MULTILINE)

    assert sorted(documented) == sorted(field.name.upper() for field in fields(Settings))


def test_the_tuning_page_names_each_parameter_with_its_range_and_default() -> None:
    page = (ROOT / "docs" / "how_to" / "tuning.md").read_text()

    defaults = {"voices": VoiceConfig(), "network": NetworkConfig()}
    assert re.findall(r"^\| `(\w+\.\w+)` \| (.+) \| (.+) \|$", page, flags=re.MULTILINE) == [
        (each.name, f"{each.low:,g} to {each.high:,g}", f"{getattr(defaults[each.part], each.field):,g}")
        for each in PARAMETERS
    ]


def test_each_system_check_has_a_section() -> None:
    source = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    without_linting = re.sub(r"noqa.*", "", source)
    raised = set(re.findall(r"\b[EIW]\d{3}\b", without_linting))

    documented = re.findall(r"^## `django_recs\.([EIW]\d{3})`", reference("checks"), flags=re.MULTILINE)
    assert sorted(documented) == sorted(raised)


def test_each_template_tag_and_filter_has_a_section() -> None:
    library = importlib.import_module("django_recs.templatetags.recs").register

    documented = re.findall(r"^## `(?:\{% |\|)(\w+)", reference("tags"), flags=re.MULTILINE)
    assert sorted(documented) == sorted([*library.tags, *library.filters])


def test_each_command_has_a_section() -> None:
    documented = re.findall(r"^## `(recs_\w+)`", reference("commands"), flags=re.MULTILINE)

    assert sorted(documented) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_section_of_a_command_names_its_arguments(name: str) -> None:
    parser = load_command_class("django_recs", name).create_parser("manage.py", name)
    common = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    own = [action for action in parser._actions if action.dest not in common]

    section = sections(reference("commands"))[name]
    expected = [action.option_strings[-1] if action.option_strings else action.dest for action in own]
    assert [argument for argument in expected if f"`{argument}" not in section] == []


def test_each_signal_has_a_section() -> None:
    documented = re.findall(r"^## `(\w+)`", reference("signals"), flags=re.MULTILINE)

    assert sorted(documented) == sorted(name for name, value in vars(signals).items() if isinstance(value, Signal))


def test_each_endpoint_has_a_section_with_its_name() -> None:
    documented = dict(
        re.findall(r"^## `[A-Z]+ (\S+)`\n\nName: `([\w:-]+)`", reference("endpoints"), flags=re.MULTILINE)
    )

    assert documented == dict(_routes())


@pytest.mark.parametrize("package", PUBLIC_PACKAGES)
def test_each_public_name_is_on_the_python_page(package: str) -> None:
    page = sections(reference("python"))[package]

    assert [name for name in importlib.import_module(package).__all__ if f"`{name}" not in page] == []


def test_each_exception_is_on_the_python_page() -> None:
    page = sections(reference("python"))["django_recs.exceptions"]
    raised = [name for name, value in vars(exceptions).items() if isinstance(value, type)]

    assert [name for name in raised if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    local = [target for target in links(page) if not target.startswith(("http://", "https://", "mailto:"))]

    assert [target for target in local if not _resolves(page, target)] == []


def _snippets(*languages: str) -> list[object]:
    found = [(page, snippet) for page in pages() for snippet in snippets(page) if snippet.language in languages]
    return [pytest.param(snippet, id=f"{page.name}-{place}") for place, (page, snippet) in enumerate(found)]


@pytest.mark.parametrize("snippet", _snippets("python"))
def test_python_examples_parse_and_import_what_exists(snippet: Snippet) -> None:
    for node in ast.walk(ast.parse(snippet.code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django_recs"):
            module = importlib.import_module(node.module or "")
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


@pytest.mark.parametrize("snippet", _snippets("django", "html"))
def test_template_examples_compile(snippet: Snippet) -> None:
    code = snippet.code if "{% load recs %}" in snippet.code else "{% load recs %}" + snippet.code

    engines["django"].from_string(code)


def test_the_readme_names_the_two_commands() -> None:
    commands = [line for snippet in snippets(README) if snippet.language == "sh" for line in snippet.code.splitlines()]

    assert {"make demo", "make test"} <= {line.split("#")[0].strip() for line in commands}


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "docs" / "changelog.md").read_text()

    assert re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)[0] == django_recs.__version__


def _routes() -> Iterator[tuple[str, str]]:
    for pattern in get_resolver("django_recs.urls").url_patterns:
        yield from _flatten(pattern, "")


def _flatten(pattern: URLPattern | URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
    route = prefix + str(pattern.pattern)
    if isinstance(pattern, URLPattern):
        yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route), f"django_recs:{pattern.name}"
    else:
        for inner in pattern.url_patterns:
            yield from _flatten(inner, route)


def _resolves(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path) if path else page
    if not file.exists():
        return False
    return not anchor or anchor in {_anchor(heading) for heading in sections(file.read_text())}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
