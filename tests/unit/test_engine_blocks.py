"""Rows below the snapshot: read block by block, checked, bounded; and files that are left alone."""

from __future__ import annotations

from itertools import islice

import msgspec
import pytest

from arco.catalog.tables import COLUMNS, Column
from arco.engine import parquet, snapshot
from arco.engine.blocks import ABSENT, DECODED_LINES, Block
from arco.engine.columns import ColumnKeys
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import FORMAT, File, Index, runs_of
from arco.engine.layout import layout_of
from arco.engine.reader import Reader
from arco.engine.sizes import Sizes
from arco.errors import Unavailable
from arco.ids import sha256
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.registry import NAMES, Name, NameTaken, take_name
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.stores import CountingStore

RUNTIME = AsyncioRuntime()
SIZES = Sizes(
    cache_bytes=20_000, hot_changes=1, small_rows=0, rows_per_group=10, rows_per_file=100, fan_out=3
)
COUNT = 1_000


async def opened(store: Store, sizes: Sizes = SIZES) -> Database:
    return await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test", sizes=sizes)


async def filled(store: Store) -> Database:
    """A thousand names in base files of a hundred rows, ten a block."""
    database = await opened(store)
    events = [Event(NameTaken(f"n{number:04}", f"t{number:04}")) for number in range(COUNT)]
    await database.transact(lambda state, now: events)
    assert await snapshot.publish(database)
    assert [file.rows for file in await base_of(database)] == [100] * 10
    return database


async def base_of(database: Database) -> tuple[File, ...]:
    index = await newest_index(database)
    return await database.replay.reader.base(index.tables[NAMES.name])


async def newest_index(database: Database) -> Index:
    row = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    assert row is not None
    return await database.replay.reader.index(SnapshotReference(row.slot, row.index, row.sha256))


def page(state: State, after: str, *, count: int) -> list[str]:
    return [row.name for row in islice(state.range(NAMES, after=(after,)), count)]


async def took(database: Database, *names: str) -> None:
    for name in names:
        await database.transact(take_name(name, f"for-{name}"))
    assert await snapshot.publish(database)


def test_of_a_large_block_only_what_is_around_is_made_into_rows() -> None:
    names = [f"n{number:05}" for number in range(4 * DECODED_LINES)]
    rows = [Name(name=name, token=f"t-{name}") for name in names]
    block, other = (Block(NAMES, parquet.rows_to_arrow(NAMES, rows)) for _ in range(2))
    plain = block.size_bytes
    for start in range(DECODED_LINES, DECODED_LINES + 600, 100):
        assert [row for _, row in block.lines(start, start + 100)] == rows[start : start + 100]
    other.lines(DECODED_LINES, 2 * DECODED_LINES)
    assert block.size_bytes - plain == other.size_bytes - plain


def test_a_block_that_was_read_in_part_is_read_whole_and_keeps_its_rows() -> None:
    names = [f"n{number:03}" for number in range(200)]
    rows = [Name(name=name, token=f"t-{name}") for name in names]
    block = Block(NAMES, parquet.rows_to_arrow(NAMES, rows))
    first = block.get(("n003",))
    read = [block.lines(start, start + 1)[0] for start in range(13)]
    size = block.size_bytes
    assert read[3][1] is first
    assert [block.lines(start, start + 1)[0][1] for start in range(13, 200)] == rows[13:]
    assert [block.lines(start, start + 1)[0] for start in range(13)] == read
    assert block.get(("n003",)) is first
    # Everything was read, and charged, with the first line past the share.
    assert block.lines(0, 200) == [((name,), row) for name, row in zip(names, rows, strict=True)]
    assert block.size_bytes > size


def test_keys_of_several_parts_are_made_only_for_who_asks_for_many() -> None:
    rows = [
        Column(table_id=f"t{number // 20:04}", ordinal=number % 20, name="n", type="long")
        for number in range(4_000)
    ]
    block = Block(COLUMNS, parquet.rows_to_arrow(COLUMNS, rows))
    plain = block.size_bytes
    assert block.get(("t0100", 7)) == rows[2_007]
    assert block.get(("t0100", 20)) is ABSENT
    assert block.lines(2_000, 2_020) == [(("t0100", n), rows[2_000 + n]) for n in range(20)]
    assert isinstance(block.keys, ColumnKeys) and block.size_bytes < plain + 40_000
    few = list(block.keys)
    assert [key for key, _ in block.lines(0, 4_000)] == few
    assert block.keys == few and block.get(("t0199", 19)) == rows[-1]


