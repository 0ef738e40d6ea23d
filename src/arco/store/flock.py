"""A file lock that dies with its holder.

A shortcut to notice a dead leader at once; no law rests on it. Must not know what it protects.
"""

from __future__ import annotations

import fcntl
import os
from weakref import WeakSet


class FileLock:
    """An open, locked file; closing it is releasing it, and the kernel closes it for the dead."""

    def __init__(self, file: int) -> None:
        self._file = file

    def release(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


HELD: WeakSet[FileLock] = WeakSet()


def lock_file(folder: int, name: str) -> FileLock | None:
    """The lock on a file, which is made when it is missing, or None when somebody holds it.

    The file is never removed: two processes could then lock two files of one name.
    """
    file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        raise
    lock = FileLock(file)
    HELD.add(lock)
    return lock


def _close_inherited() -> None:
    """A forked child would keep the lock of its dead parent: it gives up its copies at birth."""
    for lock in list(HELD):
        lock.release()


os.register_at_fork(after_in_child=_close_inherited)

__all__ = ["FileLock", "lock_file"]
