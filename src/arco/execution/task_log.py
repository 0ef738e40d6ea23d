"""The stored output of one attempt: NDJSON chunks that can be read while the task runs.

Law: a log that cannot be stored never fails the task. Must not know what produced the lines.
"""

from __future__ import annotations

import threading

from arco.errors import ArcoError
from arco.execution.capture import Capture, Line, encode_lines
from arco.runtime import Runtime, run
from arco.store import keys
from arco.store.creating import create_patiently
from arco.store.port import Store

CHUNK_BYTES = 1024 * 1024
FLUSH_BYTES = 64 * 1024
FLUSH_SECONDS = 0.5
STORED_BYTES_MAX = 64 * 1024 * 1024
"""Of one attempt; what is printed beyond is counted, not kept."""
INDEX_MAX = 1_000_000


class TaskLog:
    """Takes captured lines and stores them, from whichever thread asks."""

    def __init__(self, capture: Capture, store: Store, runtime: Runtime) -> None:
        self._capture = capture
        self._store = store
        self._runtime = runtime
        self._lock = threading.Lock()
        self._names = ("", "")
        self._begin()

    def begin(self, run_id: str, attempt_id: str) -> None:
        """What is captured from now on belongs to this attempt."""
        with self._lock:
            self._capture.pass_on()
            self._names = (run_id, attempt_id)
            self._begin()

    def flush_due(self) -> None:
        """Stores what waits, if it waits long enough or is large enough."""
        with self._lock:
            self._gather(self._capture.take())
            late = self._runtime.monotonic() - self._flushed >= FLUSH_SECONDS
            if self._waiting and (late or len(self._waiting) >= FLUSH_BYTES):
                self._store_waiting()

    def finish(self) -> int:
        """How many chunks hold the attempt's output, now that all of it is stored."""
        with self._lock:
            self._gather(self._capture.finish())
            if self._dropped:
                note = f"{self._dropped} more lines were not kept"
                self._waiting += encode_lines([Line(self._runtime.now(), "arco", note)])
            self._store_waiting()
            return self._chunks

    def _begin(self) -> None:
        self._chunks = 0
        self._index = 0
        self._stored_bytes = 0
        self._dropped = 0
        self._waiting = b""
        self._flushed = self._runtime.monotonic()

    def _gather(self, lines: list[Line]) -> None:
        if not lines:
            return
        if self._stored_bytes > STORED_BYTES_MAX:
            self._dropped += len(lines)
            return
        encoded = encode_lines(lines)
        self._stored_bytes += len(encoded)
        self._waiting += encoded

    def _store_waiting(self) -> None:
        self._flushed = self._runtime.monotonic()
        waiting, self._waiting = self._waiting, b""
        try:
            while waiting:
                # A chunk ends where a line ends.
                end = waiting.rfind(b"\n", 0, CHUNK_BYTES) + 1 or len(waiting)
                run(self._create(waiting[:end]))
                waiting = waiting[end:]
        except (ArcoError, OSError) as error:
            self._capture.terminal.write(f"arco: the output of a task was lost: {error}\n")

    async def _create(self, chunk: bytes) -> None:
        # A name that is taken belongs to an earlier delivery of the same attempt.
        while self._index < INDEX_MAX:
            key = keys.task_log(*self._names, self._index)
            self._index += 1
            if await create_patiently(self._store, self._runtime, key=key, data=chunk):
                self._chunks += 1
                return


__all__ = ["TaskLog"]
