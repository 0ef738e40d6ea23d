"""A store in one folder of a Linux disk, for any number of processes of one machine.

Keeps laws L1 and L2 on a disk: a name appears whole, for one creator, and is durable before it is
acknowledged. Must not know what the bytes mean or who leads.
Source: storage format, "Local disk".
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from arco.errors import ArcoError, Invalid
from arco.runtime import Runtime
from arco.store import disk, tree
from arco.store.flock import lock_file
from arco.store.names import RESERVED, checked_key, checked_prefix
from arco.store.port import ASK_AGAIN, Entry, Lock, StoreFault

INLINE_BYTES_MAX = 256 * 1024
LEFTOVER_SECONDS = 3600.0
# Shorter than LEFTOVER_SECONDS: a folder that was written to is not swept while we remember it.
FOLDER_MEMORY_SECONDS = 1800.0
REMEMBERED_MAX = 16_384
FOLDER_TRIES = 3
LOGGER = logging.getLogger("arco.store")

FULL = {errno.ENOSPC, errno.EDQUOT}
CLASH = {errno.ENOTDIR, errno.EISDIR}
UNLINKABLE = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
HINTS = {
    errno.EIO: "the disk reports errors: look at the system log before trusting it with more",
    errno.EACCES: "let the user of this process write to that folder",
    errno.EPERM: "let the user of this process write to that folder",
    errno.EROFS: "mount that folder writable; a disk with errors is often remounted read-only",
    errno.EMFILE: "raise the limit of open files (ulimit -n) and ask again",
    errno.ENFILE: "raise the limit of open files of this machine and ask again",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f) and ask again",
}


class LocalStore:
    """Objects as files under `root`; the folder is made by the first write.

    A small `get` runs on the loop: a missing name costs 3 us and a small file 10 us, but a thread
    100 us, and reading the next slot that is not there yet is the most frequent call of all. More
    than `INLINE_BYTES_MAX`, and everything that writes, runs in `runtime.thread`.
    """

    def __init__(self, root: Path, runtime: Runtime, *, fsync: bool = True) -> None:
        self._root = os.path.realpath(root)
        self._runtime = runtime
        self._above = _folders_above(self._root)
        self._publish: disk.Publish | None = None
        self._settled: dict[str, float] = {}
        self._durable: set[str] = set()
        self._broken = ""
        self._to_disk: Callable[[int], None] = _fsync
        if not fsync:
            self._to_disk = _skip_fsync
            LOGGER.warning("fsync is off: a power loss destroys the store at %s", self._root)

    async def create(self, key: str, data: bytes) -> bool:
        self._refuse_when_broken()
        name = self._temporary()
        created = await self._runtime.thread(self._create, checked_key(key), name, data)
        if created:
            self._remember(key)
        return created

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        found = self._read(checked_key(key), start, end, INLINE_BYTES_MAX)
        if isinstance(found, int):
            found = await self._runtime.thread(self._read, key, start, end, sys.maxsize)
        assert not isinstance(found, int)
        return found

    async def put(self, key: str, data: bytes) -> None:
        self._refuse_when_broken()
        await self._runtime.thread(self._put, checked_key(key), self._temporary(), data)

    async def delete(self, key: str) -> None:
        self._refuse_when_broken()
        await self._runtime.thread(self._delete, checked_key(key))

    async def list(self, prefix: str) -> list[Entry]:
        return await self._runtime.thread(_listed, self._root, checked_prefix(prefix))

    async def confirm(self, key: str) -> None:
        """The object's name survives a power loss.

        Cost: nothing for an object this store made or confirmed before, else one fsync.
        Raises: StoreFault when there is no such object.
        """
        self._refuse_when_broken()
        if checked_key(key) in self._durable:
            return
        await self._runtime.thread(self._confirm, key)
        self._remember(key)

    def location(self, key: str) -> str:
        return f"{self._root}/{checked_key(key)}"

    async def try_lock(self, key: str) -> Lock | None:
        """The lock of this name, or None when another holder lives, in this process or another.

        It does not leave the loop: a caller that is cancelled while a thread takes the lock would
        never learn that it has it.
        """
        self._refuse_when_broken()
        folder, name = disk.split(checked_key(key))
        with (
            _judged(self._root, "lock", key),
            disk.writable_folder(self._root, folder) as descriptor,
        ):
            return lock_file(descriptor, f"{RESERVED}lock-{name}")

    async def sweep(self) -> int:
        """How many temporary files and empty folders, idle for over an hour, were removed."""
        before = self._runtime.now().timestamp() - LEFTOVER_SECONDS
        return await self._runtime.thread(tree.sweep_leftovers, self._root, before)

    def _temporary(self) -> str:
        return f"{disk.TEMPORARY}{self._runtime.entropy(64):016x}"

    def _refuse_when_broken(self) -> None:
        if self._broken:
            raise _fatal(self._broken)

    def _remember(self, key: str) -> None:
        if len(self._durable) >= REMEMBERED_MAX:
            # Forgetting costs an fsync for each key that is asked for again, nothing else.
            self._durable.clear()
        self._durable.add(key)

    def _create(self, key: str, temporary: str, data: bytes) -> bool:
        folder, name = disk.split(key)
        with _judged(self._root, "create", key):
            for _ in range(FOLDER_TRIES - 1):
                # A sweep may remove an idle empty folder while we are about to write there.
                with suppress(FileNotFoundError):
                    return self._create_in(folder, name, temporary, data)
                self._settled.pop(folder, None)
            return self._create_in(folder, name, temporary, data)

    def _create_in(self, folder: str, name: str, temporary: str, data: bytes) -> bool:
        with disk.writable_folder(self._root, folder) as descriptor:
            if disk.is_taken(descriptor, name):
                return False
            publish = self._publish or self._choose_publisher(descriptor, temporary)
            if not publish(descriptor, name, temporary, data, self._sync):
                return False
            self._sync(descriptor)
        self._settle(folder)
        return True

    def _choose_publisher(self, descriptor: int, temporary: str) -> disk.Publish:
        try:
            self._publish = disk.publisher(descriptor, temporary)
        except OSError as error:
            if error.errno not in UNLINKABLE:
                raise
            raise Invalid(
                "STORE_FILESYSTEM_UNSUITABLE",
                f"the file system under {self._root} has no hard links,"
                " so it cannot promise that a name has one creator",
                hint="keep the store on a local Linux file system such as ext4, xfs or btrfs",
            ) from error
        return self._publish

    def _read(self, key: str, start: int, end: int | None, bytes_max: int) -> bytes | int | None:
        with _judged(self._root, "read", key), suppress(FileNotFoundError, NotADirectoryError):
            return disk.read_range(self._root, key, start, end, bytes_max)
        return None

    def _put(self, key: str, temporary: str, data: bytes) -> None:
        folder, name = disk.split(key)
        with (
            _judged(self._root, "put", key),
            disk.writable_folder(self._root, folder) as descriptor,
        ):
            disk.replace(descriptor, name, temporary, data)

    def _delete(self, key: str) -> None:
        folder, name = disk.split(key)
        absent = suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError)
        opened = disk.opened_folder(self._root, folder)
        with _judged(self._root, "delete", key), absent, opened as descriptor:
            os.unlink(name, dir_fd=descriptor)

    def _confirm(self, key: str) -> None:
        folder, name = disk.split(key)
        with (
            _judged(self._root, "confirm", key),
            disk.opened_folder(self._root, folder) as descriptor,
        ):
            # Its presence is looked at first: the fsync vouches for nothing that comes later.
            os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            self._sync(descriptor)
        self._settle(folder)

    def _settle(self, folder: str) -> None:
        """The names of `folder` and of all folders above it survive a power loss.

        Another process may have made them a moment ago, so finding them there is not enough.
        """
        now = self._runtime.monotonic()
        if self._settled.get(folder, now) > now:
            return
        with _judged(self._root, "sync the folders of", folder):
            for path in self._above:
                self._sync_above(path)
            for ancestor in disk.ancestors(folder):
                with disk.opened_folder(self._root, ancestor) as descriptor:
                    self._sync(descriptor)
        self._above = []
        if len(self._settled) >= REMEMBERED_MAX:
            self._settled.clear()
        self._settled[folder] = now + FOLDER_MEMORY_SECONDS

    def _sync_above(self, path: str) -> None:
        with suppress(PermissionError):
            descriptor = os.open(path, disk.FOLDER_FLAGS)
            try:
                self._sync(descriptor)
            finally:
                os.close(descriptor)

    def _sync(self, descriptor: int) -> None:
        """The file's bytes, or the folder's names, are on the disk.

        Raises: StoreFault, fatal. The kernel drops the pages it could not write and reports it
        once; a second fsync would succeed and mean nothing.
        """
        try:
            self._to_disk(descriptor)
        except OSError as error:
            self._broken = f"fsync failed under {self._root} ({error.strerror})"
            raise _fatal(self._broken) from error


def _listed(root: str, prefix: str) -> list[Entry]:
    with _judged(root, "list", prefix):
        return tree.listed(root, prefix)


@contextmanager
def _judged(root: str, verb: str, key: str) -> Iterator[None]:
    """The operating system's errors become errors that say what to do."""
    try:
        yield
    except OSError as error:
        raise _explained(error, verb, key, root) from error


