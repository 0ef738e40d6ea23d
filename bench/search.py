"""What search costs in a catalog of a thousand, a hundred thousand and a million tables.

Each size is searched by a process of its own, which has just started.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from arco.service.settings import take_memory_from_the_system
from bench.results import Measurement, spelled
from bench.search_figures import Figures
from bench.state import generate

SIZES = (1_000, 100_000, 1_000_000)
MEBIBYTE = 1024 * 1024


async def measurements(sizes: Sequence[int] = SIZES) -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            await generate(Path(folder), count)
            for line in lines_of(await measured(Path(folder), count)):
                yield line


async def measured(folder: Path, count: int) -> Figures:
    """The figures of one size: published by one process, searched by another."""
    take_memory_from_the_system()
    found = Figures(tables=count)
    for step in ("publish", "search", "commit"):
        command = (sys.executable, "-m", "bench.search_figures", str(folder), str(count), step)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        printed, _ = await process.communicate()
        if process.returncode:
            sys.exit("the figures could not be taken: it says why above")
        found = msgspec.convert(
            {**msgspec.to_builtins(found), **msgspec.json.decode(printed)}, Figures
        )
    return found


def lines_of(found: Figures) -> list[Measurement]:
    """The lines for one size."""
    name = f"{found.tables:,} tables"
    lines = [
        Measurement(
            "published anew",
            spelled(found.published_seconds),
            "",
            f"{found.size_bytes / found.tables:,.0f} bytes a table, {found.segments} segments",
        ),
        *(
            Measurement(f"search {what}", f"{spelled(p50)} / {spelled(p99)}", goal, note)
            for what, (p50, p99) in found.searches.items()
            for goal, note in [GOALS.get(what, ("<= 20 ms", "warm, p50 / p99"))]
        ),
        Measurement(
            "first search of a process, then of another word",
            f"{spelled(found.first_seconds)} / {spelled(found.cold_seconds)}",
            "",
            "a process that has just started; files are read and checked",
        ),
        Measurement(
            "memory before / after searching",
            f"{found.before_bytes // MEBIBYTE} / {found.after_bytes // MEBIBYTE} MiB",
            "<= 300 MB",
            "bounded by the cache of blocks",
        ),
        Measurement(
            "create a table, p50: without / with search",
            " / ".join(spelled(each) for each in found.commits),
            "",
            "by turns, a snapshot after every 64",
        ),
        Measurement(
            "snapshot of 64 new tables: without / with search",
            " / ".join(spelled(each) for each in found.snapshots),
            "",
            f"and {found.puts:.1f} PUT more",
        ),
    ]
    return [msgspec.structs.replace(each, what=f"{name}: {each.what}") for each in lines]


WORST = "<= 100 ms"
GOALS = {
    "one letter": (WORST, "warm, finds everything, p50 / p99"),
    "the commonest word": (WORST, "warm, finds everything, p50 / p99"),
    "as a restricted caller": ("<= 20 ms", "one namespace of it is visible, p50 / p99"),
    "everything, as a restricted caller": (WORST, "p50 / p99"),
    "a slip": (WORST, "warm, p50 / p99"),
}

__all__ = ["lines_of", "measurements"]
