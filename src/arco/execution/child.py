"""One child process and the line to it: an inherited socket with length-prefixed messages.

A child and what it started in its group die with their parent's will. Most are workers. The only
file of the pool that knows asyncio.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import msgspec

from arco.errors import Corrupt
from arco.execution.protocol import FromWorker, Ready, frame
from arco.execution.wire import CHUNK_BYTES, FrameBuffer

STARTUP_SECONDS_MAX = 60.0
LAST_WORDS_SECONDS = 2.0
UNHEARD_MAX = 64
"""Messages that may wait for us before the worker has to."""
DECODER: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
Incoming = TypeVar("Incoming")


class WorkerGone(Exception):
    """The process ended, hung up or does not speak our language; the message says how."""


class NotStarted(WorkerGone):
    """The operating system refused a process: nobody's project is at fault."""


class Line(asyncio.BufferedProtocol, Generic[Incoming]):
    """Messages in the order in which they arrived, one listener at a time."""

    def __init__(self, decoder: msgspec.json.Decoder[Incoming]) -> None:
        self._decoder = decoder
        # Bytes land here: asking for so many anew for each message costs more than the message.
        self._landing = memoryview(bytearray(CHUNK_BYTES))
        self._buffer = FrameBuffer()
        self._unheard: deque[Incoming] = deque()
        self._listener: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._nonsense = ""
        self._ended = False

    @property
    def nonsense(self) -> str:
        """What was wrong with the bytes that ended the line; empty when nothing was."""
        return self._nonsense

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._landing

    def buffer_updated(self, nbytes: int) -> None:
        self._buffer.feed(self._landing[:nbytes])
        try:
            while (body := self._buffer.take()) is not None:
                self._unheard.append(self._decoder.decode(body))
        except (Corrupt, msgspec.MsgspecError) as error:
            self._nonsense = str(error)
            self.close()
            self._end()
        if len(self._unheard) >= UNHEARD_MAX and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def send(self, data: bytes) -> None:
        """The bytes are on their way, unless the line is down."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def heard(self, seconds_max: float) -> Incoming | None:
        """The next message, or None after that much silence.

        Raises: EOFError once the line is down and everything was heard.
        """
        if not self._unheard and not self._ended:
            await self._listen(asyncio.get_running_loop().time() + seconds_max)
        if self._unheard:
            message = self._unheard.popleft()
            if not self._unheard and self._transport is not None:
                self._transport.resume_reading()
            return message
        if self._ended:
            raise EOFError
        return None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    async def _listen(self, until: float) -> None:
        """Return once there is something to hear, or at `until` by the loop's clock."""
        loop = asyncio.get_running_loop()
        while not self._unheard and not self._ended and loop.time() < until:
            self._ring_by(until)
            self._listener = loop.create_future()
            try:
                await self._listener
            finally:
                self._listener = None

    def _ring_by(self, until: float) -> None:
        """Whoever listens is woken at `until` at the latest.

        Most messages come long before: the alarm that rings earlier stays, as it is cheaper than
        another for each of them.
        """
        if self._alarm is not None and self._alarm.when() <= until:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def _end(self) -> None:
        self._ended = True
        if self._alarm is not None:
            self._alarm.cancel()
        self._wake()

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)


class Child(Generic[Incoming]):
    """A running process that is ours."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line[Incoming]) -> None:
        self._process = process
        self._line = line

    @property
    def pid(self) -> int:
        """The operating system's name for it."""
        return self._process.pid

    async def connect(self, ours: socket.socket) -> None:
        """What the child says at the other end of this socket is heard from now on."""
        await asyncio.get_running_loop().create_connection(lambda: self._line, sock=ours)

    def send(self, *messages: msgspec.Struct) -> None:
        """The messages are on their way, in one piece: every piece wakes the child.

        One that has gone is noticed when it is listened to.
        """
        self._line.send(b"".join(map(frame, messages)))

    async def receive(self, seconds_max: float) -> Incoming | None:
        """The child's next message; None after `seconds_max` of silence.

        Raises: WorkerGone.
        """
        try:
            return await self._line.heard(seconds_max)
        except EOFError:
            raise WorkerGone(await self._how_it_ended()) from None

    def kill(self) -> None:
        """It stops now, whatever it does, and so does what user code started beside it."""
        self._line.close()
        # It leads a group of its own, which outlives it while a child of it lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> None:
        """Return once the operating system has let it go."""
        await self._process.wait()

    async def _how_it_ended(self) -> str:
        if self._line.nonsense:
            return f"it sent what is no message: {self._line.nonsense}"
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                code = await self._process.wait()
        except TimeoutError:
            return "it closed its line"
        if code >= 0:
            return f"it exited with code {code}"
        name = signal.Signals(-code).name
        cause = " (out of memory, or somebody ended it)" if name == "SIGKILL" else ""
        return f"it was ended by {name}{cause}"


Worker: TypeAlias = Child[FromWorker]


async def start_child(project: Path, store: str, *, scope: str) -> Worker:
    """A worker that has loaded the project and waits for a task.

    Raises: WorkerGone when it ends before that; NotStarted when it could not even begin.
    """
    arguments = ("--project", str(project), "--store", store, "--scope", scope)
    child = await start_process("arco.execution.worker", arguments, decoder=DECODER, cwd=project)
    try:
        await _greet(child)
    except BaseException:
        await _abandoned(child)
        raise
    return child


async def start_process(
    module: str,
    arguments: Sequence[str],
    *,
    decoder: msgspec.json.Decoder[Incoming],
    cwd: Path,
) -> Child[Incoming]:
    """A process that runs this module of ours, told by `--fd` where it finds the other end.

    Raises: NotStarted.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await _started(
                (module, "--fd", str(theirs.fileno()), *arguments), theirs, cwd=cwd
            )
    except OSError as error:
        ours.close()
        raise NotStarted(f"it could not be started: {error}") from error
    except BaseException:
        ours.close()
        raise
    child = Child(process, Line(decoder))
    try:
        await child.connect(ours)
    except BaseException:
        await _abandoned(child)
        ours.close()
        raise
    return child


async def _abandoned(child: Child[Incoming]) -> None:
    """Whoever gives up waiting leaves no process behind."""
    child.kill()
    await child.ended()


async def _greet(child: Worker) -> None:
    """The worker is at the other end, has loaded the project and waits for a task.

    Raises: WorkerGone.
    """
    ready = await child.receive(STARTUP_SECONDS_MAX)
    if ready is None:
        raise WorkerGone("it did not load the project in time")
    if not isinstance(ready, Ready):
        raise WorkerGone("it did not say that it is ready")


async def _started(
    command: Sequence[str], theirs: socket.socket, *, cwd: Path
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command),
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        cwd=cwd,
        start_new_session=True,
    )


__all__ = ["Child", "Line", "NotStarted", "Worker", "WorkerGone", "start_child", "start_process"]
