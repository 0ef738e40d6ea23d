"""A log somebody tampered with: readers fail closed, nothing is acknowledged, verify sees it."""

from __future__ import annotations

import pytest

from arco.errors import ArcoError, Corrupt, Unavailable
from arco.store import keys
from arco.testing.actors import Cast, Stage
from arco.testing.process import Process
from arco.testing.registry import add
from arco.testing.world import World
from tests.simulation.stages import findings, open_database, play, run_alone

CAST = Cast(processes=1, clients=1, wishes=8, kinds=("add",))
JUNK = [b"", b"junk", b'{"seq":1}']


def settled() -> Stage:
    """A calm world with a log of nine slots."""
    return play(cast=CAST)


async def refused(world: World, process: Process) -> ArcoError:
    """What the engine says when it is opened and asked to write."""
    try:
        database = await open_database(world, process)
        await database.transact(add("counter", 1, token="late"))
    except ArcoError as error:
        return error
    raise AssertionError("it was acknowledged")


@pytest.mark.parametrize("junk", JUNK)
def test_a_poisoned_next_slot_stops_readers_and_writers(junk: bytes) -> None:
    world = settled().world
    world.store.objects[keys.slot(9)] = junk

    async def work(process: Process) -> ArcoError:
        return await refused(world, process)

    assert isinstance(run_alone(world, work, name="newcomer"), Corrupt)


def test_a_slot_poisoned_under_a_living_writer_is_never_acknowledged() -> None:
    world = settled().world

    async def work(process: Process) -> ArcoError:
        database = await open_database(world, process)
        world.store.objects[keys.slot(9)] = b"junk"
        try:
            await database.transact(add("counter", 1, token="late"))
        except ArcoError as error:
            return error
        raise AssertionError("it was acknowledged")

    assert isinstance(run_alone(world, work, name="newcomer"), Unavailable)
    assert world.store.objects[keys.slot(9)] == b"junk"


def test_a_slot_replaced_by_another_commit_breaks_the_chain_for_every_newcomer() -> None:
    ours, theirs = settled().world, play(seed=2, cast=CAST).world
    ours.store.objects[keys.slot(4)] = theirs.store.objects[keys.slot(4)]

    async def work(process: Process) -> ArcoError:
        return await refused(ours, process)

    assert isinstance(run_alone(ours, work, name="newcomer"), Corrupt)
    assert findings(ours) != []


@pytest.mark.parametrize("seq", [0, 1, 4, 7])
def test_a_deleted_slot_is_found_by_the_verifier(seq: int) -> None:
    world = settled().world
    del world.store.objects[keys.slot(seq)]
    assert findings(world) != []
