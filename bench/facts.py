"""What facts cost: handing them in, folding them, and how long until they are visible."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import SLOT_FACTS_MAX, Fact
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.tables import FACTS, FOLDINGS, LANES
from arco.runtime import AsyncioRuntime
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from bench.results import Measurement, percentile, spelled

Make: TypeAlias = Callable[[str, int], Fact]
RUNTIME = AsyncioRuntime()
FACTS_SENT = 200_000
FACTS_AT_ONCE = 500
SENDERS = 20
RATE = 10_000
RATE_SECONDS = 10
RATE_FACTS_AT_ONCE = 100
JOBS = 100


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        async for each in ingest_then_fold(Path(folder)):
            yield each
    for what, make, note in (
        ("reports of runs of their own", own_run, "START and COMPLETE of each: a row and an edge"),
        ("facts that are rows", refusal, "refusals of access, a row each"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            yield Measurement(f"{what}, folded", await folded(Path(folder), make), "", note)
    with tempfile.TemporaryDirectory() as folder:
        async for each in steady(Path(folder)):
            yield each


async def ingest_then_fold(folder: Path) -> AsyncIterator[Measurement]:
    """As fast as one process can, first in, then out."""
    database = await opened(folder)
    ingester = Ingester(database)
    senders = [batches(sender, FACTS_SENT // SENDERS, make=fact) for sender in range(SENDERS)]
    start = time.perf_counter()
    await RUNTIME.gather(send(ingester, batch) for batch in senders)
    taken = time.perf_counter() - start
    note = f"{FACTS_SENT:,} OpenLineage reports, {SENDERS} callers, {FACTS_AT_ONCE} at once, fsync"
    rate = f"{FACTS_SENT / taken:,.0f}/s"
    yield Measurement("facts handed in, durable", rate, ">= 50,000/s", note)
    files = list(folder.rglob("*.zst"))
    size = sum(path.stat().st_size for path in files)
    found = f"{size / FACTS_SENT:.1f} bytes, {FACTS_SENT / len(files):,.0f} an object"
    yield Measurement("stored per fact", found, "", "zstd NDJSON")
    folder_of = Folder(database)
    start, busy = time.perf_counter(), time.process_time()
    while await folder_of.step():
        pass
    taken, busy = time.perf_counter() - start, time.process_time() - busy
    rate = f"{FACTS_SENT / taken:,.0f}/s"
    note = "the same reports: read, decoded, deduplicated, made edges, committed"
    yield Measurement("facts folded", rate, ">= 100,000/s", note)
    rate = f"{FACTS_SENT / busy:,.0f}"
    yield Measurement(
        "the same, a second of processor time", rate, "", "all threads of the process"
    )
    before = database.state.get(FOLDINGS, FACTS)
    assert before is not None and before.facts == FACTS_SENT


async def folded(folder: Path, make: Make) -> str:
    """How many facts of another kind a second folds."""
    database = await opened(folder)
    ingester = Ingester(database)
    senders = [batches(sender, FACTS_SENT // SENDERS, make=make) for sender in range(SENDERS)]
    await RUNTIME.gather(send(ingester, batch) for batch in senders)
    folder_of = Folder(database)
    start, busy = time.perf_counter(), time.process_time()
    while await folder_of.step():
        pass
    taken, busy = time.perf_counter() - start, time.process_time() - busy
    return f"{FACTS_SENT / taken:,.0f}/s; {FACTS_SENT / busy:,.0f} a second of processor time"


async def steady(folder: Path) -> AsyncIterator[Measurement]:
    """A steady stream, a folder beside it, and how long each batch was not visible."""
    database = await opened(folder)
    ingester = Ingester(database)
    folding = RUNTIME.spawn(Folder(database).run(ingester.flushed), "folder")
    visible = Visible(database)
    count = RATE * RATE_SECONDS // RATE_FACTS_AT_ONCE
    start = time.perf_counter()
    work = []
    for number in range(count):
        due = start + number * RATE_FACTS_AT_ONCE / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        numbers = range(number * RATE_FACTS_AT_ONCE, (number + 1) * RATE_FACTS_AT_ONCE)
        facts = [fact("steady", seq) for seq in numbers]
        work.append(asyncio.ensure_future(timed(ingester, visible, facts=facts)))
    waits = await asyncio.gather(*work)
    taken = time.perf_counter() - start
    folding.cancel()
    note = (
        f"{count * RATE_FACTS_AT_ONCE:,} facts in {taken:.1f} s; from the call to the fold commit"
    )
    found = f"{spelled(percentile(waits, 0.5))} / {spelled(percentile(waits, 0.99))}"
    yield Measurement("visible after, 10,000/s, p50 / p99", found, "p99 <= 2 s", note)


class Visible:
    """Wakes whoever waits for a number of folded facts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = asyncio.Condition()
        database.listeners.append(self._applied)

    def _applied(self, _: object) -> None:
        RUNTIME.spawn(self._tell(), "tell")

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def slot(self, lane: str, slot: int) -> None:
        """Return once this slot of the lane is folded."""
        async with self._changed:
            while True:
                row = self._database.state.get(LANES, lane)
                if row is not None and row.next_slot > slot:
                    return
                await self._changed.wait()


