"""Queries in, results out: a bounded queue before a few warm worker processes.

Law: whatever a query does, it costs at most its limits and its own worker; the next query finds a
fresh one. Must not know SQL, DuckDB or Arrow.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import msgspec

from arco.errors import (
    ArcoError,
    Corrupt,
    Invalid,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from arco.query.names import TableName
from arco.query.process import WorkerProcess, race, start_worker
from arco.query.protocol import (
    Abandon,
    Ask,
    Column,
    Done,
    Failed,
    Format,
    Framed,
    FromWorker,
    Inline,
    Layered,
    Layers,
    Needs,
    OnWire,
    Provide,
    Provision,
)
from arco.runtime import Runtime, Signal, Spawned

Provider: TypeAlias = Callable[[Sequence[TableName]], Awaitable[Sequence[Provision]]]

NOTHING: Mapping[str, str] = {}
MEMORY_BYTES = 4 * 1024**3
WAITING_MAX = 32
WAIT_SECONDS_MAX = 30.0
OUT_OF_MEMORY = "QUERY_OUT_OF_MEMORY"
KINDS: dict[str, type[ArcoError]] = {
    kind.__name__: kind for kind in (Corrupt, Invalid, NotFound, Unavailable)
}


class Result(msgspec.Struct, frozen=True):
    """A query's rows, spelled in the format that was asked for."""

    columns: tuple[Column, ...]
    rows: int
    truncated: bool
    """True: there were more rows than the limits let through."""
    body: bytes
    format: Format
    elapsed_ms: float


