"""One worker process and the line to it: an inherited socket with length-prefixed messages.

A child dies with its parent. The only file of the pool that knows asyncio.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import msgspec

from arco.execution.protocol import FRAME_BYTES_MAX, FromWorker, Ready, ToWorker, frame

STARTUP_SECONDS_MAX = 60.0
DECODER: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


class WorkerGone(Exception):
    """The process ended or hung up; the message says how."""


class Child:
    """A running worker process."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        """The operating system's name for it."""
        return self._process.pid

    def send(self, message: ToWorker) -> None:
        """The message is on its way; a worker that has gone is noticed when it is listened to."""
        self._writer.write(frame(message))

    async def receive(self, seconds_max: float) -> FromWorker:
        """The worker's next message.

        Raises: WorkerGone; TimeoutError after `seconds_max` of silence.
        """
        async with asyncio.timeout(seconds_max):
            try:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                if size > FRAME_BYTES_MAX:
                    raise WorkerGone(f"it sent a message of {size} bytes")
                return DECODER.decode(await self._reader.readexactly(size))
            except (EOFError, ConnectionError) as error:
                raise WorkerGone(await self._how_it_ended()) from error

    def kill(self) -> None:
        """It stops now, whatever it does."""
        self._writer.close()
        if self._process.returncode is None:
            self._process.kill()

    async def ended(self) -> None:
        """Return once the operating system has let it go."""
        await self._process.wait()

    async def _how_it_ended(self) -> str:
        try:
            async with asyncio.timeout(2.0):
                code = await self._process.wait()
        except TimeoutError:
            return "it closed its line"
        if code >= 0:
            return f"it exited with code {code}"
        name = signal.Signals(-code).name
        cause = " (out of memory, or somebody ended it)" if name == "SIGKILL" else ""
        return f"it was ended by {name}{cause}"


async def start_child(project: Path, store: str, *, scope: str) -> Child:
    """A worker that has loaded the project and waits for a task.

    Raises: WorkerGone when it ends before that.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        descriptor = theirs.fileno()
        process = await asyncio.create_subprocess_exec(
            *_command(descriptor, project, store=store, scope=scope),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(descriptor,),
            cwd=project,
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    child = Child(process, reader, writer)
    try:
        ready = await child.receive(STARTUP_SECONDS_MAX)
    except TimeoutError as error:
        child.kill()
        raise WorkerGone("it did not load the project in time") from error
    except BaseException:
        child.kill()
        raise
    if not isinstance(ready, Ready):
        child.kill()
        raise WorkerGone("it did not say that it is ready")
    return child


def _command(descriptor: int, project: Path, *, store: str, scope: str) -> list[str]:
    arguments = ("--fd", str(descriptor), "--project", str(project), "--store", store)
    return [sys.executable, "-m", "arco.execution.worker", *arguments, "--scope", scope]


__all__ = ["Child", "WorkerGone", "start_child"]
