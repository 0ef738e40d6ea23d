"""The blocking end of a worker's stream: whole frames in, whole frames out.

Law: a frame is read once, by whoever holds the reading side; nothing but frames ever stands on the
stream. Must not know what messages mean. Never pickle.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import Generic, TypeVar

import msgspec

from arco.errors import Corrupt
from arco.execution.protocol import FRAME_BYTES_MAX, FromWorker, ToWorker, frame

LENGTH_BYTES = 4
CHUNK_BYTES = 64 * 1024
"""More at once would be memory that the system hands out, page by page, for every message."""
Incoming = TypeVar("Incoming")
Wanted = TypeVar("Wanted")


class FrameBuffer:
    """Bytes as they arrive, given back as whole frame bodies."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes | memoryview) -> None:
        """Take what arrived."""
        self._bytes += data

    def take(self) -> bytes | None:
        """The next whole body, or None until the rest arrives.

        Raises: Corrupt FRAME_TOO_LARGE; the stream cannot be read on.
        """
        if len(self._bytes) < LENGTH_BYTES:
            return None
        size_bytes = int.from_bytes(self._bytes[:LENGTH_BYTES], "big")
        if size_bytes > FRAME_BYTES_MAX:
            raise Corrupt(
                "FRAME_TOO_LARGE",
                f"a frame of {size_bytes} bytes was announced; the limit is {FRAME_BYTES_MAX}",
                hint="something else than the worker protocol is on this stream",
            )
        end = LENGTH_BYTES + size_bytes
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[LENGTH_BYTES:end])
        del self._bytes[:end]
        return body


class Wire(Generic[Incoming]):
    """One end of a stream socket; reading and writing may happen on different threads."""

    def __init__(self, connection: socket.socket, decoder: msgspec.json.Decoder[Incoming]) -> None:
        connection.setblocking(True)
        self.closed = False
        """True once the other side is gone."""
        self._connection = connection
        self._decoder = decoder
        self._buffer = FrameBuffer()
        self._waiting: deque[Incoming] = deque()
        self._reading = threading.Lock()
        self._writing = threading.Lock()

    def send(self, message: msgspec.Struct) -> None:
        """The message is with the kernel; an absent reader is noticed when reading."""
        try:
            with self._writing:
                self._connection.sendall(frame(message))
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def receive(self) -> Incoming | None:
        """The next message, however long it takes; None once the other side is gone."""
        with self._reading:
            while not self._waiting and not self.closed:
                self._take_in(self._read(0))
            return self._waiting.popleft() if self._waiting else None

    def arrived(self, kind: type[Wanted]) -> list[Wanted]:
        """Messages of one kind that have arrived while nobody receives; never blocks."""
        if not self._reading.acquire(blocking=False):
            return []
        try:
            self._take_in(self._read(socket.MSG_DONTWAIT))
            found = [message for message in self._waiting if isinstance(message, kind)]
            others = [message for message in self._waiting if not isinstance(message, kind)]
            self._waiting = deque(others)
            return found
        finally:
            self._reading.release()

    def give_back(self, message: Incoming) -> None:
        """The message stands before everything that arrives later."""
        self._waiting.append(message)

    def close(self) -> None:
        """The other side sees the end of the stream."""
        self._connection.close()

    def _read(self, flags: int) -> bytes | None:
        try:
            return self._connection.recv(CHUNK_BYTES, flags)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return b""

    def _take_in(self, data: bytes | None) -> None:
        if data is None:
            return
        self.closed = self.closed or not data
        self._buffer.feed(data)
        while (body := self._buffer.take()) is not None:
            self._waiting.append(self._decoder.decode(body))


def to_worker(connection: socket.socket) -> Wire[ToWorker]:
    """The worker's end: it receives what is sent to workers."""
    return Wire(connection, msgspec.json.Decoder(ToWorker))


def from_worker(connection: socket.socket) -> Wire[FromWorker]:
    """The control plane's end: it receives what workers send."""
    return Wire(connection, msgspec.json.Decoder(FromWorker))


__all__ = ["CHUNK_BYTES", "FrameBuffer", "Wire", "from_worker", "to_worker"]
