"""What a catalog of a thousand, a hundred thousand and a million tables costs, and what others do
for the same work.

Each size is measured by a process of its own; peers run right after it, on the same disk.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from arco.engine.database import Database
from arco.runtime import AsyncioRuntime
from arco.service.settings import take_memory_from_the_system
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from bench import catalogs, peers, strangers
from bench.peers import PeerFigures
from bench.results import Measurement, percentile, spelled
from bench.state_figures import Figures

RUNTIME = AsyncioRuntime()
SIZES = (1_000, 100_000, 1_000_000)
PEER_SIZES = (1_000, 100_000)
MEBIBYTE = 1024 * 1024


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    found: dict[int, Figures] = {}
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            await generate(Path(folder), count)
            figures = found[count] = await measured(Path(folder), count)
            for line in lines_of(figures):
                yield line
            for line in await strangers.measurements(Path(folder), count):
                yield line
    for count in PEER_SIZES:
        for line in compared(found[count], await peer_figures(count)):
            yield line


async def generate(folder: Path, count: int) -> None:
    """A workspace of so many tables; it needs not survive a power loss."""
    store = LocalStore(folder, RUNTIME, fsync=False)
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="generator")
    await catalogs.fill(database, count)
    await database.close()


async def measured(folder: Path, count: int) -> Figures:
    """The figures that a process finds that has just started."""
    take_memory_from_the_system()
    command = (sys.executable, "-m", "bench.state_figures", str(folder), str(count))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        sys.exit("the figures could not be taken: it says why above")
    return msgspec.json.decode(printed, type=Figures)


async def peer_figures(count: int) -> dict[str, PeerFigures]:
    """What each peer reaches at this size."""
    return {name: await peers.figures(name, tables=count) for name in peers.SCRIPTS}


def lines_of(found: Figures) -> list[Measurement]:
    """Our own lines for one size."""
    name = f"{found.tables:,} tables"
    lines = [*reading(found), *writing(found)]
    return [msgspec.structs.replace(each, what=f"{name}: {each.what}") for each in lines]


def reading(found: Figures) -> list[Measurement]:
    """How soon, how fast and in how much memory it answers."""
    started = f"{spelled(found.first_read)} / {spelled(found.write_ready)}"
    cold, peak = found.cold_bytes // MEBIBYTE, found.peak_bytes // MEBIBYTE
    by = f"{spelled(found.by_name)} / {spelled(found.by_id)} / {spelled(found.with_columns)}"
    pages = f"{spelled(found.page)} / {spelled(found.page_again)}"
    note = "a process that has just started; the first table is durable"
    bounded = f"afterwards {found.cache_bytes // MEBIBYTE} MiB of it are blocks"
    names = "by name; most blocks in files"
    return [
        Measurement("first read / first write", started, "<= 0.5 / 1 s", note),
        Measurement("memory cold / at most", f"{cold} / {peak} MiB", "<= 300 MB", bounded),
        Measurement("get by name / by id / with 20 columns", by, "<= 0.04 ms", "in process, warm"),
        Measurement("page of 1,000, first / again", pages, "", "in process"),
        Measurement("get a scattered table, p50 / p99", paired(found.cold_get), "", names),
    ]


def writing(found: Figures) -> list[Measurement]:
    """What creating tables costs."""
    puts, gets = found.log_requests
    requests = f"{puts:.2f} PUT, {gets:.2f} GET; {found.snapshot_puts:.2f} PUT"
    note = "20 columns, fsync on, 8 namespaces, snapshots published between"
    empty = f"p50 by turns; {spelled(found.commit_of_empty[0])} when empty"
    rare = "ids between others, random namespaces: rows are read for it"
    scattered = paired(found.scattered_commit)
    cpu, idle = found.commit_cpu
    ours, theirs = found.commit_creates
    both = f"p50; {spelled(cpu)} / {spelled(idle)}; objects synced: {ours:.2f} / {theirs:.2f}"
    goal = "1 PUT + <= 1 GET; <= 0.3 PUT"
    return [
        Measurement("create a table, p50 / p99", paired(found.commit), "<= 1.5 / 10 ms", note),
        Measurement("create a table anywhere, p50 / p99", scattered, "", rare),
        Measurement("create a table, beside empty", f"{found.ratio:.2f}x", "<= 1.05x", empty),
        Measurement("the same, processor time", f"{cpu / idle:.2f}x", "<= 1.05x", both),
        Measurement("requests per table: log; snapshots", requests, goal, "counted"),
    ]


def compared(ours: Figures, found: dict[str, PeerFigures]) -> list[Measurement]:
    """The lines of the peers: what they need, and how many times that is what we need."""
    iceberg, rewrite = found["pyiceberg"], found["rewrite"]
    name = f"{ours.tables:,} tables"
    sql = f"PyIceberg {iceberg.version}, SQL catalog on SQLite"
    again = "five Parquet files, a manifest and a pointer each time"
    return [
        against(f"{name}: {sql}, create a table", iceberg.table, ours=ours.commit[0]),
        against(f"{name}: {sql}, create a namespace", iceberg.namespace, ours=ours.commit[0]),
        against(f"{name}: {sql}, load a table", iceberg.load, ours=ours.with_columns),
        against(f"{name}: all rewritten, create a table", rewrite.table, ours=ours.commit[0]),
        Measurement(
            f"{name}: all rewritten, requests per DDL",
            f"{rewrite.puts:g} PUT, {rewrite.gets:g} GET",
            "",
            f"{again}: {rewrite.bytes_written / MEBIBYTE:.1f} MiB",
        ),
    ]


def against(what: str, taken: Sequence[float], *, ours: float) -> Measurement:
    """A peer's line: its median and p99, and how many times our median that is."""
    middle = percentile(taken, 0.5)
    note = f"{middle / ours:,.1f} times ours: {spelled(ours)}"
    return Measurement(what, paired((middle, percentile(taken, 0.99))), "", note)


def paired(seconds: tuple[float, float]) -> str:
    """Two durations."""
    return " / ".join(spelled(each) for each in seconds)


__all__ = ["measurements"]
