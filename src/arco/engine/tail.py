"""The tail: what stands in the log after the newest snapshot, engine events not counted.

Law F6: what was committed while a snapshot was being written is still tail when it stands. Must not
know rows or files.
"""

from __future__ import annotations

from collections import deque

import msgspec


class Tail(msgspec.Struct, frozen=True):
    """How much stands in the log after the newest snapshot."""

    commits: int = 0
    size_bytes: int = 0
    since_seconds: float = 0.0
    """Monotonic seconds when the oldest of it was applied."""


class TailCount:
    """Counts commits as they are applied, and forgets them once a snapshot holds them."""

    def __init__(self) -> None:
        self._commits: deque[tuple[int, int, float]] = deque()
        self._size_bytes = 0

    @property
    def tail(self) -> Tail:
        """What no snapshot holds yet."""
        if not self._commits:
            return Tail()
        return Tail(len(self._commits), self._size_bytes, self._commits[0][2])

    def add(self, seq: int, size_bytes: int, *, seconds: float) -> None:
        """Slot `seq` was applied at this monotonic time."""
        self._commits.append((seq, size_bytes, seconds))
        self._size_bytes += size_bytes

    def forget(self, slot: int) -> None:
        """A snapshot holds everything up to `slot`."""
        while self._commits and self._commits[0][0] <= slot:
            self._size_bytes -= self._commits.popleft()[1]


__all__ = ["Tail", "TailCount"]
