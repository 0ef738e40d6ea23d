"""Walks over the files under a root: what is stored there, and what a dead process left behind.

Never follows a symbolic link, and never touches an object. Must not know which objects are still
needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from arco.store.disk import Disk
from arco.store.folder import TEMPORARY
from arco.store.names import is_key
from arco.store.port import Entry


def listed(disk: Disk, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
    """The objects under a prefix, sorted by key: at most `limit`, whose keys come after `after`.

    Links are passed over, and so are temporary files, locks and names that cannot be keys. What
    vanishes meanwhile is left out.
    """
    return list(islice(_walked(disk, prefix, after=after), limit))


def _walked(disk: Disk, folder: str, *, after: str) -> Iterator[Entry]:
    """In the order of keys: a folder sorts as its name with the slash that follows it."""
    found: list[tuple[str, os.DirEntry[str] | None]] = []
    for item in _scanned(disk, folder):
        key = folder + item.name
        if not is_key(key):
            continue
        if item.is_dir(follow_symlinks=False):
            found.append((f"{key}/", None))
        elif item.is_file(follow_symlinks=False):
            found.append((key, item))
    for key, file in sorted(found, key=lambda each: each[0]):
        if file is not None:
            yield from _entry(file, key) if key > after else ()
        elif key > after or after.startswith(key):
            yield from _walked(disk, key, after=after)


def _entry(item: os.DirEntry[str], key: str) -> list[Entry]:
    with suppress(FileNotFoundError):
        status = item.stat(follow_symlinks=False)
        return [Entry(key, status.st_size, status.st_mtime)]
    return []


def _scanned(disk: Disk, folder: str) -> list[os.DirEntry[str]]:
    # Opening first refuses a prefix that leads out of the root.
    opened = disk.opened(folder.rstrip("/"))
    with suppress(FileNotFoundError, NotADirectoryError), opened:
        items = os.scandir(disk.path(folder))
        return list(items)
    return []


def sweep_leftovers(root: str, before: float) -> int:
    """How many temporary files and empty folders, untouched since `before`, were removed.

    `before` is in unix seconds. Removing an empty folder may race with a writer that has just
    opened it: the writer's link then fails, and it makes the folder again.
    """
    removed = 0
    for folder, _, names in os.walk(root, topdown=False):
        leftovers = [name for name in names if name.startswith(TEMPORARY)]
        removed += sum(_swept_file(f"{folder}/{name}", before) for name in leftovers)
        if folder != root:
            removed += _swept_folder(folder, before)
    return removed


def _swept_file(path: str, before: float) -> bool:
    with suppress(FileNotFoundError):
        if os.lstat(path).st_mtime < before:
            os.unlink(path)
            return True
    return False


def _swept_folder(path: str, before: float) -> bool:
    # `rmdir` refuses a folder that is not empty: nothing has to be counted first.
    with suppress(OSError):
        if os.lstat(path).st_mtime < before:
            os.rmdir(path)
            return True
    return False


__all__ = ["listed", "sweep_leftovers"]
