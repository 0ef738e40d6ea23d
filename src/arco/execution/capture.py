"""What user code prints and logs, kept as lines with their time; nothing escapes.

Law: printing never blocks and never reaches the protocol stream. Python's own output is taken line
by line; what native code and child processes write is read from memory files at each flush. Must
not know stores or runs.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TextIO, TypeAlias

import msgspec

from arco.sdk.secrets import redacted

LINE_CHARS_MAX = 16 * 1024
"""A longer line is kept as several."""
READ_BYTES = 1024 * 1024
HOLE_FLAGS = 0x01 | 0x02
"""FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE."""
ENCODER = msgspec.json.Encoder()

Clock: TypeAlias = Callable[[], datetime]


class Line(msgspec.Struct, frozen=True):
    """One captured line."""

    ts: datetime
    stream: str
    line: str


class Descriptor:
    """Reads what arrives at one file descriptor, without ever making the writer wait."""

    def __init__(self, number: int, stream: str) -> None:
        self.stream = stream
        self._file = os.memfd_create(f"arco-{stream}")
        os.dup2(self._file, number)
        self._offset = 0
        self._rest = b""

    def take(self) -> list[str]:
        """Whole lines since the last call, at most a megabyte of them."""
        data = os.pread(self._file, READ_BYTES, self._offset)
        if not data:
            return []
        self._release(self._offset, len(data))
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_CHARS_MAX:
            whole.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace") for line in whole]

    def finish(self) -> list[str]:
        """Everything that is left, also a line without its end; the file is empty again."""
        lines: list[str] = []
        while found := self.take():
            lines += found
        if self._rest:
            lines.append(self._rest.decode(errors="replace"))
            self._rest = b""
        if self._offset:
            # The writers share this offset, so they start at the beginning again.
            os.lseek(self._file, 0, os.SEEK_SET)
            os.ftruncate(self._file, 0)
            self._offset = 0
        return lines

    def _release(self, offset: int, size_bytes: int) -> None:
        # What was read needs no memory any more; where punching is refused it only stays longer.
        start, length = ctypes.c_int64(offset), ctypes.c_int64(size_bytes)
        ctypes.CDLL(None).fallocate(self._file, HOLE_FLAGS, start, length)


class LineStream(io.TextIOBase):
    """What stands as `sys.stdout` and `sys.stderr`: every line is kept with the moment it ended."""

    def __init__(self, number: int, stream: str, keep: Callable[[str, str], None]) -> None:
        self._number = number
        self._stream = stream
        self._keep = keep
        self._partial = ""
        self.buffer = io.FileIO(number, "w", closefd=False)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    def fileno(self) -> int:
        """The descriptor below, for code that writes to it directly."""
        return self._number

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str, /) -> int:
        """Keeps whole lines; the rest waits for its end."""
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            self._keep(self._stream, line)
        if len(self._partial) > LINE_CHARS_MAX:
            self.finish()
        return len(text)

    def finish(self) -> None:
        """Keeps a line that has no end yet."""
        if self._partial:
            self._keep(self._stream, self._partial)
            self._partial = ""


class LogLines(logging.Handler):
    """Keeps log records as lines of the stream `log`."""

    def __init__(self, keep: Callable[[str, str], None]) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self._keep_line = keep

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the record; one that cannot be formatted is reported like any print."""
        try:
            self._keep_line("log", self.format(record))
        except Exception:
            self.handleError(record)


class Capture:
    """Everything this process prints from now on, until the lines are taken."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._lines: list[Line] = []
        sys.stdout.flush()
        sys.stderr.flush()
        self._terminal = os.fdopen(os.dup(2), "w", buffering=1, errors="replace")
        self._descriptors = (Descriptor(1, "stdout"), Descriptor(2, "stderr"))
        self._streams = (LineStream(1, "stdout", self.keep), LineStream(2, "stderr", self.keep))
        sys.stdout, sys.stderr = self._streams
        os.register_at_fork(after_in_child=write_directly)
        root = logging.getLogger()
        root.addHandler(LogLines(self.keep))
        root.setLevel(logging.INFO)

    @property
    def terminal(self) -> TextIO:
        """Where the process itself may speak to whoever started it."""
        return self._terminal

    def keep(self, stream: str, text: str) -> None:
        """Keeps each line of the text."""
        now = self._now()
        with self._lock:
            for line in redacted(text).split("\n"):
                for start in range(0, len(line) or 1, LINE_CHARS_MAX):
                    part = line[start : start + LINE_CHARS_MAX]
                    self._lines.append(Line(now, stream, part))

    def take(self) -> list[Line]:
        """Whole lines since the last call."""
        with self._lock:
            for descriptor in self._descriptors:
                for line in descriptor.take():
                    self.keep(descriptor.stream, line)
            return self._taken()

    def finish(self) -> list[Line]:
        """Everything since the last call, also lines that never ended."""
        with self._lock:
            for stream in self._streams:
                stream.finish()
            for descriptor in self._descriptors:
                for line in descriptor.finish():
                    self.keep(descriptor.stream, line)
            return self._taken()

    def pass_on(self) -> None:
        """Gives what belongs to no task, such as prints at import, to whoever started us."""
        for line in self.finish():
            self._terminal.write(line.line + "\n")

    def _taken(self) -> list[Line]:
        lines, self._lines = self._lines, []
        return lines


def write_directly() -> None:
    """Makes `print` write to the descriptors: a forked child cannot fill its parent's list."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.FileIO(number, "w", closefd=False)
        setattr(sys, name, io.TextIOWrapper(raw, encoding="utf-8", write_through=True))


def encode_lines(lines: list[Line]) -> bytes:
    """The lines as NDJSON, one object `{ts, stream, line}` each."""
    return b"".join(ENCODER.encode(line) + b"\n" for line in lines)


__all__ = [
    "Capture",
    "Descriptor",
    "Line",
    "LineStream",
    "LogLines",
    "encode_lines",
    "write_directly",
]
