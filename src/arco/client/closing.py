"""Waiting that ends early when the client is closed, and that Ctrl-C may end at any point.

`threading.Event` takes a lock in Python: an interrupt that arrives just then leaves it taken, and
closing waits for ever. Here the only lock is taken and given back by the interpreter itself. Must
not know what is waited for.
"""

from __future__ import annotations

import threading
from contextlib import suppress


class Closing:
    """Whether a client is closed; any number of threads wait for it."""

    def __init__(self) -> None:
        self.is_closed = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def close(self) -> None:
        """Nobody waits any more. Closing again changes nothing."""
        self.is_closed = True
        with suppress(RuntimeError):  # it is open already
            self._gate.release()

    def wait(self, seconds: float) -> bool:
        """Return after so many seconds, or at once when it is closed; whether it is."""
        if not self.is_closed and self._gate.acquire(timeout=max(0.0, seconds)):
            self._gate.release()
        return self.is_closed


__all__ = ["Closing"]
