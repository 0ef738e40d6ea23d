"""A process that a test pauses: `python -m tests.integration.paused_program STORE ROLE ME`.

It works until it is ended, and prints what it was told, a JSON line each time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from arco.engine import snapshot
from arco.engine.collect import collect
from arco.engine.database import Database
from arco.engine.retention import Policy, begin_pass
from arco.engine.sizes import Sizes
from arco.engine.snapshot_files import snapshot_files
from arco.errors import Unavailable
from arco.runtime import AsyncioRuntime, Runtime, run
from arco.store.local import LocalStore
from arco.testing.registry import REGISTRY, TOKENS, take_name

PAUSE_SECONDS = 0.01
AT_ONCE = 4
HASTY = Policy(
    window=timedelta(),
    snapshots_newest=1,
    snapshots_daily=0,
    grace=timedelta(seconds=0.5),
    delay=timedelta(),
)
"""Keeps the newest snapshot and nothing else: whoever sleeps wakes up in a store without it."""


MOSTLY_FILES = Sizes(small_rows=0, hot_changes=64, rows_per_group=64, cache_bytes=50_000)
"""Rows are read from files that the next pass takes away."""


def tell(**said: Any) -> None:
    """A line that is complete or not there."""
    print(json.dumps(said), flush=True)


async def write(database: Database, runtime: Runtime, *, me: str) -> None:
    """Names are taken, some at a time; each is told once it is acknowledged."""
    number = 0
    while True:
        names = [f"{me}-{number + each:06}" for each in range(AT_ONCE)]
        number += AT_ONCE
        await runtime.gather(_taken(database, runtime, name=name) for name in names)
        await runtime.sleep(PAUSE_SECONDS)


async def _taken(database: Database, runtime: Runtime, *, name: str) -> None:
    while True:
        try:
            receipt = await database.transact(take_name(name, name))
            tell(name=name, seq=receipt.seq)
            return
        except Unavailable:
            # Its outcome is not known: it is asked again, with its token.
            await runtime.sleep(PAUSE_SECONDS)


async def gather_garbage(database: Database, runtime: Runtime, *, me: str) -> None:
    """A snapshot, then a pass that leaves nothing but the newest one."""
    deleted = 0
    while True:
        await snapshot.publish(database)
        areas = [snapshot_files(database, HASTY)]
        done = await collect(database, areas, policy=HASTY, begin=begin_pass(HASTY))
        deleted += done.deleted
        tell(seq=database.seq, deleted=deleted)
        await runtime.sleep(PAUSE_SECONDS)


async def follow(database: Database, runtime: Runtime, *, me: str) -> None:
    """Every look tells how many requests were carried out by the slot that it saw."""
    while True:
        await database.refresh()
        seq, count = await database.asked(
            lambda state: (database.seq, sum(1 for _ in state.range(TOKENS)))
        )
        tell(seq=seq, count=count)
        await runtime.sleep(PAUSE_SECONDS)


ROLES: dict[str, Callable[..., Awaitable[None]]] = {
    "writer": write,
    "collector": gather_garbage,
    "follower": follow,
}


async def live(place: str, role: str, *, me: str) -> None:
    """The role, for ever."""
    runtime = AsyncioRuntime()
    store = LocalStore(Path(place), runtime)
    database = await Database.open(
        store, runtime, domains=[REGISTRY], writer=me, sizes=MOSTLY_FILES
    )
    await ROLES[role](database, runtime, me=me)


if __name__ == "__main__":
    at, what, called = sys.argv[1:]
    run(live(at, what, me=called))

__all__ = ["ROLES", "live", "tell"]
