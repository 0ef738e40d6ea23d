"""What the terminal can show, and how values look on it. Nothing durable depends on it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

COLUMN_GAP = "  "
PLAIN_CONTROLS = "\t\n"
STARTED_FIELD = 19
"""Of `/proc/self/stat`, counted from the field after the program's name."""


def is_live() -> bool:
    """Whether a display may redraw itself: a terminal, and nobody asked for plain text."""
    plain = any(os.environ.get(name) for name in ("NO_COLOR", "CI"))
    return sys.stdout.isatty() and not plain and os.environ.get("TERM") != "dumb"


def program() -> str:
    """What a user types to start this program again: `arco`, or the path it was started by."""
    started = Path(sys.argv[0])
    found = shutil.which("arco")
    if found is not None and started.exists() and Path(found).samefile(started):
        return "arco"
    if started.name != "arco":
        return "arco"
    here = Path.cwd()
    path = started.resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def age_seconds() -> float:
    """How long ago this process was started, its imports included."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def harmless(text: str) -> str:
    """The text with control characters spelled out: what a task prints must not steer a terminal.

    >>> print(harmless("done" + chr(27) + "[2J"))
    done<1b>[2J
    """
    return "".join(c if c.isprintable() or c in PLAIN_CONTROLS else f"<{ord(c):02x}>" for c in text)


def print_json(value: object) -> None:
    """The value as indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A heading and one line a row, aligned: numbers to the right, None empty.

    >>> print(table(["name", "rows"], [["a", 1234], ["long", None]]))
    name   rows
    a     1,234
    long
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    right = [
        any(isinstance(value, int | float) for value in column)
        for column in (zip(*rows, strict=True) if rows else [()] * len(headings))
    ]
    return "\n".join(_line(line, widths, right=right) for line in [list(headings), *cells])


def seconds(value: float | None) -> str:
    """A duration as people say it.

    >>> seconds(0.04), seconds(12.34), seconds(75), seconds(None)
    ('0.0 s', '12.3 s', '1 min 15 s', '')
    """
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%SZ")


def counted(number: int, noun: str) -> str:
    """The number with its noun.

    >>> counted(1, "task"), counted(2000, "row")
    ('1 task', '2,000 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(cells: Sequence[str], widths: Sequence[int], *, right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return COLUMN_GAP.join(padded).rstrip()


__all__ = [
    "age_seconds",
    "counted",
    "harmless",
    "is_live",
    "moment",
    "print_json",
    "program",
    "seconds",
    "table",
]
