"""What is wrong with a project: one sentence, where it stands, and the traceback of failing code.

Must not know how a problem was found.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import SourceLine

SHOWN_MAX = 50


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """One thing to mend before the project can be deployed."""

    file: str
    line: int
    sentence: str
    traceback: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        return place + self.sentence


def problem_at(source: SourceLine, sentence: str) -> Problem:
    """A problem at a place of the project."""
    return Problem(source.file, source.line, sentence)


def definitions_invalid(problems: Sequence[Problem]) -> Invalid:
    """The error that says everything that is wrong, in order of file and line."""
    ordered = sorted(set(problems))
    lines = [f"{each}\n{each.traceback}".rstrip() for each in ordered[:SHOWN_MAX]]
    if len(ordered) > SHOWN_MAX:
        lines.append(f"... and {len(ordered) - SHOWN_MAX} more")
    return Invalid(
        "DEFINITIONS_INVALID",
        "\n".join(lines),
        hint="mend the named lines; nothing was deployed",
        problems=ordered,
    )


__all__ = ["Problem", "definitions_invalid", "problem_at"]
