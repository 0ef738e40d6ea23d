"""Collecting garbage on the real engine: what is kept, when it goes, and who is refused."""

from __future__ import annotations

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.collect import collect
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.garbage import CONDEMNATIONS, CONDEMNED, PAST_SNAPSHOTS, PINS, collection_of
from arco.engine.past import state_at
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.engine.retention import begin_pass
from arco.engine.snapshot_files import snapshot_files
from arco.errors import AlreadyExists, Conflict, Invalid, NotFound, Precondition
from arco.model import Event
from arco.runtime import run
from arco.testing.registry import NAMES, take_name
from tests.unit.garbage_world import Garden, names_in, with_policy

LETTERS = ("a", "b", "c", "d", "e")


def test_what_no_kept_snapshot_names_goes_in_two_passes_and_everything_stays_readable() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        before = await garden.files()
        garden.wait(hours=2)
        first = await garden.collect(database)
        assert first.areas[0].condemned > 0 and first.deleted == 0
        assert await garden.files() == before
        garden.wait(hours=2)
        second = await garden.collect(database)
        assert second.deleted == first.areas[0].condemned
        assert len(await garden.files()) == len(before) - second.deleted
        assert await garden.problems() == []
        assert await names_in(await garden.opened()) == list(LETTERS)

    run(main())


def test_the_end_of_a_condemnation_is_recorded_and_its_names_are_forgotten() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        for _ in range(2):
            garden.wait(hours=2)
            last = await garden.collect(database)
        state = database.state
        assert not list(state.range(CONDEMNATIONS)) and not list(state.range(CONDEMNED))
        assert collection_of(state).collected_names == last.deleted > 0
        assert collection_of(state).collected_bytes == last.deleted_bytes > 0

    run(main())


def test_a_dry_run_tells_what_a_pass_does_and_changes_nothing() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        garden.wait(hours=2)
        seq, files = database.seq, await garden.files()
        told = await garden.survey(database)
        assert (database.seq, await garden.files()) == (seq, files)
        done = await garden.collect(database)
        assert done.areas == told.areas and done.floor == told.floor
        garden.wait(hours=2)
        told = await garden.survey(database)
        assert told.deleted == (await garden.collect(database)).deleted == done.areas[0].condemned

    run(main())


def test_files_younger_than_the_grace_are_left_alone() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        garden.wait(minutes=59)
        assert (await garden.collect(database)).areas[0].condemned == 0

    run(main())


def test_a_pass_condemns_no_more_than_it_may_and_says_so() -> None:
    async def main() -> None:
        garden = Garden(with_policy(names_per_commit=2, condemnations_per_pass=2))
        database = await garden.opened()
        await garden.grow(database, *(f"n{n:02d}" for n in range(14)))
        garden.wait(hours=2)
        first = await garden.collect(database)
        assert (first.areas[0].condemned, first.is_complete) == (4, False)
        rest = 0
        while not (last := await garden.collect(database)).is_complete:
            rest += last.areas[0].condemned
        assert rest + last.areas[0].condemned > 0
        assert await garden.problems() == []

    run(main())


def test_a_snapshot_one_of_whose_files_was_condemned_is_refused_and_built_again() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, "a")
        await database.transact(take_name("b", "token-b"))
        late = await snapshot._written(database)
        garden.wait(hours=2)
        collector = await garden.opened()
        assert (await garden.collect(collector)).areas[0].condemned > 0
        await database.refresh()
        assert snapshot.still_publishable(database.state, late) == []
        with pytest.raises(Conflict, match="condemned"):
            await database.transact(lambda state, now: [Event(late.published)])
        assert await snapshot.publish(database)
        assert await garden.problems() == []

    run(main())


def test_names_are_remembered_until_nobody_could_refer_to_them_any_more() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, "a")
        await database.transact(take_name("b", "token-b"))
        late = await snapshot._written(database)
        for _ in range(2):
            garden.wait(hours=2)
            await garden.collect(database)
        assert late.published.index not in await garden.files()
        assert snapshot.still_publishable(database.state, late) == []
        assert await snapshot.publish(database)
        await garden.collect(database)
        assert not list(database.state.range(CONDEMNED))
        assert snapshot.still_publishable(database.state, late) == []

    run(main())