class QueryPool:
    """At most `size` queries at once, each in a worker process of its own."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        size: int = 1,
        memory_bytes: int = MEMORY_BYTES,
        waiting_max: int = WAITING_MAX,
        environment: Mapping[str, str] = NOTHING,
    ) -> None:
        self._runtime = runtime
        self._size = size
        self._memory_bytes = memory_bytes
        self._waiting_max = waiting_max
        self._environment = environment
        self._idle: deque[WorkerProcess] = deque()
        self._busy: set[WorkerProcess] = set()
        self._starting: deque[Spawned] = deque()
        self._awaited: set[Spawned] = set()
        self._ending: set[Spawned] = set()
        self._waiting: deque[Signal] = deque()
        self._running = 0
        self._closed = False

    async def warm(self) -> None:
        """All workers are loaded and wait, so that the first query does not."""
        while self._running + len(self._idle) + len(self._starting) < self._size:
            self._prefork()
        while self._starting:
            self._idle.append(await self._starting.popleft().join())

    async def run(self, ask: Ask, provider: Provider, *, cancelled: Signal | None = None) -> Result:
        """The rows of one SELECT over what `provider` stands behind the names in it.

        Raises: Invalid (`QUERY_INVALID`, `QUERY_NOT_READ_ONLY`, `QUERY_TOO_LARGE`,
        `QUERY_TIMEOUT`, `QUERY_OUT_OF_MEMORY`, `QUERY_RESULT_TOO_LARGE`, `TABLE_NOT_FOUND`),
        Conflict `QUERY_CANCELLED`, TooManyRequests `QUERY_BUSY`, Unavailable (`QUERY_WORKER_LOST`,
        `TABLE_UNREADABLE`), and what the provider raises.
        """
        _check_size(ask)
        if self._closed:
            raise _closed()
        await self._take_turn()
        worker: WorkerProcess | None = None
        try:
            worker = await self._take_worker()
            self._busy.add(worker)
            return await self._answer(worker, ask, provider=provider, cancelled=cancelled)
        finally:
            if worker is not None:
                self._give_back(worker)
            self._pass_turn()

    async def close(self) -> None:
        """No worker runs any more; running queries fail."""
        self._closed = True
        for starting in (*self._starting, *self._awaited):
            with suppress(Unavailable):
                self._end(await starting.join())
        self._starting.clear()
        for worker in (*self._idle, *self._busy):
            self._end(worker)
        self._idle.clear()
        for ending in tuple(self._ending):
            await ending.join()

    async def _answer(
        self, worker: WorkerProcess, ask: Ask, *, provider: Provider, cancelled: Signal | None
    ) -> Result:
        started = self._runtime.monotonic()
        seconds_max = ask.limits.seconds_max
        try:
            done, body = await race(
                _converse(worker, ask, provider=provider), seconds_max, cancelled=cancelled
            )
        except TimeoutError as error:
            raise Invalid(
                "QUERY_TIMEOUT",
                f"the query took longer than {seconds_max:g} s and was stopped",
                hint="read fewer rows or columns, or filter earlier",
            ) from error
        except (EOFError, ConnectionError) as error:
            raise _lost(await _ended(worker)) from error
        elapsed_ms = (self._runtime.monotonic() - started) * 1000
        return Result(done.columns, done.rows, done.truncated, body, ask.format, elapsed_ms)

    async def _take_turn(self) -> None:
        if self._running < self._size and not self._waiting:
            self._running += 1
            return
        if len(self._waiting) >= self._waiting_max:
            raise _busy()
        turn = self._runtime.signal()
        self._waiting.append(turn)
        try:
            if not await turn.wait(WAIT_SECONDS_MAX):
                raise _busy()
        except BaseException:
            if turn.is_set():
                self._pass_turn()
            else:
                self._waiting.remove(turn)
            raise

    def _pass_turn(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._running -= 1

    async def _take_worker(self) -> WorkerProcess:
        while self._idle:
            worker = self._idle.popleft()
            if worker.is_usable():
                return worker
            self._end(worker)
        if not self._starting:
            self._prefork()
        starting = self._starting.popleft()
        self._awaited.add(starting)
        try:
            started: WorkerProcess = await starting.join()
            return started
        finally:
            self._awaited.discard(starting)

    def _give_back(self, worker: WorkerProcess) -> None:
        self._busy.discard(worker)
        if worker.is_usable() and not self._closed:
            self._idle.append(worker)
            return
        self._end(worker)
        if not self._closed:
            self._prefork()

    def _prefork(self) -> None:
        self._starting.append(
            self._runtime.spawn(
                start_worker(self._memory_bytes, self._environment), "query-worker-start"
            )
        )

    def _end(self, worker: WorkerProcess) -> None:
        worker.kill()
        ending = self._runtime.spawn(worker.exit_code(), "query-worker-end")
        self._ending = {other for other in self._ending if not other.done()} | {ending}


async def _converse(worker: WorkerProcess, ask: Ask, *, provider: Provider) -> tuple[Done, bytes]:
    """The answer and its body; the worker is clean again unless memory ran out."""
    worker.clean = False
    await worker.send(ask)
    message = await worker.receive()
    while isinstance(message, Needs):
        message = await _provide(worker, message, provider=provider)
    if isinstance(message, Failed):
        worker.clean = message.code != OUT_OF_MEMORY
        kind = KINDS.get(message.kind, Unavailable)
        raise kind(message.code, message.message, hint=message.hint)
    assert isinstance(message, Done)
    body = await worker.receive_bytes()
    worker.clean = True
    return message, body


async def _provide(worker: WorkerProcess, needs: Needs, *, provider: Provider) -> FromWorker:
    try:
        provisions = await provider(needs.tables)
    except Exception:
        await worker.send(Abandon())
        worker.clean = True
        raise
    assert len(provisions) == len(needs.tables)
    await worker.send(Provide(tuple(map(_on_wire, provisions))))
    for item in provisions:
        # A large table is never in our memory as a whole.
        async for body in _bodies(item):
            await worker.send_bytes(body)
    return await worker.receive()


def _on_wire(item: Provision) -> OnWire:
    if isinstance(item, Layers):
        return Layered(item.key, item.base, item.deltas)
    return Framed() if isinstance(item, Inline) else item


async def _bodies(item: Provision) -> AsyncIterator[bytes]:
    """The frames of a table that is sent."""
    if isinstance(item, Inline):
        yield item.ipc
    elif isinstance(item, Layers):
        async for data in item.files():
            yield data
        yield item.changed
        yield item.defaults


async def _ended(worker: WorkerProcess) -> int:
    """How the worker ended; one that only hung up is ended here."""
    try:
        return await race(worker.exit_code(), 1.0)
    except TimeoutError:
        worker.kill()
        return await worker.exit_code()


def _lost(exit_code: int) -> ArcoError:
    """The error of a worker that ended while it had a question."""
    if exit_code == -signal.SIGABRT:
        # C++ code that cannot allocate under the address-space limit aborts.
        return Invalid(
            OUT_OF_MEMORY,
            "the query needs more memory than it may use",
            hint="read fewer rows or columns",
        )
    return Unavailable(
        "QUERY_WORKER_LOST",
        "the worker ended while it ran this query",
        hint="ask again; a new worker is ready",
    )


def _check_size(ask: Ask) -> None:
    size = len(ask.sql.encode(errors="replace"))
    if size > ask.limits.sql_bytes_max:
        raise Invalid(
            "QUERY_TOO_LARGE",
            f"the SQL text has {size:,} bytes; at most {ask.limits.sql_bytes_max:,} are read",
            hint="move long lists into a table and join it",
        )


def _closed() -> Unavailable:
    return Unavailable("QUERY_POOL_CLOSED", "the server is shutting down", hint="ask again later")


def _busy() -> TooManyRequests:
    return TooManyRequests(
        "QUERY_BUSY", "too many queries are waiting", hint="ask again in a few seconds"
    )


__all__ = ["Provider", "QueryPool", "Result"]
