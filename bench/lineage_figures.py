"""The figures of lineage at one size, taken by a process that has just started, in processor time:
no disk and no other process is in them, threads are.

`python -m bench.lineage_figures FOLDER EDGES` prints them as one JSON object.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from arco.engine.database import Database
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.lineage.impact import column_impact, column_origins
from arco.lineage.tables import EDGES
from arco.lineage.walks import shortest_path, walk_down, walk_up
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from bench import catalogs, lineages
from bench.results import percentile
from bench.state_figures import peak_bytes, resident_bytes

RUNTIME = AsyncioRuntime()
HOPS = 5
WALKS = 100
COMMITS = 100


class Figures(msgspec.Struct, kw_only=True):
    """What lineage of so many edges costs; seconds of processor time, and bytes."""

    edges: int
    started_bytes: int = 0
    cold: float = 0
    walk: tuple[float, float] = (0, 0)
    steps: float = 0
    hub: float = 0
    path: tuple[float, float] = (0, 0)
    columns_cold: float = 0
    impact: tuple[float, float] = (0, 0)
    origins: tuple[float, float] = (0, 0)
    hub_impact: float = 0
    array_bytes: int = 0
    current_bytes: int = 0
    peak_bytes: int = 0
    commit: float = 0
    commit_unasked: float = 0
    after_commit: float = 0


async def figures(folder: Path, count: int) -> Figures:
    """All of them, the cold ones first."""
    found = Figures(edges=count)
    store = LocalStore(folder, RUNTIME)
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="bench")
    found.started_bytes = resident_bytes()
    found.commit_unasked = await commits(database, 0, asked=False)
    # What every first read loads, libraries above all, is no cost of lineage.
    await database.asked(lambda state: state.get(EDGES, picked(count, "any"), lineages.HUB))
    found.cold = await cpu_of(database, lambda state: both_ways(state, picked(count, "cold")))
    await datasets(found, database, count=count)
    await columns(found, database, count=count)
    found.commit = await commits(database, COMMITS, asked=True)
    found.after_commit = await typical(
        database, count, question=lambda state, name: both_ways(state, name)
    )
    found.array_bytes = database.tables.adjacencies.size_bytes
    found.current_bytes, found.peak_bytes = resident_bytes(), peak_bytes()
    await database.close()
    return found


async def datasets(found: Figures, database: Database, *, count: int) -> None:
    """Walks and ways between datasets, warm."""
    taken, steps = [], []
    for turn in range(WALKS):
        name = picked(count, f"walk {turn}")
        taken.append(await cpu_of(database, lambda state, name=name: both_ways(state, name)))
        steps.append(await database.asked(lambda state, name=name: both_ways(state, name)))
    found.walk = (percentile(taken, 0.5), percentile(taken, 0.99))
    found.steps = percentile(steps, 0.5)
    hub = [await cpu_of(database, hub_walk) for _ in range(5)]
    found.hub = percentile(hub, 0.5)
    ways = []
    for turn in range(WALKS):
        ends = (picked(count, f"from {turn}"), picked(count, f"to {turn}"))
        near, far = min(ends), max(ends)
        way = partial(shortest_path, upstream=near, downstream=far)
        ways.append(await cpu_of(database, way))
    found.path = (percentile(ways, 0.5), percentile(ways, 0.99))


async def columns(found: Figures, database: Database, *, count: int) -> None:
    """Impact and origins of columns; the first question makes their arrays."""
    first = picked(count, "column")
    found.columns_cold = await cpu_of(
        database, lambda state: column_origins(state, first, column="id")
    )
    impacts, origins = [], []
    for turn in range(WALKS // 10):
        name = picked(count, f"impact {turn}")
        await database.asked(lambda state, name=name: column_impact(state, name, column="id"))
        await database.asked(lambda state, name=name: column_origins(state, name, column="id"))
        impact = lambda state, name=name: column_impact(state, name, column="id")  # noqa: E731
        origin = lambda state, name=name: column_origins(state, name, column="id")  # noqa: E731
        impacts.append(await cpu_of(database, impact))
        origins.append(await cpu_of(database, origin))
    found.impact = (percentile(impacts, 0.5), percentile(impacts, 0.99))
    found.origins = (percentile(origins, 0.5), percentile(origins, 0.99))
    hub = lambda state: column_impact(state, lineages.HUB, column="id")  # noqa: E731
    await database.asked(hub)
    found.hub_impact = await cpu_of(database, hub)


async def commits(database: Database, first: int, *, asked: bool) -> float:
    """Seconds of processor time for a commit that adds an edge; `asked`: lineage is asked for after
    each of them.
    """
    taken = 0.0
    for number in range(first, first + COMMITS):
        read = ObservedRead(upstream=lineages.dataset(number + 1), downstream=f"added.d{number}")
        event = ReadsRecorded(run_id=f"r{number}", reads=(read,), recorded_at=catalogs.CREATED_AT)
        start = time.process_time()
        await database.transact(lambda state, now, event=event: [Event(event)])
        taken += time.process_time() - start
        if asked:
            await database.asked(lambda state: both_ways(state, lineages.dataset(1)))
    return taken / COMMITS


async def cpu_of(database: Database, question: Callable[[State], object]) -> float:
    """How much processor time the answer takes, whatever has to be read for it."""
    start = time.process_time()
    await database.asked(question)
    return time.process_time() - start


async def typical(
    database: Database, count: int, *, question: Callable[[State, str], object]
) -> float:
    """The median over some datasets."""
    names = [picked(count, f"again {turn}") for turn in range(WALKS)]
    taken = [
        await cpu_of(database, lambda state, name=name: question(state, name)) for name in names
    ]
    return percentile(taken, 0.5)


def both_ways(state: State, name: str) -> int:
    """How many edges five hops up and down come by."""
    up, down = walk_up(state, name, hops=HOPS), walk_down(state, name, hops=HOPS)
    return len(up.steps) + len(down.steps)


def hub_walk(state: State) -> int:
    """The edges of the largest answer there is."""
    walk = walk_down(state, lineages.HUB, hops=HOPS)
    assert walk.truncated, "a hub's answer is capped and says so"
    return len(walk.steps)


def picked(count: int, why: str) -> str:
    """A dataset that looks like chance and is the same each time."""
    return lineages.dataset(catalogs.scattered(why, int(count * lineages.DATASETS_PER_EDGE)))


if __name__ == "__main__":
    taken = run(figures(Path(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(taken))

__all__ = ["Figures"]
