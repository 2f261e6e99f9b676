"""The page on events names what the code knows."""

import re
from pathlib import Path

import django_recs
from django_recs.engine.events import EVENT_TYPES
from tests.pages import DOCS

PACKAGE = Path(django_recs.__file__).parent
PAGE = (DOCS / "reference" / "events.md").read_text(encoding="utf-8")


def test_every_refusal_code_is_on_the_page_and_no_other() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "tracking").rglob("*.py"))
    raised = set(re.findall(r'EventRefused\(\s*"(\w+)"', source)) | {"database_refused", "too_deep"}
    section = PAGE.split("## Refused events")[1].split("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == raised


def test_every_event_type_is_on_the_page() -> None:
    section = PAGE.split("## Event types")[1].split("\n## ")[0]
    rows = "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("|"))

    assert [name for name in EVENT_TYPES if f"`{name.value}`" not in rows] == []


def test_every_key_is_on_the_page() -> None:
    source = (PACKAGE / "tracking" / "bodies.py").read_text(encoding="utf-8")
    read = set(re.findall(r'raw\.get\("(\w+)"\)', source))
    section = PAGE.split("## Keys")[1].split("\n## ")[0]
    listed = {
        key
        for line in section.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }

    assert listed == read
