"""What lineage costs at a million edges: five hops, a hub, the shortest way, impact, memory.

The workspace is measured twice, by a process that has just started: the first one makes the arrays
that the second one finds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from arco.engine.database import Database
from arco.runtime import AsyncioRuntime
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from bench import lineages
from bench.lineage_figures import HOPS, Figures
from bench.results import Measurement, spelled

RUNTIME = AsyncioRuntime()
EDGES = 1_000_000
MEBIBYTE = 1024 * 1024


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table."""
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder), RUNTIME, fsync=False)
        database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="generator")
        await lineages.fill(database, EDGES)
        await database.close()
        made = await measured(Path(folder))
        for line in lines_of(await measured(Path(folder)), made=made):
            yield line


async def measured(folder: Path) -> Figures:
    """The figures that a process finds that has just started."""
    command = (sys.executable, "-m", "bench.lineage_figures", str(folder), str(EDGES))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        sys.exit("the figures could not be taken: it says why above")
    return msgspec.json.decode(printed, type=Figures)


def lines_of(found: Figures, *, made: Figures) -> list[Measurement]:
    """The lines of the table; `made`: the figures of the process that made the arrays."""
    return [*of_datasets(found, made=made), *of_columns(found, made=made), *of_keeping(found)]


def of_datasets(found: Figures, *, made: Figures) -> list[Measurement]:
    """Walks and ways."""
    typical = f"both ways, {found.steps:g} edges; p50 / p99"
    return [
        Measurement(f"{HOPS} hops, warm", paired(found.walk), "<= 20 ms", typical),
        Measurement(f"{HOPS} hops, cold", spelled(found.cold), "<= 200 ms", "arrays are kept"),
        Measurement("the very first question", spelled(made.cold), "", "arrays are made"),
        Measurement("a hub of 250,000", spelled(found.hub), "<= 20 ms", "capped at 10,000"),
        Measurement("shortest way, p50 / p99", paired(found.path), "", "most pairs have one"),
    ]


def of_columns(found: Figures, *, made: Figures) -> list[Measurement]:
    """Impact and origins."""
    return [
        Measurement("origins, cold", spelled(found.columns_cold), "", "arrays are kept"),
        Measurement("the same, arrays made", spelled(made.columns_cold), "", "once a snapshot"),
        Measurement("impact of a column, p50 / p99", paired(found.impact), "", "warm"),
        Measurement("impact of the hub's", spelled(found.hub_impact), "", "capped at 10,000"),
        Measurement("origins of a column, p50 / p99", paired(found.origins), "", "up to 10,000"),
    ]


def of_keeping(found: Figures) -> list[Measurement]:
    """Memory, and what commits pay."""
    memory = f"{found.current_bytes // MEBIBYTE} / {found.peak_bytes // MEBIBYTE} MiB"
    arrays = f"{found.array_bytes // MEBIBYTE} MiB of it are arrays"
    unasked, asked = spelled(found.commit_unasked), spelled(found.commit)
    return [
        Measurement("memory in the end / at most", memory, "", arrays),
        Measurement("a commit that adds an edge", unasked, "", "processor time; nobody asks"),
        Measurement("the same, then lineage is asked", asked, "", "processor time of the commit"),
        Measurement(f"{HOPS} hops after such commits", spelled(found.after_commit), "", ""),
    ]


def paired(seconds: tuple[float, float]) -> str:
    """A median and a p99."""
    return f"{spelled(seconds[0])} / {spelled(seconds[1])}"


__all__ = ["measurements"]
