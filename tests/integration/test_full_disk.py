"""A disk that is really full: commits wait, readers are served, and space is all that it takes.

The disk is a small one of its own where this process may mount one; elsewhere the operating
system's calls say that theirs is full.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import OUTCOME_SECONDS, Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.errors import Unavailable
from arco.runtime import AsyncioRuntime, run
from arco.store.folder import System
from arco.store.local import LocalStore
from arco.testing.registry import REGISTRY, TOKENS, add

RUNTIME = AsyncioRuntime()
DISK_SIZE = "2m"


class Disk(msgspec.Struct, frozen=True):
    """A disk that can be filled to the last byte."""

    system: System
    fill: Callable[[], None]
    free: Callable[[], None]


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk at the folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield told_disk()
        return
    filler = folder / ".arco-tmp-filler"
    try:
        yield Disk(System(), lambda: fill(filler), filler.unlink)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Not a byte is left on the disk of this file."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with pytest.raises(OSError) as full:
                write_for_ever(file, bytes(size))
            assert full.value.errno == errno.ENOSPC


def write_for_ever(file: FileIO, block: bytes) -> None:
    """Until the disk takes no more."""
    while True:
        file.write(block)


def told_disk() -> Disk:
    """A disk that is only said to be full."""
    full: list[bool] = []

    def write(file: int, data: memoryview) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data)

    return Disk(System(write=write), lambda: full.append(True), full.clear)


def test_commits_wait_for_space_and_readers_do_not(tmp_path: Path) -> None:
    root = tmp_path / "disk"

    async def story(disk: Disk) -> None:
        store = LocalStore(root, RUNTIME, system=disk.system)
        database = await Database.open(store, RUNTIME, domains=[REGISTRY], writer="a")
        database.outcome_seconds = 0.3
        await database.transact(add("orders", 1, token="before"))
        disk.fill()
        with pytest.raises(Unavailable, match="is full") as unknown:
            await database.transact(add("orders", 1, token="during"))
        assert unknown.value.code == "OUTCOME_UNKNOWN"
        assert await seen_by_another(root) == {"before"}
        disk.free()
        database.outcome_seconds = OUTCOME_SECONDS
        await database.transact(add("orders", 1, token="during"))
        assert await snapshot.publish(database)
        await database.close()
        assert await seen_by_another(root) == {"before", "during"}
        report = await Verifier(store, RUNTIME, (REGISTRY, ENGINE)).run()
        assert report.findings == ()

    with small_disk(root) as disk:
        run(story(disk))


async def seen_by_another(root: Path) -> set[str]:
    """What a process that starts now reads."""
    store = LocalStore(root, RUNTIME)
    database = await Database.open(store, RUNTIME, domains=[REGISTRY], writer="b")
    return await database.asked(lambda state: {row.token for row in state.range(TOKENS)})
