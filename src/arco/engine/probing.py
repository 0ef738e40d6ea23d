"""Strong reads that arrive together share one look at the log, which began after all of them.

Whoever asks while a look is under way waits for the next one: the one under way may have missed
what was acknowledged before the question. Must not know what is read.
Source: storage format, "Finding the head".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from arco.errors import Unavailable
from arco.runtime import Runtime, Signal


class Look:
    """One look at the log, and how it went."""

    def __init__(self, done: Signal) -> None:
        self.done = done
        self.error: BaseException | None = None


class Prober:
    """Looks for newer slots on behalf of everyone who waits, one look at a time."""

    def __init__(self, runtime: Runtime, catch_up: Callable[[], Awaitable[object]]) -> None:
        self._runtime = runtime
        self._catch_up = catch_up
        self._next: Look | None = None
        self._running = False
        self._looked_at: float | None = None

    async def look(self) -> None:
        """Return once a look that began after this call has ended.

        Raises: what looking raised. Cost: 1 GET for all who ask at the same time.
        """
        look = self._next
        if look is None:
            look = self._next = Look(self._runtime.signal())
        if not self._running:
            self._running = True
            self._runtime.spawn(self._run(), "arco-probe")
        await look.done.wait()
        if look.error is not None:
            raise look.error

    async def look_unless_recent(self, seconds: float) -> None:
        """Return once a look has ended that began at most so long ago."""
        began = self._looked_at
        if began is None or self._runtime.monotonic() - began > seconds:
            await self.look()

    async def _run(self) -> None:
        look = None
        try:
            while self._next is not None:
                look, self._next = self._next, None
                began = self._runtime.monotonic()
                try:
                    await self._catch_up()
                    self._looked_at = began
                except Exception as error:
                    look.error = error
                look.done.set()
        finally:
            # Also when the loop is cancelled: nobody waits for a look that will not come.
            self._running = False
            for unanswered in (look, self._next):
                if unanswered is not None and not unanswered.done.is_set():
                    unanswered.error = _ended()
                    unanswered.done.set()
            self._next = None


def _ended() -> Unavailable:
    return Unavailable("PROCESS_ENDING", "this process is ending", hint="ask again in a moment")


__all__ = ["Look", "Prober"]
