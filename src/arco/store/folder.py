"""An open folder of a Linux disk, in which names appear whole or not at all.

Keeps law L1 on a file system: `link` gives a name to exactly one caller. Must not know where the
folder stands or which failures are fatal: a failed call raises OSError, and the caller judges it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct, structs

from arco.store.names import RESERVED

TEMPORARY = f"{RESERVED}tmp-"
WRITE_FLAGS = os.O_WRONLY | os.O_CLOEXEC
FILE_MODE = 0o666
ANONYMOUS_UNSUPPORTED = {
    errno.EOPNOTSUPP,
    errno.EISDIR,
    errno.EINVAL,
    errno.ENOENT,
    errno.ENOSYS,
    errno.EXDEV,
    errno.EPERM,
}


class System(Struct, frozen=True):
    """The calls of the operating system that may fail a store; a test passes some that do."""

    open: Callable[..., int] = os.open
    write: Callable[[int, memoryview], int] = os.write
    pread: Callable[[int, int, int], bytes] = os.pread
    fsync: Callable[[int], None] = os.fsync
    link: Callable[..., None] = os.link
    rename: Callable[..., None] = os.rename
    mkdir: Callable[..., None] = os.mkdir
    anonymous_flag: int = os.O_TMPFILE


class SyncFailed(OSError):
    """The disk did not take what was written before: nothing may be built on it."""


class Draft(Struct, frozen=True):
    """What is to stand under a name, and the name it may have meanwhile."""

    folder: str
    name: str
    temporary: str
    data: bytes


class Folder:
    """A folder that is held open: what happens to its path meanwhile does not matter."""

    def __init__(self, descriptor: int, system: System) -> None:
        self.descriptor = descriptor
        self._system = system

    def has(self, name: str) -> bool:
        """True when an object has this name.

        Raises: IsADirectoryError when it is the name of a folder, which would never be readable.
        """
        try:
            status = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        return True

    def sync(self) -> None:
        """The folder's names are on the disk.

        Raises: SyncFailed.
        """
        self._sync(self.descriptor)

    def publish_anonymous(self, draft: Draft) -> bool:
        """True when the name is ours. A crash leaves no trace: until then the file has no name.

        Cost: one directory change less than a named temporary file, a third of the time.
        """
        flags = WRITE_FLAGS | self._system.anonymous_flag
        file = self._system.open(".", flags, FILE_MODE, dir_fd=self.descriptor)
        try:
            self._write_all(file, draft.data)
            self._sync(file)
            return self._linked(f"/proc/self/fd/{file}", draft.name)
        finally:
            os.close(file)

    def publish_named(self, draft: Draft) -> bool:
        """True when the name is ours; for file systems without anonymous files.

        A crash may leave the temporary name behind, which is never listed and swept later.
        """
        try:
            self._write_new(draft, self._sync)
            return self._linked(draft.temporary, draft.name)
        finally:
            self.remove(draft.temporary)

    def publisher(self, temporary: str) -> Callable[[Folder, Draft], bool]:
        """The way this file system can give a finished file its name, found by trying.

        Raises: OSError when it cannot even link, so that no promise of one winner could be kept.
        """
        trial = Draft("", temporary, f"{temporary}-link", b"")
        unsynced = Folder(self.descriptor, structs.replace(self._system, fsync=_not_synced))
        try:
            unsynced.publish_anonymous(trial)
            return Folder.publish_anonymous
        except OSError as error:
            if error.errno not in ANONYMOUS_UNSUPPORTED:
                raise
            unsynced.publish_named(trial)
            return Folder.publish_named
        finally:
            self.remove(temporary)

    def replace(self, draft: Draft) -> None:
        """The name holds the bytes; readers see those before or these, never a part.

        Nothing waits for the disk: it is for hints, which may be lost.
        """
        try:
            self._write_new(draft, _not_synced)
            folder = self.descriptor
            self._system.rename(draft.temporary, draft.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            self.remove(draft.temporary)
            raise

    def remove(self, name: str) -> None:
        """No object has this name."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def _write_new(self, draft: Draft, sync: Callable[[int], None]) -> None:
        flags = WRITE_FLAGS | os.O_CREAT | os.O_EXCL
        file = self._system.open(draft.temporary, flags, FILE_MODE, dir_fd=self.descriptor)
        try:
            self._write_all(file, draft.data)
            sync(file)
        finally:
            os.close(file)

    def _write_all(self, file: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._system.write(file, rest) :]

    def _linked(self, source: str, name: str) -> bool:
        folder = self.descriptor
        try:
            # Naming `src_dir_fd` makes Python call `linkat`, which alone follows a link in /proc.
            self._system.link(source, name, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:
            return False
        return True

    def _sync(self, file: int) -> None:
        try:
            self._system.fsync(file)
        except OSError as error:
            raise SyncFailed(error.errno, error.strerror) from error


def _not_synced(file: int) -> None:
    """A hint may be lost: nothing waits for the disk."""


__all__ = ["TEMPORARY", "Draft", "Folder", "SyncFailed", "System"]