async def timed(ingester: Ingester, visible: Visible, *, facts: list[Fact]) -> float:
    """Seconds until the facts can be queried."""
    start = time.perf_counter()
    place = await ingester.append(facts)
    await visible.slot(place.lane, place.slot)
    return time.perf_counter() - start


async def send(ingester: Ingester, facts: list[list[Fact]]) -> None:
    """Hand in one batch after another."""
    for batch in facts:
        await ingester.append(batch)


def batches(sender: int, count: int, *, make: Make) -> list[list[Fact]]:
    """The facts of one caller, made beforehand."""
    facts = [make(f"sender-{sender}", seq) for seq in range(count)]
    size = min(FACTS_AT_ONCE, SLOT_FACTS_MAX)
    return [facts[start : start + size] for start in range(0, count, size)]


def fact(producer: str, seq: int) -> Fact:
    """A run of some job that read one table and wrote another; a hundred jobs take turns."""
    job = seq % JOBS
    body = {
        "eventType": "COMPLETE",
        "eventTime": "2026-03-01T12:00:00Z",
        "run": {"runId": f"{producer}-{seq // JOBS // 100}"},
        "job": {"namespace": "etl", "name": f"job_{job}"},
        "inputs": [{"namespace": "db", "name": f"raw_{job}"}],
        "outputs": [{"namespace": "db", "name": f"mart_{job}"}],
        "producer": "https://example.org/etl",
    }
    raw = msgspec.Raw(msgspec.json.encode(body))
    return Fact(type="lineage.foreign_run_reported", payload=raw, producer=producer, seq=seq)


def own_run(producer: str, seq: int) -> Fact:
    """START and COMPLETE of a run that no other fact tells of."""
    job, moment = seq // 2 % JOBS, f"2026-03-01T{seq // 3600 % 24:02}:{seq // 60 % 60:02}:00Z"
    body = {
        "eventType": "COMPLETE" if seq % 2 else "START",
        "eventTime": moment,
        "run": {"runId": f"{producer}-{seq // 2}"},
        "job": {"namespace": "etl", "name": f"job_{job}"},
        "inputs": [{"namespace": "db", "name": f"raw_{job}"}],
        "outputs": [{"namespace": "db", "name": f"mart_{job}"}],
        "producer": "https://example.org/etl",
    }
    raw = msgspec.Raw(msgspec.json.encode(body))
    return Fact(type="lineage.foreign_run_reported", payload=raw, producer=producer, seq=seq)


def refusal(producer: str, seq: int) -> Fact:
    """Somebody was refused something; it is a row."""
    body = {
        "refusal_id": f"{producer}-{seq:08}",
        "refused_at": "2026-03-01T12:00:00Z",
        "principal": "user:somebody",
        "code": "PERMISSION_DENIED",
        "method": "GET",
        "path": "/api/v1/tables",
    }
    raw = msgspec.Raw(msgspec.json.encode(body))
    return Fact(type="access.access_refused", payload=raw, producer=producer, seq=seq)


async def opened(folder: Path) -> Database:
    """The database of the real domains in the folder."""
    store = LocalStore(folder, RUNTIME)
    return await Database.open(store, RUNTIME, domains=DOMAINS, writer="bench")


__all__ = ["measurements"]
