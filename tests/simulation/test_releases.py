"""A rolling upgrade under faults: an old release beside one that knows more loses nothing for it.

Law F7: a process that meets an event it does not know reads on, but neither commits nor snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.errors import ArcoError, Corrupt, Unavailable
from arco.model import Change, Domain, Event, Payload, Put, State, Table
from arco.testing.actors import Cast, Stage
from arco.testing.campaign import Tally, judge
from arco.testing.process import Process
from arco.testing.registry import REGISTRY
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, Violation, World
from tests.simulation.stages import run_alone
from tests.simulation.test_snapshot_campaign import PLAY

CAMPAIGN = "releases"
SHARE_OF_SEEDS = 100
MUTANT_SEEDS = range(60)
BETWEEN_US = (SECOND_US // 2, 8 * SECOND_US)
CAST = Cast(processes=3, clients=1, wishes=12)


class Extra(msgspec.Struct, frozen=True):
    """What only the newer release keeps."""

    number: int


class ExtraNoted(Payload, frozen=True):
    """An event that only the newer release knows."""

    number: int


EXTRAS = Table("extra.extras", Extra, ("number",))


def extra_noted(state: State, event: ExtraNoted) -> Iterator[Change]:
    yield Put(EXTRAS, Extra(event.number))


EXTRA = Domain("extra", (EXTRAS,), {ExtraNoted: extra_noted})


def note_extra(state: State, now: object) -> list[Event]:
    return [Event(ExtraNoted(len(list(state.range(EXTRAS)))))]


async def open_release(world: World, process: Process) -> Database:
    """The old release in a process's first life, the newer one in every later life."""
    serves = process.name.startswith("p")
    domains = [REGISTRY] if serves and process.lives == 1 else [REGISTRY, EXTRA]
    database = await Database.open(
        world.client(process), process.runtime, domains=domains, writer=process.name
    )
    process.runtime.spawn(_publish(database), "snapshots")
    if serves and EXTRA in domains:
        process.runtime.spawn(_note(database), "extras")
    return database


async def _publish(database: Database) -> None:
    while True:
        await database.runtime.sleep(0.2)
        with suppress(Unavailable, Corrupt):
            if snapshot.is_due(database, age_seconds_max=0.2):
                await snapshot.publish(database)


async def _note(database: Database) -> None:
    while True:
        await database.runtime.sleep(0.4)
        with suppress(Unavailable, Corrupt):
            await database.transact(note_extra)


def upgraded(seed: int, *, tally: Tally | None = None, calm: bool = False) -> Sequence[int]:
    """The rows only the newer release knows, in a world in which every process was upgraded."""
    world = World(seed, faults=CALM if calm else PLAY.faults)
    stage = Stage(world, open_release)
    for number in range(CAST.processes):
        process = world.process(f"p{number}")
        process.revival_us = SECOND_US
        world.scheduler.after(world.chance.between(*BETWEEN_US), process.crash)
    judge(stage, CAST)
    if tally is not None:
        tally.add(world, stage.history)
    rows: list[int] = run_alone(world, partial(_extras, world), name="reader")
    slots = [data for key, data in world.store.objects.items() if key.startswith("log/")]
    written = sum(b'"extra.extra_noted"' in data for data in slots)
    if rows != list(range(written)):
        raise Violation("F7 unknown events survive", f"{written} were written, there are {rows}")
    return rows


async def _extras(world: World, process: Process) -> list[int]:
    database = await open_release(world, process)
    return await database.asked(lambda state: [row.number for row in state.range(EXTRAS)])


@pytest.mark.timeout(0)
def test_no_rolling_upgrade_breaks_a_law(shard: range, tally: Tally) -> None:
    for seed in shard:
        try:
            upgraded(seed, tally=tally)
        except Exception as error:
            raise AssertionError(f"seed={seed}: {error!r}") from error


def test_an_old_release_beside_a_newer_one_reads_on_and_writes_nothing() -> None:
    world = World(1, faults=CALM)

    async def work(process: Process) -> tuple[str, int, int]:
        client, runtime = world.client(process), process.runtime
        both = [REGISTRY, EXTRA]
        newer = await Database.open(client, runtime, domains=both, writer="newer")
        older = await Database.open(client, runtime, domains=[REGISTRY], writer="older")
        await newer.transact(note_extra)
        await older.refresh()
        assert not await snapshot.publish(older)
        try:
            await older.transact(lambda state, now: [])
        except ArcoError as error:
            return error.code, older.seq, newer.seq
        raise AssertionError("an old release wrote")

    code, seen, stands = run_alone(world, work, name="p0")
    assert (code, seen) == ("EVENT_UNKNOWN", stands)


def test_a_newer_release_reads_what_an_old_one_wrote_and_goes_on() -> None:
    assert upgraded(3, calm=True)


def test_an_old_release_that_writes_on_snapshots_the_newer_ones_rows_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    advance = Database._advance

    async def unmoved(self: Database, slot: object) -> None:
        await advance(self, slot)  # type: ignore[arg-type]
        self.unknown = None

    monkeypatch.setattr(Database, "_advance", unmoved)
    with pytest.raises(Violation, match="F7"):
        for seed in MUTANT_SEEDS:
            upgraded(seed)
