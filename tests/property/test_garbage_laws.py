"""Random lives of a workspace: whatever is published, pinned, collected and interrupted in whatever
order, what is kept is there, and what is not kept does not pile up.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.garbage import CONDEMNATIONS, CONDEMNED, PINS, collection_of
from arco.engine.past import state_at
from arco.engine.pins import CreatePin, create_pin, drop_pin, snapshot_of
from arco.engine.snapshot_files import kept_snapshots
from arco.errors import ArcoError
from arco.model import State
from arco.runtime import Runtime, run
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.registry import NAMES, free_name, take_name
from tests.unit.garbage_world import Garden, names_in, with_policy

STEPS = st.one_of(
    st.tuples(st.just("take"), st.integers(0, 5)),
    st.tuples(st.just("publish"), st.just(0)),
    st.tuples(st.just("abandon"), st.just(0)),
    st.tuples(st.just("pin"), st.integers(0, 1)),
    st.tuples(st.just("drop"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("collect"), st.just(0)),
    st.tuples(st.just("die"), st.integers(0, 25)),
)
POLICY = with_policy(names_per_commit=3, condemnations_per_pass=4)


class Fused(MemoryStore):
    """A store whose process loses it after a while."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.fuse: int | None = None

    def _burn(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise StoreFault("the process is gone", fatal=True)

    async def create(self, key: str, data: bytes) -> bool:
        self._burn()
        return await super().create(key, data)

    async def delete(self, key: str) -> None:
        self._burn()
        await super().delete(key)


class Life:
    """A workspace, its processes, and what its pins must show."""

    def __init__(self) -> None:
        self.garden = Garden(POLICY)
        self.store = Fused(self.garden.clock)
        self.garden.store = self.store
        self.shown: dict[str, list[str]] = {}
        self.count = 0

    async def live(self, steps: Sequence[tuple[str, int]]) -> None:
        database = await self.garden.opened()
        for kind, number in steps:
            database = await self._step(database, kind, number=number)
        await self.check(database)

    async def _step(self, database: Database, kind: str, *, number: int) -> Database:
        self.count += 1
        if kind == "take":
            await self._take_or_free(database, f"n{number}")
        elif kind == "publish":
            await snapshot.publish(database)
        elif kind == "abandon":
            await snapshot._written(database)
        elif kind in ("pin", "drop"):
            await self._pin(database, kind, name=f"pin-{number}")
        elif kind == "wait":
            self.garden.wait(hours=number)
        elif kind == "collect":
            await self.garden.collect(database)
            await self.check(database)
        else:
            return await self._die(database, number)
        return database

    async def _take_or_free(self, database: Database, name: str) -> None:
        token = f"token-{self.count}"
        taken = name in await names_in(database)
        await database.transact(free_name(name, token) if taken else take_name(name, token))

    async def _pin(self, database: Database, kind: str, *, name: str) -> None:
        try:
            if kind == "drop":
                await database.transact(drop_pin(name))
                del self.shown[name]
            else:
                command = CreatePin(name=name, slot=database.seq)
                await database.transact(create_pin(command))
                self.shown.setdefault(name, await names_in(database))
        except ArcoError:
            return

    async def _die(self, database: Database, fuse: int) -> Database:
        """A collector that ends after so many writes; another process goes on."""
        self.store.fuse = fuse
        with suppress(ArcoError):
            await self.garden.collect(database)
        self.store.fuse = None
        fresh = await self.garden.opened()
        await self.check(fresh)
        return fresh

    async def check(self, database: Database) -> None:
        """What is kept is there, pins show what they showed, and the log gives the same rows."""
        files = await self.garden.files()
        for reference in await database.asked(kept_snapshots):
            index = await database.replay.reader.index(reference)
            assert {reference.index, *await database.replay.reader.objects(index)} <= files
        for pin in await database.asked(lambda state: list(state.range(PINS))):
            past = await state_at(database, pin.slot)
            assert past.snapshot is not None or snapshot_of(pin) is None
            assert await past.asked(names_of) == self.shown[pin.name]
        assert await self.garden.problems() == []


def names_of(state: State) -> list[str]:
    return [row.name for row in state.range(NAMES)]


@given(st.lists(STEPS, max_size=25))
def test_no_life_loses_what_it_keeps(steps: list[tuple[str, int]]) -> None:
    run(Life().live(steps))


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_pass_that_dies_anywhere_is_finished_by_the_next_ones(first: int, second: int) -> None:
    async def main() -> None:
        life = Life()
        database = await life.garden.opened()
        await life.garden.grow(database, *(f"n{n}" for n in range(4)))
        for fuse in (first, second):
            life.garden.wait(hours=2)
            database = await life._die(database, fuse)
        for _ in range(4):
            life.garden.wait(hours=2)
            await life.garden.collect(database)
        await life.check(database)
        state = database.state
        assert not list(state.range(CONDEMNATIONS)) and not list(state.range(CONDEMNED))
        needed = await needed_names(database)
        assert await life.garden.files() == needed

    run(main())


def test_a_long_life_takes_bounded_space() -> None:
    async def main() -> None:
        garden = Garden(with_policy(snapshots_daily=3))
        database = await garden.opened()
        sizes, rows = [], []
        for day in range(60):
            for part in range(4):
                name, token = f"n{part}", f"t{day}-{part}"
                change = (free_name if day % 2 else take_name)(name, token)
                await database.transact(change)
                await snapshot.publish(database)
                garden.wait(hours=6)
            await garden.collect(database)
            sizes.append(len(await garden.files()))
            rows.append(len(list(database.state.range(CONDEMNED))))
        assert max(sizes[30:]) <= 1.3 * max(sizes[10:30])
        assert max(rows[30:]) <= 1.3 * max(rows[10:30])
        assert collection_of(database.state).collected_names > 5 * max(sizes)
        assert await garden.problems() == []

    run(main())


async def needed_names(database: Database) -> set[str]:
    """Every object that a kept snapshot names."""
    names: set[str] = set()
    for reference in await database.asked(kept_snapshots):
        index = await database.replay.reader.index(reference)
        names |= {reference.index, *await database.replay.reader.objects(index)}
    return names
