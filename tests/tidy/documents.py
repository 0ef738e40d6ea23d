"""What the documents claim, against what the repository holds: tests that are named, links.

A proof that is cited and not there is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.tidy.source import ROOT, Finding, Sources

TEST_NAME = re.compile(r"(?<!def )\btest_[a-z0-9_]+\b(?!\.py)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
ADR_LINES_MAX = 150
FOREIGN = ("http://", "https://", "mailto:")


def documents() -> Iterator[tuple[str, str]]:
    """Path and text of every Markdown file people read."""
    roots = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("tests/**/*.md")]
    for path in sorted(roots):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def cited_tests(sources: Sources) -> Iterator[Finding]:
    """Tests that a document names and nobody wrote."""
    known = {function.name for module in sources.modules for function in module.functions}
    known |= {module.path.rsplit("/", 1)[-1].removesuffix(".py") for module in sources.modules}
    for path, number, name in _matches(TEST_NAME):
        if name not in known:
            yield Finding(path, number, f"{name} is no test: name the one that proves it")


def links() -> Iterator[Finding]:
    """Relative links that lead nowhere."""
    for path, number, target in _matches(LINK):
        leads_away = target.startswith(FOREIGN)
        if not leads_away and not (ROOT / path).parent.joinpath(target).exists():
            yield Finding(path, number, f"{target} is not there")


def _matches(pattern: re.Pattern[str]) -> Iterator[tuple[str, int, str]]:
    for path, text in documents():
        for number, line in enumerate(text.splitlines(), 1):
            yield from ((path, number, found) for found in pattern.findall(line))


def decisions() -> Iterator[Finding]:
    """Records of decisions that are long, out of order, or name nothing that was rejected."""
    numbers = []
    for path in sorted((ROOT / "docs/adr").glob("*.md")):
        relative = path.relative_to(ROOT).as_posix()
        text = path.read_text("utf-8")
        numbers.append(int(path.name.split("-")[0]))
        if len(text.splitlines()) > ADR_LINES_MAX:
            yield Finding(relative, ADR_LINES_MAX, f"at most {ADR_LINES_MAX} lines")
        for heading in ("## Context", "## Decision", "## Rejected", "## Consequences"):
            if f"\n{heading}" not in text:
                yield Finding(relative, 1, f"has no section {heading!r}")
        if not text.startswith(f"# {numbers[-1]}. "):
            yield Finding(relative, 1, f"the heading starts with `# {numbers[-1]}. `")
    if numbers != list(range(1, len(numbers) + 1)):
        yield Finding("docs/adr", 1, f"numbers follow each other from 1: {numbers}")
