"""The figures of one workspace, taken by a process that has just started and knows nothing.

`python -m bench.state_figures FOLDER COUNT` prints them as one JSON object.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from arco.catalog.commands import publish_versions
from arco.catalog.tables import COLUMNS, TABLE_NAMES, TABLES, CatalogTable
from arco.engine import snapshot
from arco.engine.database import Database
from arco.model import NotLoaded, State
from arco.runtime import AsyncioRuntime, put_loop_first, run
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.testing.stores import CountingStore
from bench import catalogs
from bench.results import percentile

RUNTIME = AsyncioRuntime()
PAGE_ROWS = 1_000
WARM_IDS = 50
COLD_READS = 200
RANDOM_READS = 2_000
COMMITS = 640
SCATTERED_COMMITS = 100
BUSY_NAMESPACES = 8
KIBIBYTE = 1024


class Figures(msgspec.Struct, kw_only=True):
    """What one workspace costs; seconds and bytes."""

    tables: int
    first_read: float = 0
    write_ready: float = 0
    cold_bytes: int = 0
    by_name: float = 0
    by_id: float = 0
    with_columns: float = 0
    page: float = 0
    page_again: float = 0
    cold_get: tuple[float, float] = (0, 0)
    peak_bytes: int = 0
    cache_bytes: int = 0
    commit: tuple[float, float] = (0, 0)
    scattered_commit: tuple[float, float] = (0, 0)
    commit_of_empty: tuple[float, float] = (0, 0)
    ratio: float = 0
    commit_cpu: tuple[float, float] = (0, 0)
    """Processor time of a commit here and in an empty workspace, all threads."""
    commit_creates: tuple[float, float] = (0, 0)
    """Durable objects for each, which is how often the disk is waited for."""
    log_requests: tuple[float, float] = (0, 0)
    snapshot_puts: float = 0


class Subject:
    """A workspace under measurement, and how many requests it makes."""

    def __init__(self, folder: Path) -> None:
        self.store = CountingStore(LocalStore(folder, RUNTIME))
        self.database: Database
        self.created = 0

    async def open(self) -> Database:
        """Find the newest snapshot and the slots after it."""
        self.database = await Database.open(self.store, RUNTIME, domains=DOMAINS, writer="bench")
        return self.database

    async def create(self, number: int) -> float:
        """Seconds until a table is durable, in the namespace of the table with this number."""
        self.created += 1
        return await self._create(number, identity=catalogs.later_id(self.created))

    async def create_scattered(self, number: int) -> float:
        """The same with an id among those that are there."""
        self.created += 1
        identity = catalogs.scattered_id(f"created {self.created}")
        return await self._create(number, identity=identity)

    async def _create(self, number: int, *, identity: str) -> float:
        command = catalogs.added_table(f"created_{self.created}", number, identity=identity)
        start = time.perf_counter()
        await self.database.transact(lambda state, now: publish_versions(command, state, now=now))
        return time.perf_counter() - start

    async def publish(self) -> None:
        """A snapshot when one is due, as the leader does."""
        if snapshot.is_due(self.database, age_seconds_max=float("inf")):
            await snapshot.publish(self.database)


async def figures(folder: Path, count: int) -> Figures:
    """All of them, the cold ones first."""
    found = Figures(tables=count)
    subject = Subject(folder)
    await start_up(found, subject)
    await warm_reads(found, subject.database)
    await random_reads(found, subject.database)
    with tempfile.TemporaryDirectory() as beside:
        empty = Subject(Path(beside))
        await empty.open()
        await commits(found, subject, empty=empty)
        await empty.database.close()
    await scattered_commits(found, subject)
    await subject.database.close()
    return found


async def start_up(found: Figures, subject: Subject) -> None:
    """How soon the first question is answered and the first table made."""
    number = catalogs.scattered("start", found.tables)
    start = time.perf_counter()
    database = await subject.open()
    assert await database.asked(lambda state: by_name(state, number))
    found.first_read = time.perf_counter() - start
    await subject.create(number)
    found.write_ready = time.perf_counter() - start
    found.cold_bytes = resident_bytes()


async def warm_reads(found: Figures, database: Database) -> None:
    """Tables whose blocks were read before, each asked for the first time."""
    first = catalogs.scattered("page", found.tables) // PAGE_ROWS * PAGE_ROWS
    numbers = range(first, min(first + PAGE_ROWS, found.tables))
    space = catalogs.namespace_id(catalogs.namespace_of(first))
    await database.asked(lambda state: [by_name(state, numbers[at]) for at in (0, -1)])
    found.by_name = typical(database.state, by_name, numbers=numbers)

    def page(state: State) -> list[CatalogTable]:
        return list(islice(state.range(TABLES, space), PAGE_ROWS))

    found.page = await seconds_of(database, page)
    found.page_again = min([await seconds_of(database, page) for _ in range(20)])
    few = numbers[:: max(1, len(numbers) // WARM_IDS)]
    for number in few:
        await database.asked(lambda state, number=number: loaded(state, number))
    found.by_id = typical(database.state, by_id, numbers=few)
    found.with_columns = typical(database.state, loaded, numbers=few)


async def random_reads(found: Figures, database: Database) -> None:
    """Tables and columns from everywhere: most stand in files."""
    taken = []
    for turn in range(COLD_READS):
        number = catalogs.scattered(f"cold {turn}", found.tables)
        question = lambda state, number=number: by_name(state, number)  # noqa: E731
        taken.append(await seconds_of(database, question))
    found.cold_get = (percentile(taken, 0.5), percentile(taken, 0.99))
    for turn in range(RANDOM_READS):
        number = catalogs.scattered(f"random {turn}", found.tables)
        await database.asked(lambda state, number=number: loaded(state, number))
    found.peak_bytes = peak_bytes()
    found.cache_bytes = database.tables.cache.size_bytes


async def commits(found: Figures, subject: Subject, *, empty: Subject) -> None:
    """Tables made by turns here and in an empty workspace, while snapshots are published."""
    waited: dict[Subject, list[float]] = {subject: [], empty: []}
    spent: dict[Subject, list[float]] = {subject: [], empty: []}
    subject.store.reset()
    empty.store.reset()
    for turn in range(COMMITS):
        number = turn % BUSY_NAMESPACES * catalogs.TABLES_PER_NAMESPACE % found.tables
        # Whoever comes second finds the disk as the first left it: they take turns at that, too.
        for each in (subject, empty) if turn % 2 else (empty, subject):
            began = time.process_time()
            waited[each].append(await each.create(number))
            spent[each].append(time.process_time() - began)
        await subject.publish()
        await empty.publish()
    taken, compared = waited[subject], waited[empty]
    found.commit_cpu = (percentile(spent[subject], 0.5), percentile(spent[empty], 0.5))
    creates = [each.store.counts()["create"] / COMMITS for each in (subject, empty)]
    found.commit_creates = (creates[0], creates[1])
    found.commit = (percentile(taken, 0.5), percentile(taken, 0.99))
    found.commit_of_empty = (percentile(compared, 0.5), percentile(compared, 0.99))
    found.ratio = found.commit[0] / found.commit_of_empty[0]
    counts = subject.store.counts("log/*")
    found.log_requests = (counts["create"] / COMMITS, counts["get"] / COMMITS)
    found.snapshot_puts = subject.store.counts("data/*")["create"] / COMMITS


async def scattered_commits(found: Figures, subject: Subject) -> None:
    """Tables made where nobody has looked for long, with ids between others."""
    taken = []
    for turn in range(SCATTERED_COMMITS):
        number = catalogs.scattered(f"commit {turn}", found.tables)
        taken.append(await subject.create_scattered(number))
    found.scattered_commit = (percentile(taken, 0.5), percentile(taken, 0.99))


def by_name(state: State, number: int) -> CatalogTable:
    """The table by the name of its namespace and its own."""
    space = catalogs.namespace_id(catalogs.namespace_of(number))
    row = state.get(TABLES, space, catalogs.table_name(number))
    assert row is not None
    return row


def by_id(state: State, number: int) -> CatalogTable:
    """The table by its id."""
    name = state.get(TABLE_NAMES, catalogs.table_id(number))
    assert name is not None
    row = state.get(TABLES, name.namespace_id, name.name)
    assert row is not None
    return row


def loaded(state: State, number: int) -> tuple[CatalogTable, list[Any]]:
    """The table by its id, with its columns."""
    row = by_id(state, number)
    return row, list(state.range(COLUMNS, row.table_id))


def typical(
    state: State, question: Callable[[State, int], object], *, numbers: Sequence[int]
) -> float:
    """The median of seconds that the question takes; those whose rows are gone are left out."""
    taken = []
    for number in numbers:
        start = time.perf_counter()
        try:
            question(state, number)
        except NotLoaded:
            continue
        taken.append(time.perf_counter() - start)
    return percentile(taken, 0.5)


async def seconds_of(database: Database, question: Callable[[State], object]) -> float:
    """How long the answer takes, whatever has to be read for it."""
    start = time.perf_counter()
    await database.asked(question)
    return time.perf_counter() - start


def resident_bytes() -> int:
    """Memory of this process now."""
    return status_bytes("VmRSS")


def peak_bytes() -> int:
    """The most memory this process ever had; what is inherited from its parent does not count."""
    return status_bytes("VmHWM")


def status_bytes(name: str) -> int:
    """A line of what the kernel says about this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * KIBIBYTE


if __name__ == "__main__":
    put_loop_first()
    taken = run(figures(Path(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(taken))

__all__ = ["Figures"]
