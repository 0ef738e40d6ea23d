"""What the documents claim, against what the repository holds: tests that are named, links.

A proof that is cited and not there is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from tests.tidy.source import ROOT, Finding, Sources

TEST_NAME = re.compile(r"(?<!def )\btest_[a-z0-9_]+\b(?!\.py)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
ADR_LINES_MAX = 150
FOREIGN = ("http://", "https://", "mailto:")


Document: TypeAlias = tuple[str, str]


def documents() -> list[Document]:
    """Path and text of every Markdown file people read."""
    roots = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("tests/**/*.md")]
    return [(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in sorted(roots)]


def cited_tests(sources: Sources, texts: Iterable[Document]) -> Iterator[Finding]:
    """Tests that a document names and nobody wrote."""
    known = {function.name for module in sources.modules for function in module.functions}
    known |= {module.path.rsplit("/", 1)[-1].removesuffix(".py") for module in sources.modules}
    for path, number, name in _matches(TEST_NAME, texts):
        if name not in known:
            yield Finding(path, number, f"{name} is no test: name the one that proves it")


def links(texts: Iterable[Document]) -> Iterator[Finding]:
    """Relative links that lead nowhere."""
    for path, number, target in _matches(LINK, texts):
        leads_away = target.startswith(FOREIGN)
        if not leads_away and not (ROOT / path).parent.joinpath(target).exists():
            yield Finding(path, number, f"{target} is not there")


def decisions(texts: Iterable[Document]) -> Iterator[Finding]:
    """Records of decisions that are long, out of order, or name nothing that was rejected."""
    records = sorted((path, text) for path, text in texts if path.startswith("docs/adr/"))
    for number, (path, text) in enumerate(records, 1):
        if not path.rsplit("/", 1)[-1].startswith(f"{number:04d}-"):
            yield Finding(path, 1, f"numbers follow each other: this is record {number}")
        if not text.startswith(f"# {number}. "):
            yield Finding(path, 1, f"the heading starts with `# {number}. `")
        if len(text.splitlines()) > ADR_LINES_MAX:
            yield Finding(path, ADR_LINES_MAX, f"at most {ADR_LINES_MAX} lines")
        for heading in ("## Context", "## Decision", "## Rejected", "## Consequences"):
            if f"\n{heading}" not in text:
                yield Finding(path, 1, f"has no section {heading!r}")


def _matches(pattern: re.Pattern[str], texts: Iterable[Document]) -> Iterator[tuple[str, int, str]]:
    for path, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            yield from ((path, number, found) for found in pattern.findall(line))
