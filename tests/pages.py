"""Reads the documentation: sections, code blocks and links of Markdown files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FILE = re.compile(r"`(?P<path>[\w./-]+\.(?:py|html|sh))`")


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A fenced code block."""

    language: str
    path: str
    """The last file that the paragraph before the block names, such as ``shop/recs.py``; "" where it names none."""
    code: str


def pages() -> list[Path]:
    """All Markdown files of the project."""
    return [README, *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text()


def snippets(page: Path) -> list[Snippet]:
    text = page.read_text()
    return [
        Snippet(language=match["language"], path=_file_before(text[: match.start()]), code=match["code"])
        for match in _BLOCK.finditer(text)
    ]


def links(page: Path) -> Iterator[str]:
    """Targets of links outside code blocks."""
    for match in _LINK.finditer(_BLOCK.sub("", page.read_text())):
        yield match["target"]


def sections(text: str) -> dict[str, str]:
    """The text under each heading, its subsections included, by the heading's text without backquotes."""
    headings = list(re.finditer(r"^(#{1,4}) (.+)$", text, flags=re.MULTILINE))
    found = {}
    for place, heading in enumerate(headings):
        level = len(heading[1])
        ends = (later.start() for later in headings[place + 1 :] if len(later[1]) <= level)
        found[heading[2].replace("`", "").strip()] = text[heading.end() : next(ends, len(text))]
    return found


def _file_before(text: str) -> str:
    named = _FILE.findall(text.rstrip().rpartition("\n\n")[2])
    return named[-1] if named else ""
