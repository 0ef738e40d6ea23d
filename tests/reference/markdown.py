"""Markdown as the reference pages write it. Must not know what the pages are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "Generated from the code by `make docs`; a test fails when it differs.\n"


def page(title: str, introduction: str, *, sections: Iterable[str]) -> str:
    """A whole page: heading, notice, introduction, sections."""
    return "\n".join([f"# {title}\n", NOTICE, introduction.strip() + "\n", *sections])


def section(title: str, *blocks: str, level: int = 2) -> str:
    """A heading and what stands below it."""
    return "\n".join([f"{'#' * level} {title}\n", *(block.strip() + "\n" for block in blocks)])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped."""
    lines = [_line(header), "|" + "---|" * len(header)]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def code(text: str) -> str:
    """The text as code, empty text as nothing."""
    return f"`{text}`" if text else ""


def sentence(text: str) -> str:
    """One line of prose: line breaks become spaces.

    >>> sentence('Where it stands:\\n    a path.')
    'Where it stands: a path.'
    """
    return " ".join(text.split())


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(sentence(cell).replace("|", "\\|") for cell in cells) + " |"
