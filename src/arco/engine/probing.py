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
        if not self._running:
            self._running = True
            try:
                await self._looked()
            finally:
                self._go_on()
            return
        look = self._next
        if look is None:
            look = self._next = Look(self._runtime.signal())
        await look.done.wait()
        if look.error is not None:
            raise look.error

    async def look_unless_recent(self, seconds: float) -> None:
        """Return once a look has ended that began at most so long ago."""
        began = self._looked_at
        if began is None or self._runtime.monotonic() - began > seconds:
            await self.look()

    async def _looked(self) -> None:
        began = self._runtime.monotonic()
        await self._catch_up()
        self._looked_at = began

    def _go_on(self) -> None:
        """Look again for those who have come meanwhile, whatever became of the look before."""
        if self._next is None:
            self._running = False
        else:
            self._runtime.spawn(self._look_for_all(), "arco-probe")

    async def _look_for_all(self) -> None:
        look, self._next = self._next, None
        assert look is not None
        look.error = _ended()
        try:
            await self._looked()
            look.error = None
        except Exception as error:
            look.error = error
        finally:
            # Also when the loop is cancelled: nobody waits for a look that will not come.
            look.done.set()
            self._go_on()


def _ended() -> Unavailable:
    return Unavailable("PROCESS_ENDING", "this process is ending", hint="ask again in a moment")


__all__ = ["Look", "Prober"]
