"""The engine on a stage: openers and small plays shared by the simulation tests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.sizes import SIZES, Sizes
from arco.engine.verify import Verifier
from arco.errors import Corrupt, Unavailable
from arco.testing.actors import Cast, Client, Kind, Opener, Stage, Wish
from arco.testing.campaign import judge
from arco.testing.network import Fate, Planned
from arco.testing.process import Process
from arco.testing.registry import REGISTRY
from arco.testing.world import CALM, Faults, World

SLOTS = "log/*"
SNAPSHOT_AGE_SECONDS = 0.2
CRAMPED = Sizes(
    cache_bytes=1,
    hot_changes=1,
    small_rows=0,
    small_bytes=0,
    rows_per_group=1,
    rows_per_file=4,
    fan_out=3,
    inline_files=1,
    files_per_page=2,
)
"""Nearly everything stands in files of four rows, and nothing of it stays in memory."""
Arrange = Callable[[World], None]


async def open_database(world: World, process: Process, *, sizes: Sizes = SIZES) -> Database:
    """The engine under test."""
    return await Database.open(
        world.client(process),
        process.runtime,
        domains=[REGISTRY],
        writer=process.name,
        sizes=sizes,
    )


async def open_with_snapshots(world: World, process: Process, *, sizes: Sizes = SIZES) -> Database:
    """The engine with a process of its own kind that publishes snapshots all the time."""
    database = await open_database(world, process, sizes=sizes)
    process.runtime.spawn(_publish(database), "snapshots")
    return database


async def open_cramped(world: World, process: Process) -> Database:
    """The engine with snapshots, almost without memory."""
    return await open_with_snapshots(world, process, sizes=CRAMPED)


async def _publish(database: Database) -> None:
    while True:
        await database.runtime.sleep(SNAPSHOT_AGE_SECONDS)
        if snapshot.is_due(database, age_seconds_max=SNAPSHOT_AGE_SECONDS):
            await _try_to_publish(database)


async def _try_to_publish(database: Database) -> None:
    try:
        await snapshot.publish(database)
    except (Unavailable, Corrupt):
        # The next round tries again with files of other names.
        return


def fault(fate: Fate, verb: Any = "create", *, key: str = SLOTS, **more: Any) -> Arrange:
    """Let this befall a request that a test names."""
    return lambda world: world.network.plan(Planned(fate, verb, key, **more))


def play(
    arrange: Iterable[Arrange] = (),
    *,
    seed: int = 1,
    cast: Cast | None = None,
    faults: Faults = CALM,
    opener: Opener = open_database,
) -> Stage:
    """The stage after a play in which every law held."""
    stage = Stage(World(seed, faults=faults), opener)
    for act in arrange:
        act(stage.world)
    judge(stage, cast or Cast())
    return stage


def verdicts(stage: Stage, kind: str) -> list[str]:
    """What clients were told about their wishes of one kind."""
    return [answer.verdict for answer in stage.history.answers if answer.wish.kind == kind]


def client(owner: str, *wishes: tuple[Kind, str]) -> Client:
    """A client with these wishes, each a kind and a subject."""
    return Client([Wish(f"{owner}.{n}", kind, subject) for n, (kind, subject) in enumerate(wishes)])


def run_alone(
    world: World, work: Callable[[Process], Coroutine[Any, Any, Any]], *, name: str
) -> Any:
    """What `work` returns in a process of that name."""
    results: list[Any] = []

    async def main(process: Process) -> None:
        results.append(await work(process))

    process = world.process(name)
    process.start(main)
    world.run(lambda: bool(results) or bool(process.failures), seconds_max=86_400)
    process.crash()
    for task in process.failures:
        raise task.error or AssertionError(task.name)
    return results[0]


def findings(world: World) -> Sequence[str]:
    """What the engine's own verifier says about the store."""

    async def verify(process: Process) -> Sequence[str]:
        verifier = Verifier(world.client(process), process.runtime, [REGISTRY, ENGINE])
        return [finding.problem for finding in (await verifier.run()).findings]

    found: Sequence[str] = run_alone(world, verify, name="verifier")
    return found
