"""Breaches as people ask for them: promises that were not kept, those that go on first.

Reads state, changes nothing. Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator

from arco.model import State
from arco.orchestration.breaches import BREACH_COUNTS, BREACHES, Breach


def open_breaches(state: State) -> Iterator[Breach]:
    """Those that go on, by promise and subject."""
    for count in state.range(BREACH_COUNTS):
        if count.is_open:
            breach = state.get(BREACHES, count.promise, count.subject, count.last)
            if breach is not None:
                yield breach


def breaches(state: State, *, after: tuple[str, str, int] | None = None) -> Iterator[Breach]:
    """Those that are kept, by promise, subject and number, behind the key `after`."""
    return state.range(BREACHES, after=after)


__all__ = ["breaches", "open_breaches"]
