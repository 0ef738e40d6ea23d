"""Fairness: writers take turns, those that waited longest first; safety never depends on it.

A loser needs two round trips for every try, the winner one, so without a pause it could lose for as
long as the winner is busy. Every slot names its writer, so all of them know whose turn it is
without a word to each other. Must not know what is written.
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
ACTIVE_SLOTS = 32
"""A writer that won none of so many slots is taken to have nothing to say."""


class Fairness:
    """Counts the wins of one writer that left no gap a loser could have used, and whose turn it
    is.
    """

    def __init__(self, runtime: Runtime, writer: str) -> None:
        self._runtime = runtime
        self._writer = writer
        self._newest: dict[str, int] = {}
        """The newest slot of every writer that is taken to be active, oldest first."""
        self._wins = 0
        self._passed = False
        self._won_at = 0.0
        self._streak_began = 0.0
        self._trip_seconds = 0.0

    def saw(self, writer: str, seq: int) -> None:
        """Slot `seq` is this writer's."""
        self._newest.pop(writer, None)
        self._newest[writer] = seq
        oldest = next(iter(self._newest))
        if self._newest[oldest] <= seq - ACTIVE_SLOTS:
            del self._newest[oldest]

    def won(self, began: float) -> None:
        """A slot was won by a request that was sent at `began` (monotonic seconds)."""
        now = self._runtime.monotonic()
        was_idle = began - self._won_at >= self._pause_seconds(1)
        if was_idle or not self._wins:
            self._wins, self._streak_began = 0, began
        self._wins += 1
        self._passed = False
        self._won_at = now
        self._trip_seconds = now - began

    def lost(self, began: float) -> None:
        """Somebody else had a turn while our request, sent at `began`, was under way."""
        self._wins = 0
        self._trip_seconds = self._runtime.monotonic() - began

    async def give_way(self) -> None:
        """Return at once, or after a streak of wins when the others can have had a turn each."""
        if self._wins >= WINS_MAX and self._won_at - self._streak_began >= STREAK_SECONDS_MIN:
            self._wins = 0
            await self._runtime.sleep(self._pause_seconds(max(1, self._longer_waiting())))

    async def let_pass(self) -> None:
        """Return at once, unless others that want this turn have waited for longer; once a turn,
        since one that is taken to be active may have nothing to say.
        """
        waiting = self._longer_waiting()
        if waiting and not self._passed and self._trip_seconds * WINS_MAX >= STREAK_SECONDS_MIN:
            self._passed = True
            await self._runtime.sleep(self._pause_seconds(waiting))

    def _longer_waiting(self) -> int:
        """How many active writers had their last turn before our own last one."""
        ours = self._newest.get(self._writer)
        return 0 if ours is None else sum(seq < ours for seq in self._newest.values())

    def _pause_seconds(self, turns: int) -> float:
        return min(turns * PAUSE_ROUND_TRIPS * self._trip_seconds, PAUSE_SECONDS_MAX)


__all__ = ["Fairness"]
