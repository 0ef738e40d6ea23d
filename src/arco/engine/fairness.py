"""Fairness: a busy writer lets others have a turn; safety never depends on it.

A loser needs two round trips for every try, the winner one, so without a pause it could lose for as
long as the winner is busy. Must not know what is written.
Source: storage format, "Committing".
"""

from __future__ import annotations

from arco.runtime import Runtime

WINS_MAX = 4
STREAK_SECONDS_MIN = 0.05
"""Nobody minds to wait so long: on a local disk four wins take two milliseconds, and a pause after
every four of them would cost a lone writer a fifth of its time.
"""
PAUSE_ROUND_TRIPS = 2
PAUSE_SECONDS_MAX = 1.0


class Fairness:
    """Counts the wins of one writer that left no gap a loser could have used."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._wins = 0
        self._won_at = 0.0
        self._streak_began = 0.0
        self._pause_seconds = 0.0

    def won(self, began: float) -> None:
        """A slot was won by a request that was sent at `began` (monotonic seconds)."""
        now = self._runtime.monotonic()
        was_idle = began - self._won_at >= self._pause_seconds
        if was_idle or not self._wins:
            self._wins, self._streak_began = 0, began
        self._wins += 1
        self._won_at = now
        self._pause_seconds = min(PAUSE_ROUND_TRIPS * (now - began), PAUSE_SECONDS_MAX)

    def lost(self) -> None:
        """Somebody else had a turn."""
        self._wins = 0

    async def give_way(self) -> None:
        """Return at once, or two round trips later after a streak of wins."""
        if self._wins >= WINS_MAX and self._won_at - self._streak_began >= STREAK_SECONDS_MIN:
            self._wins = 0
            await self._runtime.sleep(self._pause_seconds)


__all__ = ["Fairness"]