@pytest.mark.parametrize("written", ["a", "z"])
def test_a_run_that_stands_elsewhere_is_not_read(written: str) -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        database = await filled(store)
        await took(database, written)
        (delta,) = (await newest_index(database)).tables[NAMES.name].deltas
        cold = await opened(store)
        store.reset()
        assert len(await cold.asked(lambda state: list(state.range(NAMES, "n0500")))) == 1
        read = {call.key for call in store.calls}
        assert read
        assert delta.name not in read

    run(main())


def test_a_page_reads_the_block_it_stands_in_and_no_other() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        await filled(store)
        cold = await opened(store)
        store.reset()
        names = await cold.asked(lambda state: page(state, "n0413", count=6))
        assert names == [f"n{number:04}" for number in range(414, 420)]
        assert store.counts("data/*")["get"] == 1

    run(main())


def test_memory_is_bounded_by_the_cache_however_much_was_read() -> None:
    async def main() -> None:
        store = MemoryStore()
        await filled(store)
        cold = await opened(store)
        rows = await cold.asked(lambda state: list(state.range(NAMES)))
        assert len(rows) == COUNT
        for number in range(COUNT):
            assert await cold.asked(lambda state, n=number: state.get(NAMES, f"n{n:04}"))
            assert cold.tables.cache.size_bytes <= SIZES.cache_bytes
        assert not cold.tables.memory[NAMES.name].rows

    run(main())


def test_rows_that_a_snapshot_holds_leave_memory_and_those_changed_lately_stay() -> None:
    async def main() -> None:
        database = await filled(MemoryStore())
        await took(database, "o1")
        await took(database, "o2")
        await RUNTIME.sleep(0.05)
        assert 0 < len(database.tables.memory[NAMES.name].rows) < 10
        assert len(await database.asked(lambda state: list(state.range(NAMES)))) == COUNT + 2

    run(main())


def test_a_row_group_that_is_read_alone_is_checked_again() -> None:
    async def main() -> None:
        store = MemoryStore()
        await filled(store)
        cold = await opened(store)
        file = (await base_of(cold))[4]
        assert await cold.asked(lambda state: state.get(NAMES, "n0400"))
        data = await store.get(file.name)
        assert data is not None
        at = layout_of(data).groups[9].start + 5
        await store.put(file.name, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        found = await cold.asked(lambda state: state.get(NAMES, "n0495"))
        assert found is not None and found.token == "t0495"
        assert cold.replay.damage is not None and cold.replay.damage.code == "OBJECT_DAMAGED"

    run(main())


def test_only_the_key_ranges_that_changed_are_written_again() -> None:
    async def main() -> None:
        database = await filled(MemoryStore())
        before = [file.name for file in await base_of(database)]
        for turn in range(3):
            await took(database, *(f"n0300-{turn}{each}" for each in range(5)))
        after = [file.name for file in await base_of(database)]
        assert [at for at, name in enumerate(before) if name not in after] == [3]
        assert not (await newest_index(database)).tables[NAMES.name].deltas

    run(main())


def test_appended_rows_become_base_and_leave_the_other_files_alone() -> None:
    async def main() -> None:
        database = await filled(MemoryStore())
        before = [file.name for file in await base_of(database)]
        for turn in range(3):
            await took(database, *(f"z{turn}{each:02}" for each in range(20)))
        after = [file.name for file in await base_of(database)]
        assert after[: len(before)] == before and len(after) == len(before) + 1

    run(main())


def test_few_scattered_changes_stay_in_runs_that_merge() -> None:
    async def main() -> None:
        database = await filled(MemoryStore())
        before = await base_of(database)
        for turn in range(9):
            await took(database, f"n{turn}99-x")
        assert await base_of(database) == before
        runs = runs_of((await newest_index(database)).tables[NAMES.name].deltas)
        assert [sum(file.rows for file in run) for run in runs] == [5, 3, 1]

    run(main())


def test_an_index_of_a_later_format_is_refused() -> None:
    async def main() -> None:
        store = MemoryStore()
        database = await filled(store)
        later = msgspec.structs.replace(await newest_index(database), format=FORMAT + 1)
        data = msgspec.json.encode(later)
        await store.put("data/engine/later/index.json", data)
        reference = SnapshotReference(0, "data/engine/later/index.json", sha256(data))
        with pytest.raises(Unavailable) as refused:
            await Reader(store, RUNTIME).index(reference)
        assert refused.value.code == "INDEX_FORMAT_UNKNOWN"

    run(main())
