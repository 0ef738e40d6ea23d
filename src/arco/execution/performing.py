"""Performing: whoever leads does what falls due outside of the log, and records what came of it.

Law C3: what is due is done, or it is under way. What dies with its process is done again, so what
is recorded has to count once. Must not know what is done.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from arco.engine.applied import Applied
from arco.errors import ArcoError
from arco.model import State
from arco.runtime import Signal, Spawned
from arco.service.workspace import Workspace

PAUSE_SECONDS_MAX = 60.0
"""Whatever the clock does, what is due is looked for so often."""
AGAIN_SECONDS = 0.5
TURN_SECONDS_MAX = 30.0
LOG = logging.getLogger(__name__)
T = TypeVar("T")


async def nothing() -> None:
    """What a duty does that has nothing to do."""


async def waited(seconds: float) -> None:
    """What a duty does that keeps nothing while there is nothing to do."""


class Duty(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What falls due, and how one such thing is done."""

    name: str
    at_once: int
    """So many things may be under way."""
    due: Callable[[State, datetime], Iterable[T]]
    """What is to be done now, what waits longest first."""
    following: Callable[[State, datetime], datetime | None]
    """When more is to be done than now; None: never, as far as is known."""
    of: Callable[[T], str]
    """For whom: one thing after the other is done for each."""
    concerns: Callable[[Applied], bool]
    """Whether there may be more to do after this slot."""
    do: Callable[[T], Awaitable[None]]
    """It is done and on record."""
    ready: Callable[[], Awaitable[None]] = nothing
    """What has to be so before anything is begun."""
    rest: Callable[[float], Awaitable[None]] = waited
    """What is given back when there is nothing to do for so many seconds."""
    close: Callable[[], Awaitable[None]] = nothing
    """What is given back at the end."""


class Performing(Generic[T]):
    """A `Performer` of a duty."""

    def __init__(self, workspace: Workspace, duty: Duty[T]) -> None:
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._duty = duty
        self._under_way: dict[str, Spawned] = {}
        self._stirred: Signal = workspace.runtime.signal()
        self._ended: Signal = workspace.runtime.signal()
        self._watch: Spawned | None = None

    async def start(self) -> None:
        """What is due is done, until `close`."""
        self._database.listeners.append(self._applied)
        self._watch = self._runtime.spawn(self._for_ever(), f"arco-{self._duty.name}")

    async def turn(self) -> int:
        """What is due was done, as far as one turn goes; how much that was."""
        until = self._runtime.monotonic() + TURN_SECONDS_MAX
        count = 0
        while self._runtime.monotonic() < until:
            begun = await self._begin_due()
            if not self._under_way:
                return count
            count += begun
            self._ended.clear()
            await self._ended.wait(AGAIN_SECONDS)
        return count

    async def close(self) -> None:
        """Nothing of ours is under way any more; what was not recorded is done again."""
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        works = [*self._under_way.values(), *([self._watch] if self._watch else [])]
        for work in works:
            work.cancel()
        for work in works:
            with suppress(BaseException):
                await work.join()
        await self._duty.close()

    def _applied(self, applied: Applied) -> None:
        if self._duty.concerns(applied):
            self._stirred.set()

    async def _for_ever(self) -> None:
        while True:
            self._stirred.clear()
            try:
                await self._duty.ready()
                await self._begin_due()
                pause_seconds = await self._pause_seconds()
            except ArcoError as error:
                LOG.warning("%s: nothing could be begun: %s", self._duty.name, error)
                pause_seconds = AGAIN_SECONDS
            await self._stirred.wait(pause_seconds)

    async def _begin_due(self) -> int:
        """What is due is under way, as much as may be at once; how much began."""
        now = self._runtime.now()
        due = await self._database.asked(lambda state: list(self._duty.due(state, now)))
        return sum(map(self._begin, due))

    def _begin(self, item: T) -> bool:
        whose = self._duty.of(item)
        if whose in self._under_way or len(self._under_way) >= self._duty.at_once:
            return False
        name = f"arco-{self._duty.name}-{whose}"
        self._under_way[whose] = self._runtime.spawn(self._done(item, whose), name)
        return True

    async def _pause_seconds(self) -> float:
        """Until more falls due than is due now."""
        now = self._runtime.now()
        following = await self._database.asked(lambda state: self._duty.following(state, now))
        left = (following - now).total_seconds() if following else float("inf")
        await self._duty.rest(left)
        return min(left, PAUSE_SECONDS_MAX)

    async def _done(self, item: T, whose: str) -> None:
        try:
            await self._duty.do(item)
        except Exception:
            LOG.exception("%s: what came of %s is not recorded", self._duty.name, whose)
            await self._runtime.sleep(AGAIN_SECONDS)
        finally:
            del self._under_way[whose]
            self._stirred.set()
            self._ended.set()


__all__ = ["AGAIN_SECONDS", "Duty", "Performing", "nothing", "waited"]
