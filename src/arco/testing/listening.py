"""What user code prints and logs in this process, kept as lines and passed on as well.

Must not know tasks.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from arco.execution.capture import LogLines

Keep = Callable[[str, str], None]
"""Takes the stream's name and one line."""


class Tee(io.TextIOBase):
    """A text stream that keeps whole lines and writes everything to another one, too."""

    def __init__(self, stream: str, keep: Keep, onward: TextIO) -> None:
        self._stream = stream
        self._keep = keep
        self._onward = onward
        self._partial = ""

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str, /) -> int:
        """Keeps whole lines; the rest waits for its end."""
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            self._keep(self._stream, line)
        return self._onward.write(text)

    def flush(self) -> None:
        """The other stream has everything."""
        self._onward.flush()

    def finish(self) -> None:
        """Keeps a line that has no end yet."""
        if self._partial:
            self._keep(self._stream, self._partial)
            self._partial = ""


@contextmanager
def listening(keep: Keep, *, stdout: TextIO, stderr: TextIO) -> Iterator[None]:
    """What is printed and logged inside the block is kept; what is printed also goes onward."""
    out, err = Tee("stdout", keep, stdout), Tee("stderr", keep, stderr)
    root, handler = logging.getLogger(), LogLines(keep)
    level = root.level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO) or logging.INFO)
    try:
        with ExitStack() as redirected:
            redirected.enter_context(redirect_stdout(out))
            redirected.enter_context(redirect_stderr(err))
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        out.finish()
        err.finish()


__all__ = ["Keep", "Tee", "listening"]
