"""A runtime whose time and chance repeat, so that a golden history can be made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from arco.ids import sha256
from arco.runtime import AsyncioRuntime

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class RepeatingRuntime(AsyncioRuntime):
    """Asyncio, with a wall clock that moves when it is told and numbers that follow from a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._drawn = 0
        self.at = START

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at

    def entropy(self, bits: int) -> int:
        """The next number of the sequence."""
        self._drawn += 1
        return int(sha256(f"{self._name}:{self._drawn}".encode()), 16) >> (256 - bits)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.at += timedelta(seconds=seconds)