def test_a_process_whose_snapshot_was_collected_moves_to_the_newest_one() -> None:
    async def main() -> None:
        garden = Garden()
        writer = await garden.opened()
        await garden.grow(writer, *LETTERS)
        reader = await garden.opened()
        await garden.grow(writer, *(f"{letter}{n}" for n in range(8) for letter in LETTERS))
        for _ in range(2):
            garden.wait(hours=2)
            await garden.collect(writer)
        await reader.refresh()
        assert await names_in(reader) == await names_in(writer)
        assert reader.replay.damage is None
        assert await snapshot.publish(reader) or True
        assert await garden.problems() == []

    run(main())


def test_a_pin_keeps_the_snapshot_that_leads_to_its_slot() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, "a", "b")
        slot = database.seq
        await database.transact(create_pin(CreatePin(name="audit", slot=slot)))
        await garden.grow(database, *(f"n{n}" for n in range(20)))
        for _ in range(3):
            garden.wait(days=2)
            await garden.collect(database)
        pin = database.state.get(PINS, "audit")
        assert pin is not None and pin.index in await garden.files()
        past = await state_at(database, slot)
        assert past.snapshot is not None
        assert await past.asked(lambda state: [row.name for row in state.range(NAMES)]) == [
            "a",
            "b",
        ]
        await database.transact(drop_pin("audit"))
        for _ in range(2):
            garden.wait(days=2)
            await garden.collect(database)
        assert pin.index not in await garden.files()

    run(main())


def test_a_pin_below_the_floor_is_refused() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        garden.wait(days=2)
        floor = (await garden.collect(database)).floor
        assert floor > 1
        with pytest.raises(Precondition, match="below"):
            await database.transact(create_pin(CreatePin(name="late", slot=floor - 1)))
        await database.transact(create_pin(CreatePin(name="late", slot=floor)))
        with pytest.raises(AlreadyExists):
            await database.transact(create_pin(CreatePin(name="late", slot=floor + 1)))
        with pytest.raises(Invalid):
            await database.transact(create_pin(CreatePin(name="../x", slot=floor)))
        with pytest.raises(NotFound):
            await database.transact(drop_pin("early"))

    run(main())


def test_the_floor_never_falls_and_a_snapshot_stands_on_it() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        floors = []
        for round in range(6):
            await garden.grow(database, f"n{round}", f"m{round}")
            garden.wait(hours=12)
            floors.append((await garden.collect(database)).floor)
        assert floors == sorted(floors) and floors[-1] > 0
        assert database.state.get(PAST_SNAPSHOTS, floors[-1]) is not None

    run(main())


def test_an_expired_pin_goes_with_the_next_pass() -> None:
    async def main() -> None:
        garden = Garden()
        database = await garden.opened()
        await garden.grow(database, "a")
        expires = garden.clock.now() + garden.policy.delay
        pin = CreatePin(name="short", slot=database.seq, expires_at=expires)
        await database.transact(create_pin(pin))
        await garden.collect(database)
        assert database.state.get(PINS, "short") is not None
        garden.wait(hours=2)
        await garden.collect(database)
        assert database.state.get(PINS, "short") is None

    run(main())


def test_two_collectors_at_once_condemn_each_name_once() -> None:
    async def main() -> None:
        garden = Garden()
        writer = await garden.opened()
        await garden.grow(writer, *LETTERS)
        garden.wait(hours=2)
        both = [await garden.opened(), await garden.opened()]
        done = await garden.clock.gather(garden.collect(each) for each in both)
        await writer.refresh()
        names = [n for row in writer.state.range(CONDEMNATIONS) for n in row.names]
        assert len(names) == len(set(names)) == sum(p.areas[0].condemned for p in done)
        newest = writer.state.get(SNAPSHOTS, NEWEST)
        assert newest is not None and newest.index not in names
        assert await garden.problems() == []

    run(main())


def test_a_snapshot_published_while_files_are_marked_is_not_condemned() -> None:
    async def main() -> None:
        garden = Garden(with_policy(snapshots_newest=1))
        database = await garden.opened()
        await garden.grow(database, *LETTERS)
        garden.wait(hours=2)
        area = snapshot_files(database, garden.policy)
        mark = area.mark

        async def overtaken(ask: object, names: object) -> object:
            judge = await mark(ask, names)  # type: ignore[arg-type]
            if len(await names_in(database)) == len(LETTERS):
                await garden.grow(database, "late")
            return judge

        raced = msgspec.structs.replace(area, mark=overtaken)
        begin = begin_pass(garden.policy)
        await collect(database, [raced], policy=garden.policy, begin=begin)
        newest = database.state.get(SNAPSHOTS, NEWEST)
        assert newest is not None and database.state.get(CONDEMNED, newest.index) is None
        garden.wait(hours=2)
        await garden.collect(database)
        assert await garden.problems() == []

    run(main())
