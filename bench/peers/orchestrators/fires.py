"""When something fires, asked line by line: an expression, a zone and a span of time each.

Runs in environments that have nothing but the standard library in common.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version

FIRES_MAX = 30_000


def answer(fires: Callable[..., Iterator[float]], *, package: str) -> None:
    """A line for each line of the standard input, after one that says whose versions these are."""
    print(json.dumps({"version": version(package), "tzdata": version("tzdata")}))
    for line in sys.stdin:
        expression, zone, after, until = json.loads(line)
        print(json.dumps(gathered(fires(expression, zone, after=after), after, until=until)))


def gathered(fires: Iterator[float], after: int, *, until: int) -> list[int] | dict[str, str]:
    """The moments of (after, until], or how it was refused; they end where they do not go on."""
    found: list[int] = []
    try:
        for moment in fires:
            if moment <= after:
                continue
            if moment > until or len(found) == FIRES_MAX:
                break
            if found and moment <= found[-1]:
                return {"refused": "it does not go on"}
            found.append(int(moment))
    except Exception as error:
        return {"refused": type(error).__name__}
    return found


__all__ = ["answer", "gathered"]
