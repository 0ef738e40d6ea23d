"""A store in one folder of a Linux disk, for any number of processes of one machine.

Keeps laws L1 and L2 on a disk: a name appears whole, for one creator, and is durable before it is
acknowledged. Must not know what the bytes mean or who leads.
Source: storage format, "Local disk".
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from arco.errors import ArcoError, Invalid
from arco.runtime import Runtime
from arco.store import tree
from arco.store.disk import Disk, ancestors, split
from arco.store.flock import lock_file
from arco.store.folder import TEMPORARY, Draft, Folder, SyncFailed, System
from arco.store.names import RESERVED, checked_key, checked_prefix
from arco.store.port import ASK_AGAIN, Entry, Lock, StoreFault

INLINE_BYTES_MAX = 256 * 1024
LEFTOVER_SECONDS = 3600.0
# Shorter than LEFTOVER_SECONDS: a folder that was written to is not swept while we remember it.
FOLDER_MEMORY_SECONDS = 1800.0
REMEMBERED_MAX = 16_384
FOLDER_TRIES = 3
LINUX = System()
LOGGER = logging.getLogger("arco.store")

FULL = {errno.ENOSPC, errno.EDQUOT}
CLASH = {errno.ENOTDIR, errno.EISDIR}
UNLINKABLE = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
Entries = list[Entry]
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

    A small `get` runs on the loop: a missing name costs 6 us and a small file 15 us, but a thread
    100 us, and reading the next slot that is not there yet is the most frequent call of all. More
    than `INLINE_BYTES_MAX`, and everything that writes, runs in `runtime.thread`.
    """

    def __init__(
        self, root: Path, runtime: Runtime, *, fsync: bool = True, system: System = LINUX
    ) -> None:
        if not fsync:
            system = msgspec.structs.replace(system, fsync=_skip_fsync)
            LOGGER.warning("fsync is off: a power loss destroys the store at %s", root)
        self._disk = Disk(str(root), system)
        self._runtime = runtime
        self._publish: Callable[[Folder, Draft], bool] | None = None
        self._settled: dict[str, float] = {}
        self._durable: set[str] = set()
        self._broken = ""

    async def create(self, key: str, data: bytes) -> bool:
        self._refuse_when_broken()
        created = await self._runtime.thread(self._create, self._draft(key, data))
        if created:
            self._remember(key)
        return created

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        read = partial(self._read, checked_key(key), start=start, end=end)
        found = read(bytes_max=INLINE_BYTES_MAX)
        if isinstance(found, int):
            found = await self._runtime.thread(partial(read, bytes_max=sys.maxsize))
        assert not isinstance(found, int)
        return found

    async def put(self, key: str, data: bytes) -> None:
        self._refuse_when_broken()
        await self._runtime.thread(self._put, self._draft(key, data))

    async def delete(self, key: str) -> None:
        self._refuse_when_broken()
        await self._runtime.thread(self._delete, checked_key(key))
        self._durable.discard(key)

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        listing = partial(self._list, checked_prefix(prefix), after=after, limit=limit)
        return await self._runtime.thread(listing)

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
        return self._disk.path(checked_key(key))

    async def try_lock(self, key: str) -> Lock | None:
        """The lock of this name, or None when another holder lives, in this process or another.

        It does not leave the loop: a caller that is cancelled while a thread takes the lock would
        never learn that it has it.
        """
        self._refuse_when_broken()
        path, name = split(checked_key(key))
        with self._judged("lock", key), self._disk.writable(path) as folder:
            return lock_file(folder.descriptor, f"{RESERVED}lock-{name}")

    async def sweep(self) -> int:
        """How many temporary files and empty folders, idle for over an hour, were removed."""
        before = self._runtime.now().timestamp() - LEFTOVER_SECONDS
        return await self._runtime.thread(tree.sweep_leftovers, self._disk.root, before)

    def _draft(self, key: str, data: bytes) -> Draft:
        path, name = split(checked_key(key))
        return Draft(path, name, f"{TEMPORARY}{self._runtime.entropy(64):016x}", data)

    def _refuse_when_broken(self) -> None:
        if self._broken:
            raise _fatal(self._broken)

    def _remember(self, key: str) -> None:
        if len(self._durable) >= REMEMBERED_MAX:
            # Forgetting costs an fsync for each key that is asked for again, nothing else.
            self._durable.clear()
        self._durable.add(key)

    def _create(self, draft: Draft) -> bool:
        with self._judged("create", f"{draft.folder}/{draft.name}".lstrip("/")):
            for _ in range(FOLDER_TRIES - 1):
                # A sweep may remove an idle empty folder while we are about to write there.
                with suppress(FileNotFoundError):
                    return self._create_once(draft)
                self._settled.pop(draft.folder, None)
            return self._create_once(draft)

    def _create_once(self, draft: Draft) -> bool:
        with self._disk.writable(draft.folder) as folder:
            if folder.has(draft.name):
                return False
            publish = self._publish or self._choose_publisher(folder, draft.temporary)
            if not publish(folder, draft):
                return False
            folder.sync()
        self._settle(draft.folder)
        return True

    def _choose_publisher(self, folder: Folder, temporary: str) -> Callable[[Folder, Draft], bool]:
        try:
            self._publish = folder.publisher(temporary)
        except OSError as error:
            if error.errno not in UNLINKABLE:
                raise
            raise Invalid(
                "STORE_FILESYSTEM_UNSUITABLE",
                f"the file system under {self._disk.root} has no hard links,"
                " so it cannot promise that a name has one creator",
                hint="keep the store on a local Linux file system such as ext4, xfs or btrfs",
            ) from error
        return self._publish

    def _read(self, key: str, *, start: int, end: int | None, bytes_max: int) -> bytes | int | None:
        try:
            return self._disk.read(key, start=start, end=end, bytes_max=bytes_max)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _explained(error, f"read {key!r}", root=self._disk.root) from error

    def _put(self, draft: Draft) -> None:
        with self._judged("put", draft.name), self._disk.writable(draft.folder) as folder:
            folder.replace(draft)

    def _delete(self, key: str) -> None:
        path, name = split(key)
        absent = suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError)
        with self._judged("delete", key), absent, self._disk.opened(path) as folder:
            folder.remove(name)

    def _list(self, prefix: str, *, after: str, limit: int | None) -> Entries:
        with self._judged("list", prefix):
            return tree.listed(self._disk, prefix, after=after, limit=limit)

    def _confirm(self, key: str) -> None:
        path, name = split(key)
        with self._judged("confirm", key):
            with self._disk.opened(path) as folder:
                # Its presence is looked at first: the sync vouches for nothing that comes later.
                if not folder.has(name):
                    raise FileNotFoundError(errno.ENOENT, "no such object")
                folder.sync()
            self._settle(path)

    def _settle(self, path: str) -> None:
        """The names of all folders down to this one survive a power loss.

        Another process may have made them a moment ago, so finding them there is not enough.
        """
        now = self._runtime.monotonic()
        if self._settled.get(path, now) > now:
            return
        self._disk.sync_above()
        for ancestor in ancestors(path):
            with self._disk.opened(ancestor) as folder:
                folder.sync()
        if len(self._settled) >= REMEMBERED_MAX:
            self._settled.clear()
        self._settled[path] = now + FOLDER_MEMORY_SECONDS

    @contextmanager
    def _judged(self, verb: str, key: str) -> Iterator[None]:
        """The operating system's errors become errors that say what to do.

        A failed fsync is remembered and ends all writing: the kernel drops the pages it could not
        write and reports it once, so a second fsync would succeed and mean nothing.
        """
        try:
            yield
        except SyncFailed as error:
            self._broken = f"fsync failed under {self._disk.root} ({error.strerror})"
            raise _fatal(self._broken) from error
        except OSError as error:
            raise _explained(error, f"{verb} {key!r}", root=self._disk.root) from error


def _skip_fsync(descriptor: int) -> None:
    """Durability is switched off: nothing waits for the disk."""


def _fatal(reason: str) -> StoreFault:
    return StoreFault(
        f"{reason}: what was just written may be lost, and this process writes nothing more",
        fatal=True,
        hint="check the disk, then restart: the end of the log is verified before writing resumes",
    )


def _explained(error: OSError, asked: str, *, root: str) -> ArcoError:
    """What a data engineer should read instead of an errno."""
    if error.errno in CLASH:
        return Invalid(
            "STORE_KEY_CLASH",
            f"could not {asked}: a part of that name is both an object and a folder",
            hint="choose a name that does not continue the name of an object",
        )
    if error.errno in FULL:
        return StoreFault(
            f"the disk that holds {root} is full: could not {asked}, and no part of it is visible",
            hint="free space on that disk (or raise the quota) and ask again; nothing was damaged",
        )
    reason = error.strerror or str(error)
    hint = HINTS.get(error.errno or 0, ASK_AGAIN)
    return StoreFault(f"could not {asked} under {root}: {reason}", hint=hint)


__all__ = ["INLINE_BYTES_MAX", "LocalStore"]
