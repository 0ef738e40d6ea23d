"""The Runtime port: everything the engine and the service may await besides the Store.

Production implements it once with asyncio (`AsyncioRuntime`), the simulator once with a seeded
scheduler and a virtual clock. This is the only file that reads a clock or a random source.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Args = TypeVarTuple("Args")
_SWITCH_SECONDS = 0.0005


class Signal(Protocol):
    """A flag that tasks wait for; it stays set until it is cleared."""

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def is_set(self) -> bool: ...

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """Return True once set, False if `timeout_seconds` passed first."""
        ...


class Spawned(Protocol):
    """A task that runs beside its parent."""

    def cancel(self) -> None: ...

    def done(self) -> bool: ...

    async def join(self) -> Any:
        """Return the task's result or raise what it raised."""
        ...


class Runtime(Protocol):
    """Time, tasks, threads and chance."""

    def now(self) -> datetime:
        """The wall clock, aware UTC, microseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def entropy(self, bits: int) -> int:
        """A uniformly random integer of `bits` bits."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> Spawned: ...

    def signal(self) -> Signal: ...

    async def gather(self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """All results in order; the first failure is raised after the others have ended."""
        ...

    async def thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """Run blocking `work` away from the loop."""
        ...


class AsyncioSignal:
    """A `Signal` on asyncio's futures; waiting costs a timer, never a task."""

    def __init__(self) -> None:
        self._is_set = False
        # In the order they came: who asked first goes on first.
        self._waiters: dict[asyncio.Future[bool], None] = {}

    def set(self) -> None:
        self._is_set = True
        for waiter in self._waiters:
            settle(waiter, True)

    def clear(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        if self._is_set:
            return True
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters[waiter] = None
        timer = None
        if timeout_seconds is not None:
            timer = loop.call_later(timeout_seconds, settle, waiter, False)
        try:
            return await waiter
        finally:
            self._waiters.pop(waiter, None)
            if timer is not None:
                timer.cancel()


class AsyncioSpawned:
    """A `Spawned` on an asyncio task."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()

    def done(self) -> bool:
        return self._task.done()

    async def join(self) -> Any:
        # Whoever gives up waiting does not end what others wait for.
        return await asyncio.shield(self._task)


class AsyncioRuntime:
    """The production `Runtime`."""

    def __init__(self) -> None:
        # The loop itself holds its tasks only weakly.
        self._spawned: set[asyncio.Task[Any]] = set()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def entropy(self, bits: int) -> int:
        return secrets.randbits(bits)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> Spawned:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)
        return AsyncioSpawned(task)

    def signal(self) -> Signal:
        return AsyncioSignal()

    async def gather(self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        results = await asyncio.gather(*works, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    async def thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        return await asyncio.to_thread(work, *args)


def settle(waiter: asyncio.Future[bool], answer: bool) -> None:
    """The waiter has this answer, unless it has one already."""
    if not waiter.done():
        waiter.set_result(answer)


def put_loop_first() -> None:
    """Whatever else this process computes, its loop gets on at once.

    A loop that asks the system for something lets another thread go on, and by default gets its
    turn back only after five milliseconds of Python there; a commit asks a dozen times. And what
    was loaded by now stays for good: the garbage collector need not look at it again and again.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()


def run(main: Awaitable[T]) -> T:
    """Run `main` to its end on a fresh asyncio loop: the entry point of every process."""

    async def enter() -> T:
        return await main

    return asyncio.run(enter())


def run_anywhere(main: Awaitable[T]) -> T:
    """Run `main` to its end, also where a loop runs already: then in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run(main)
    with ThreadPoolExecutor(1, "arco-loop") as apart:
        return apart.submit(contextvars.copy_context().run, run, main).result()


__all__ = [
    "AsyncioRuntime",
    "AsyncioSignal",
    "AsyncioSpawned",
    "Runtime",
    "Signal",
    "Spawned",
    "put_loop_first",
    "run",
    "run_anywhere",
    "settle",
]
