"""What starting costs where the store is far: requests, and how many of them wait for each other.

A process was killed with sixty commits in the log that no snapshot has. What follows it knows
nothing, and makes a table. Round trips are counted on a virtual clock, seconds taken on a real one.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from arco.catalog.commands import publish_versions
from arco.engine.database import Database
from arco.runtime import AsyncioRuntime, Runtime
from arco.service.workspace import DOMAINS
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.round_trips import FarStore
from bench import catalogs
from bench.results import Measurement, spelled

RUNTIME = AsyncioRuntime()
TABLES = 30_000
TAIL_COMMITS = 60


async def measurements(slow: Store, store: MemoryStore) -> AsyncIterator[Measurement]:
    """The lines of the table; `slow` is the same store behind a real distance."""
    await killed_workspace(store)
    begun = time.perf_counter()
    database = await opened(slow, RUNTIME)
    read = time.perf_counter() - begun
    await make_table(database, TAIL_COMMITS)
    written = time.perf_counter() - begun
    note = f"after a kill: {TABLES:,} tables, {TAIL_COMMITS} commits that no snapshot has"
    figure = f"{spelled(read)} / {spelled(written)}"
    yield Measurement("first read / first write, 50 ms round trips", figure, "<= 2 s", note)
    for what, figure in await RUNTIME.thread(counted, store):
        yield Measurement(what, figure, "", "the next process; counted")


def counted(store: MemoryStore) -> list[tuple[str, str]]:
    """What a start asks, and what the first table after it does."""
    far = FarStore(store)
    start = far.measured(opened)

    async def first_table(_: Store, runtime: Runtime) -> None:
        await make_table(start.result, TAIL_COMMITS + 1)

    table = far.measured(first_table)
    return [
        (
            f"round trips in sequence, {what}",
            f"{done.round_trips}, {done.requests.total()} requests",
        )
        for what, done in (("start", start), ("first table", table))
    ]


async def killed_workspace(store: MemoryStore) -> None:
    """A workspace whose last process left neither a snapshot nor a hint of its end."""
    database = await opened(store, RUNTIME)
    await catalogs.fill(database, TABLES)
    await database.close()
    database = await opened(store, RUNTIME)
    for number in range(TAIL_COMMITS):
        await make_table(database, number)


async def make_table(database: Database, number: int) -> None:
    """One more table, anywhere."""
    beside = catalogs.scattered(f"beside {number}", TABLES)
    identity = catalogs.scattered_id(f"created {number}")
    command = catalogs.added_table(f"created_{number}", beside, identity=identity)
    await database.transact(lambda state, now: publish_versions(command, state, now=now))


async def opened(store: Store, runtime: Runtime) -> Database:
    """The database of the real domains in the store."""
    return await Database.open(store, runtime, domains=DOMAINS, writer="starting")


__all__ = ["measurements"]
