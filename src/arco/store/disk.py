"""The folders and files under one root of a Linux disk, none of them outside it.

Keeps law L9 on a disk: the kernel is asked where an *opened* file stands, because a path checked
beforehand could be exchanged before it is opened. Must not know what keys mean.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from arco.errors import Invalid
from arco.store.folder import Folder, System

READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
FOLDER_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY


def split(key: str) -> tuple[str, str]:
    """The folder of a key (empty for the root) and its last segment.

    >>> split("log/0/1.json"), split("head.json")
    (('log/0', '1.json'), ('', 'head.json'))
    """
    folder, _, name = key.rpartition("/")
    return folder, name


def ancestors(folder: str) -> list[str]:
    """The folders that hold `folder`, from the root down, without itself.

    >>> ancestors("a/b/c"), ancestors("")
    (['', 'a', 'a/b'], [])
    """
    if not folder:
        return []
    parts = folder.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts))]


class Disk:
    """Everything under one root."""

    def __init__(self, root: str, system: System) -> None:
        self.root = os.path.realpath(root)
        self._system = system
        self._above = _folders_above(self.root)

    def path(self, key: str) -> str:
        """Where the file of this key stands."""
        return f"{self.root}/{key}"

    @contextmanager
    def opened(self, folder: str) -> Iterator[Folder]:
        """An existing folder under the root.

        Raises: Invalid when a link leads out of the root.
        """
        descriptor = self._system.open(self.path(folder), FOLDER_FLAGS)
        try:
            self._refuse_outside(descriptor, folder)
            yield Folder(descriptor, self._system)
        finally:
            os.close(descriptor)

    def writable(self, folder: str) -> AbstractContextManager[Folder]:
        """A folder under the root, which is made when it is missing."""
        if not os.path.isdir(self.path(folder)):
            self._make(folder)
        return self.opened(folder)

    def read(self, key: str, *, start: int, end: int | None, bytes_max: int) -> bytes | int:
        """The bytes in `[start, end)`, or their number when there are more than `bytes_max`.

        Raises: FileNotFoundError when no object has this name; Invalid when a link leads out.
        """
        file = self._system.open(self.path(key), READ_FLAGS)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a file", key)
            self._refuse_outside(file, key)
            stop = status.st_size if end is None else min(end, status.st_size)
            wanted = max(0, stop - start)
            return wanted if wanted > bytes_max else self._read_all(file, start=start, end=stop)
        finally:
            os.close(file)

    def sync_above(self) -> None:
        """The root's own name, and those of the folders made for it, are on the disk.

        Raises: SyncFailed.
        """
        for path in self._above:
            with suppress(PermissionError):
                descriptor = self._system.open(path, FOLDER_FLAGS)
                try:
                    Folder(descriptor, self._system).sync()
                finally:
                    os.close(descriptor)
        self._above = []

    def _make(self, folder: str) -> None:
        if not folder:
            os.makedirs(self.root, exist_ok=True)
            return
        parent, name = split(folder)
        with self.writable(parent) as above, suppress(FileExistsError):
            self._system.mkdir(name, dir_fd=above.descriptor)

    def _read_all(self, file: int, *, start: int, end: int) -> bytes:
        """The bytes up to `end`, or fewer if the file has shrunk; above 2 GiB in several calls."""
        chunks = [self._system.pread(file, max(0, end - start), start)]
        read = start + len(chunks[0])
        while chunks[-1] and read < end:
            chunks.append(self._system.pread(file, end - read, read))
            read += len(chunks[-1])
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _refuse_outside(self, file: int, key: str) -> None:
        try:
            real = os.readlink(f"/proc/self/fd/{file}")
        except FileNotFoundError:
            real = os.path.realpath(self.path(key))
        if real != self.root and not real.startswith(self.root.rstrip("/") + "/"):
            raise Invalid(
                "STORE_LINK_REFUSED",
                f"{key!r} is a symbolic link that leads out of the store at {self.root}",
                hint="replace the link by the files themselves, or let the store's root be a link",
            )


def _folders_above(root: str) -> list[str]:
    """The folders above the root that hold a new name, which must be durable before the root is."""
    parents = [os.path.dirname(root)]
    while not os.path.isdir(parents[-1]):
        parents.append(os.path.dirname(parents[-1]))
    return parents[::-1]


__all__ = ["Disk", "ancestors", "split"]