def _folders_above(root: str) -> list[str]:
    """The folders above the root that hold a new name, which must be durable before the root is."""
    parents = [os.path.dirname(root)]
    while not os.path.isdir(parents[-1]):
        parents.append(os.path.dirname(parents[-1]))
    return parents[::-1]


def _fsync(descriptor: int) -> None:
    os.fsync(descriptor)


def _skip_fsync(descriptor: int) -> None:
    """Durability is switched off: nothing waits for the disk."""


def _fatal(reason: str) -> StoreFault:
    return StoreFault(
        f"{reason}: what was just written may be lost, and this process writes nothing more",
        fatal=True,
        hint="check the disk, then restart: the end of the log is verified before writing resumes",
    )


def _explained(error: OSError, verb: str, key: str, root: str) -> ArcoError:
    """What a data engineer should read instead of an errno."""
    if error.errno in CLASH:
        return Invalid(
            "STORE_KEY_CLASH",
            f"could not {verb} {key!r}: a part of that name is both an object and a folder",
            hint="choose a name that does not continue the name of an object",
        )
    if error.errno in FULL:
        return StoreFault(
            f"the disk that holds {root} is full: {key!r} was not written, and no part is visible",
            hint="free space on that disk (or raise the quota) and ask again; nothing was damaged",
        )
    reason = error.strerror or str(error)
    hint = HINTS.get(error.errno or 0, ASK_AGAIN)
    return StoreFault(f"could not {verb} {key!r} under {root}: {reason}", hint=hint)


__all__ = ["INLINE_BYTES_MAX", "LocalStore"]
