"""One query worker process and the line to it; the only file of this package that knows asyncio.

Law: a worker never outlives its use: whoever stops waiting for it kills it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from arco.errors import Conflict, Unavailable
from arco.query.protocol import FRAME_BYTES_MAX, FromWorker, Ready, ToWorker, encode, framed
from arco.runtime import Signal

T = TypeVar("T")
STARTUP_SECONDS_MAX = 60.0
READ_BUFFER_BYTES = 4 * 1024 * 1024
DECODER: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


class WorkerProcess:
    """A running worker; `clean` while it waits for a question."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.clean = True
        self._process = process
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        """The operating system's name for it."""
        return self._process.pid

    def is_usable(self) -> bool:
        """It runs, waits for a question, and has not hung up."""
        return self.clean and self._process.returncode is None and not self._reader.at_eof()

    async def send(self, message: ToWorker) -> None:
        """The message is on its way.

        Raises: ConnectionError when the worker has gone.
        """
        self._writer.write(encode(message))
        await self._writer.drain()

    async def send_bytes(self, body: bytes) -> None:
        """Bytes that a message announced are on their way.

        Raises: ConnectionError when the worker has gone.
        """
        self._writer.write(framed(body))
        await self._writer.drain()

    async def receive(self) -> FromWorker:
        """The worker's next message."""
        return DECODER.decode(await self.receive_bytes())

    async def receive_bytes(self) -> bytes:
        """The worker's next frame.

        Raises: ConnectionError or EOFError when the worker has gone.
        """
        size = int.from_bytes(await self._reader.readexactly(4), "big")
        if size > FRAME_BYTES_MAX:
            raise ConnectionError(f"a frame of {size} bytes is over the limit")
        return await self._reader.readexactly(size)

    def kill(self) -> None:
        """It stops now, whatever it does."""
        self.clean = False
        self._writer.close()
        if self._process.returncode is None:
            self._process.kill()

    async def exit_code(self) -> int:
        """How it ended: negative for the signal that ended it."""
        return await self._process.wait()


async def start_worker(memory_bytes: int, environment: Mapping[str, str]) -> WorkerProcess:
    """A worker that is loaded, confined and waiting for its first question; it knows nothing of our
    environment but `environment`.

    Raises: Unavailable `QUERY_WORKER_FAILED`.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *_command(theirs.fileno(), memory_bytes),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={**environment, **_environment()},
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=READ_BUFFER_BYTES)
    worker = WorkerProcess(process, reader, writer)
    try:
        async with asyncio.timeout(STARTUP_SECONDS_MAX):
            assert isinstance(await worker.receive(), Ready)
    except (EOFError, OSError) as error:
        worker.kill()
        raise Unavailable(
            "QUERY_WORKER_FAILED",
            "the query worker did not start",
            hint="see the server's error output",
        ) from error
    except BaseException:
        worker.kill()
        raise
    return worker


async def race(
    work: Coroutine[Any, Any, T], seconds_max: float, *, cancelled: Signal | None = None
) -> T:
    """What `work` returns, unless time runs out or the signal is set first; then `work` is
    cancelled.

    Raises: TimeoutError, Conflict `QUERY_CANCELLED`.
    """
    task = asyncio.ensure_future(work)
    rivals: list[asyncio.Future[Any]] = [task]
    if cancelled is not None:
        rivals.append(asyncio.ensure_future(cancelled.wait()))
    try:
        done, _ = await asyncio.wait(
            rivals, timeout=seconds_max, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for rival in rivals:
            rival.cancel()
    if task in done:
        return task.result()
    if done:
        raise Conflict(
            "QUERY_CANCELLED", "the query was cancelled", hint="ask again if you still need it"
        )
    raise TimeoutError


def _command(descriptor: int, memory_bytes: int) -> list[str]:
    arguments = (descriptor, os.getpid(), memory_bytes)
    return [sys.executable, "-P", "-m", "arco.query.worker", *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Nothing of ours but the module path."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {"PYTHONPATH": path, "LC_ALL": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system"}


__all__ = ["WorkerProcess", "race", "start_worker"]
