"""Measurements and the tables they are printed as."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec


class Measurement(msgspec.Struct, frozen=True):
    """One line of a table: what was measured, what came out, and what `goals` asked for."""

    what: str
    result: str
    goal: str = ""
    note: str = ""


def markdown(title: str, measurements: Iterable[Measurement]) -> str:
    """A headed Markdown table, one row per measurement."""
    rows = [f"| {each.what} | {each.result} | {each.goal} | {each.note} |" for each in measurements]
    head = ["| What | Here | Goal | How |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


def seconds(values: Sequence[float]) -> str:
    """The median of some durations, with their range when there are several."""
    middle = spelled(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({spelled(min(values))} to {spelled(max(values))})"


def spelled(duration_seconds: float) -> str:
    """A duration with three significant digits and a unit people say.

    >>> spelled(0.0123), spelled(2.5), spelled(0.0000456)
    ('12.3 ms', '2.5 s', '45.6 us')
    """
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if duration_seconds * factor >= 1 or unit == "us":
            return f"{float(f'{duration_seconds * factor:.3g}'):g} {unit}"
    raise AssertionError("the last unit takes everything")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, round(share * len(ordered)) - 1)]


__all__ = ["Measurement", "markdown", "percentile", "seconds", "spelled"]
