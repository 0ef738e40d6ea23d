"""What a commit costs: durable on local disk, and against a store with 50 ms round trips."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from arco.catalog.events import NamespaceCreated
from arco.catalog.tables import NAMESPACES
from arco.engine.database import Database
from arco.errors import AlreadyExists
from arco.model import Decision, Event, State
from arco.runtime import AsyncioRuntime
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.stores import CountingStore, LatencyStore, Verb
from bench import starts
from bench.results import Measurement, percentile, spelled

RUNTIME = AsyncioRuntime()
ROUND_TRIP_SECONDS = 0.05
LATENCIES: dict[Verb, float] = {
    "create": ROUND_TRIP_SECONDS,
    "get": ROUND_TRIP_SECONDS,
    "put": ROUND_TRIP_SECONDS,
}
LONE_COMMITS = 1_000
CLIENTS = 1_000
CREATES_PER_CLIENT = 5


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        async for each in lone_creates(Path(folder)):
            yield each
    async for each in concurrent_creates():
        yield each
    async for each in two_writers():
        yield each
    bucket = MemoryStore()
    async for each in starts.measurements(slow(bucket), bucket):
        yield each


async def lone_creates(folder: Path) -> AsyncIterator[Measurement]:
    """One client that creates one namespace after another on local disk with fsync."""
    counting = CountingStore(LocalStore(folder, RUNTIME))
    database = await opened(counting, "lone")
    counting.reset()
    taken = [await timed(database, f"n{number}") for number in range(LONE_COMMITS)]
    found = f"{spelled(percentile(taken, 0.5))} / {spelled(percentile(taken, 0.99))}"
    note = f"{LONE_COMMITS:,} namespaces one after another, fsync on"
    yield Measurement("DDL commit on local disk, p50 / p99", found, "<= 1.5 / 10 ms", note)
    counts = counting.counts("log/*")
    per = f"{counts['create'] / LONE_COMMITS:g} PUT, {counts['get'] / LONE_COMMITS:g} GET"
    yield Measurement("requests per DDL", per, "1 PUT + <= 1 GET", "of the log; counted")


async def concurrent_creates() -> AsyncIterator[Measurement]:
    """Many clients of one process on a slow store."""
    database = await opened(slow(MemoryStore()), "one")
    start = time.perf_counter()
    waits = await storm([database])
    taken = time.perf_counter() - start
    count = CLIENTS * CREATES_PER_CLIENT
    note = f"{CLIENTS:,} clients of one process, {CREATES_PER_CLIENT} creates each, in memory"
    rate = f"{count / taken:,.0f}/s"
    yield Measurement("creates, 50 ms round trips", rate, ">= 3,000/s", note)
    yield Measurement("longest wait of a create", spelled(max(waits)), "", "the same run")


async def two_writers() -> AsyncIterator[Measurement]:
    """Clients of two processes that race for the same slots on a slow store."""
    shared = MemoryStore()
    databases = [await opened(slow(shared), "one"), await opened(slow(shared), "two")]
    start = time.perf_counter()
    waits = await storm(databases)
    taken = time.perf_counter() - start
    count = CLIENTS * CREATES_PER_CLIENT
    note = "two databases on one store, the same clients"
    rate = f"{count / taken:,.0f}/s"
    yield Measurement("creates by two writers, 50 ms round trips", rate, "", note)
    longest = spelled(max(waits))
    yield Measurement("longest wait of a create, two writers", longest, "<= 2 s", "the same run")


async def storm(databases: Sequence[Database]) -> list[float]:
    """Seconds that each create of each client waited."""

    async def client(number: int) -> list[float]:
        database = databases[number % len(databases)]
        names = (f"c{number}_{turn}" for turn in range(CREATES_PER_CLIENT))
        return [await timed(database, name) for name in names]

    every = await RUNTIME.gather(client(number) for number in range(CLIENTS))
    return [wait for waits in every for wait in waits]


async def timed(database: Database, name: str) -> float:
    """Seconds until the namespace is durable."""
    start = time.perf_counter()
    await database.transact(create_namespace(name))
    return time.perf_counter() - start


async def opened(store: Store, writer: str) -> Database:
    """The database of the real domains in the store."""
    return await Database.open(store, RUNTIME, domains=DOMAINS, writer=writer)


def create_namespace(name: str) -> Decision:
    """NamespaceCreated. Raises: AlreadyExists."""

    def decide(state: State, now: datetime) -> list[Event]:
        if state.get(NAMESPACES, "main", name) is not None:
            raise AlreadyExists("NAMESPACE_EXISTS", f"there is a namespace {name}")
        created = NamespaceCreated(catalog="main", name=name, namespace_id=name, created_at=now)
        return [Event(created)]

    return decide


def slow(store: Store) -> Store:
    """The store behind a network with 50 ms round trips."""
    return LatencyStore(store, RUNTIME, LATENCIES)


__all__ = ["measurements"]
