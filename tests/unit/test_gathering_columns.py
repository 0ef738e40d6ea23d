"""Columns of many tables are gathered in turns, and are of one state all the same."""

from __future__ import annotations

import hashlib

from arco.api.columns import BEGUN_MAX, TABLES_TOGETHER, Found, Gathering
from arco.api.listing import Among
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.domain import DOMAIN
from arco.catalog.events import PublishedColumn
from arco.catalog.kinds import Kind
from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.sizes import Sizes
from arco.model import State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.testing.folding import MemoryState
from tests.unit.catalog_shop import NOON, Shop

TABLES = 9
COLUMNS = [{"name": "id", "type": "bigint"}, {"name": "amount", "type": "double"}]
RUNTIME = AsyncioRuntime()
SMALL_BLOCKS = Sizes(cache_bytes=0, small_rows=0, hot_changes=1, rows_per_group=2, rows_per_file=64)
MANY = 4 * TABLES_TOGETHER


class Moving:
    """A catalog whose state moves on when it is told to."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.shop.ask("create_namespace", "sales")
        for number in range(TABLES):
            self.shop.ask("create_table", f"sales.t{number}", columns=COLUMNS)
        self.seq = 1

    @property
    def state(self) -> MemoryState:
        """As it stands."""
        return self.shop.state

    def move(self) -> None:
        """One more table, behind all others and before them."""
        self.seq += 1
        self.shop.ask("create_table", f"sales.a{self.seq}", columns=COLUMNS)

    def gathering(self, at_once: int) -> Gathering:
        """All columns, so many tables at once."""
        among = Among(kind=Kind.TABLE)
        return Gathering(lambda: self.seq, None, limit=1000, among=among, at_once=at_once)


def tables(found: Found) -> list[str]:
    """The tables in the order of the answer."""
    return list(dict.fromkeys(line.table for line in found.lines))


def test_turns_join_to_what_one_go_gives() -> None:
    moving = Moving()
    whole = moving.gathering(1000)(moving.state)
    gathering, turns = moving.gathering(2), 0
    while (found := gathering(moving.state)) is None:
        turns += 1
    assert whole is not None and found.lines == whole.lines
    assert turns == TABLES // 2


def test_a_state_that_moves_meanwhile_is_gathered_from_its_beginning() -> None:
    moving = Moving()
    gathering = moving.gathering(5)
    assert gathering(moving.state) is None
    moving.move()
    assert gathering(moving.state) is None
    found = gathering(moving.state)
    assert found is not None
    assert tables(found) == ["a2", *(f"t{number}" for number in range(TABLES))]


def test_a_state_that_keeps_moving_is_gathered_in_one_go_in_the_end() -> None:
    moving = Moving()
    gathering = moving.gathering(1)
    for _ in range(BEGUN_MAX):
        assert gathering(moving.state) is None
        moving.move()
    found = gathering(moving.state)
    assert found is not None
    assert len(tables(found)) == TABLES + BEGUN_MAX


async def many_cold_tables() -> Database:
    """A process that has just started; two columns of each table stand in a block of their own, and
    ids are in another order than names.
    """
    store = MemoryStore()
    before = await opened(store)
    command = PublishVersions(
        versions=tuple(version_of(number) for number in range(MANY)),
        mint=lambda name: name,
        run_id="",
        actor="ann",
    )
    await before.transact(lambda state, now: publish_versions(command, state, now=NOON))
    assert await snapshot.publish(before)
    return await opened(store)


async def opened(store: MemoryStore) -> Database:
    return await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test", sizes=SMALL_BLOCKS)


def version_of(number: int) -> PublishedVersion:
    name = f"t{number:04}"
    return PublishedVersion(
        table_id=hashlib.sha256(name.encode()).hexdigest(),
        namespace="sales",
        name=name,
        version=1,
        columns=(PublishedColumn("id", "bigint"), PublishedColumn("amount", "double")),
        rows=0,
        size_bytes=0,
        files=0,
        location=f"warehouse/{name}",
    )


def test_tables_whose_columns_stand_everywhere_are_not_all_in_memory_at_once() -> None:
    async def main() -> None:
        cold = await many_cold_tables()
        among = Among(kind=Kind.TABLE)
        gathering = Gathering(lambda: cold.seq, None, limit=MANY, among=among)
        held: list[int] = []

        def watched(state: State) -> Found | None:
            held.append(len(cold.tables.cache))
            return gathering(state)

        while (found := await cold.asked(watched)) is None:
            pass
        assert len(found.lines) == 2 * MANY
        # Blocks of tables are read besides, two rows in each.
        assert max(held) <= 3 * TABLES_TOGETHER

    run(main())
