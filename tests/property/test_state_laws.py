"""The state against a plain dict: puts, drops, snapshots, merges, evictions, restarts, two writers.

Sizes are tiny, so that a handful of rows makes files, pages, runs and blocks that come and go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice, pairwise
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from arco.engine import snapshot
from arco.engine.columnar import columnar
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import TableFiles, runs_of
from arco.engine.merging import RUNS_MAX
from arco.engine.parquet import rows_to_arrow, schema_of
from arco.engine.past import state_at
from arco.engine.sizes import Sizes
from arco.engine.verify import Verifier
from arco.model import Change, Domain, Drop, Event, Payload, Put, State, Table
from arco.query.layering import layers
from arco.query.layers import query
from arco.query.protocol import Layered, Layers
from arco.query.stage import stage_with_files
from arco.runtime import AsyncioRuntime
from arco.store.memory import MemoryStore

pytestmark = pytest.mark.timeout(600)
RUNTIME = AsyncioRuntime()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROW_BYTES_MAX = 4_000


class Colour(Enum):
    """What a cell may look like."""

    RED = "red"
    BLUE = "blue"


class Cell(msgspec.Struct, frozen=True):
    """One cell of a group."""

    group: str
    number: int
    text: str | None
    colour: Colour = Colour.RED
    labels: tuple[str, ...] = ()
    details: dict[str, int] = {}
    made_at: datetime = NOON


CELLS = Table("cells.cells", Cell, ("group", "number"))


class CellsPut(Payload, frozen=True):
    """The cells stand as they are given."""

    cells: tuple[Cell, ...]


class CellsDropped(Payload, frozen=True):
    """No cells stand under these keys."""

    keys: tuple[tuple[str, int], ...]


def cells_put(state: State, event: CellsPut) -> Iterator[Change]:
    """Every cell, as it is given."""
    yield from (Put(CELLS, cell) for cell in event.cells)


def cells_dropped(state: State, event: CellsDropped) -> Iterator[Change]:
    """Those that stand."""
    yield from (Drop(CELLS, key) for key in event.keys if state.get(CELLS, *key) is not None)


DOMAIN = Domain("cells", (CELLS,), {CellsPut: cells_put, CellsDropped: cells_dropped})

GROUPS = st.sampled_from(["a", "b", "ba", "é", ""])
KEYS = st.tuples(GROUPS, st.integers(-3, 40))
DRAWN_CELLS = st.builds(
    Cell,
    group=GROUPS,
    number=st.integers(-3, 40),
    text=st.none() | st.text(max_size=3),
    colour=st.sampled_from(Colour),
    labels=st.lists(st.text(max_size=2), max_size=2).map(tuple),
    details=st.dictionaries(st.text(max_size=2), st.integers(0, 9), max_size=2),
    made_at=st.integers(0, 10**9).map(lambda n: NOON + timedelta(microseconds=n)),
)
SIZES = st.builds(
    Sizes,
    cache_bytes=st.sampled_from([0, 3_000, 1_000_000]),
    hot_changes=st.sampled_from([1, 8, 100]),
    small_rows=st.sampled_from([0, 5, 1_000]),
    rows_per_group=st.sampled_from([1, 3]),
    rows_per_file=st.sampled_from([3, 9, 60]),
    fan_out=st.sampled_from([2, 4, 8]),
    inline_files=st.sampled_from([0, 2]),
    files_per_page=st.sampled_from([1, 3]),
)


class StateMachine(RuleBasedStateMachine):
    """Two processes on one store, and a dict that knows what they should see."""

    @initialize(sizes=SIZES)
    def begin(self, sizes: Sizes) -> None:
        self.runner = asyncio.Runner()
        self.sizes = sizes
        self.store = MemoryStore()
        self.model: dict[tuple[str, int], Cell] = {}
        self.past: dict[int, dict[tuple[str, int], Cell]] = {}
        self.processes = [self.run(self.opened()) for _ in range(2)]

    def run(self, work: Any) -> Any:
        async def main() -> Any:
            result = await work
            # What was spawned beside it goes on as it would in a process that lives.
            for _ in range(20):
                await asyncio.sleep(0)
            return result

        return self.runner.run(main())

    async def opened(self) -> Database:
        return await Database.open(
            self.store, RUNTIME, domains=(DOMAIN,), writer="test", sizes=self.sizes
        )

    def commit(self, which: int, *payloads: Payload) -> None:
        events = [Event(payload) for payload in payloads]
        receipt = self.run(self.processes[which].transact(lambda state, now: events))
        self.past[receipt.seq] = dict(self.model)

    @rule(which=st.integers(0, 1), cells=st.lists(DRAWN_CELLS, min_size=1, max_size=12))
    def put(self, which: int, cells: list[Cell]) -> None:
        self.model |= {(cell.group, cell.number): cell for cell in cells}
        self.commit(which, CellsPut(tuple(cells)))

    @rule(which=st.integers(0, 1), first=st.integers(41, 10_000))
    def append(self, which: int, first: int) -> None:
        cells = [Cell("z", number, None) for number in range(first, first + 7)]
        self.put(which, cells)

    @rule(which=st.integers(0, 1), step=st.integers(1, 3))
    def fill(self, which: int, step: int) -> None:
        self.put(which, [Cell("f", number, "filled") for number in range(0, 150, step)])

    @rule(which=st.integers(0, 1), dropped=st.lists(KEYS, min_size=1, max_size=12))
    def drop(self, which: int, dropped: list[tuple[str, int]]) -> None:
        for key in dropped:
            self.model.pop(key, None)
        self.commit(which, CellsDropped(tuple(dropped)))

    @rule(which=st.integers(0, 1))
    def publish(self, which: int) -> None:
        self.run(self.processes[which].refresh())
        assert self.run(snapshot.publish(self.processes[which]))

    @rule(which=st.integers(0, 1), cells=st.lists(DRAWN_CELLS, min_size=2, max_size=5))
    def publish_each(self, which: int, cells: list[Cell]) -> None:
        for cell in cells:
            self.put(which, [cell])
            self.publish(which)

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        self.processes[which] = self.run(self.opened())

    @rule(which=st.integers(0, 1), key=KEYS)
    def get(self, which: int, key: tuple[str, int]) -> None:
        assert self.seen(which, lambda state: state.get(CELLS, *key)) == self.model.get(key)

    @rule(which=st.integers(0, 1), group=GROUPS)
    def get_group(self, which: int, group: str) -> None:
        expected = [self.model[key] for key in sorted(self.model) if key[0] == group]
        assert self.seen(which, lambda state: list(state.range(CELLS, group))) == expected

    @rule(which=st.integers(0, 1), after=KEYS, count=st.integers(0, 5))
    def get_page(self, which: int, after: tuple[str, int], *, count: int) -> None:
        expected = [self.model[key] for key in sorted(self.model) if key > after][:count]

        def page(state: State) -> list[Cell]:
            return list(islice(state.range(CELLS, after=after), count))

        assert self.seen(which, page) == expected

    @rule(which=st.integers(0, 1))
    def get_all(self, which: int) -> None:
        expected = [self.model[key] for key in sorted(self.model)]
        assert self.seen(which, lambda state: list(state.range(CELLS))) == expected

    @rule(which=st.integers(0, 1))
    def read_as_columns(self, which: int) -> None:
        found = self.seen(which, lambda state: columnar(state, CELLS))
        if found is None:
            return
        reader = self.processes[which].replay.reader
        provided = self.run(layers(CELLS, found, reader=reader, runtime=RUNTIME))
        expected = rows_to_arrow(CELLS, [self.model[key] for key in sorted(self.model)])
        assert self.run(read_by_sql(provided)).to_pylist() == expected.to_pylist()

    @rule(which=st.integers(0, 1), at=st.integers(0, 10_000))
    def look_back(self, which: int, at: int) -> None:
        if not self.past:
            return
        slot = sorted(self.past)[at % len(self.past)]
        past = self.run(state_at(self.processes[which], slot))
        expected = [self.past[slot][key] for key in sorted(self.past[slot])]
        assert self.run(past.asked(lambda state: list(state.range(CELLS)))) == expected

    def seen(self, which: int, question: Any) -> Any:
        self.run(self.processes[which].refresh())
        return self.run(self.processes[which].asked(question))

    @invariant()
    def memory_is_bounded_by_the_cache(self) -> None:
        for process in getattr(self, "processes", ()):
            assert process.tables.cache.size_bytes <= self.sizes.cache_bytes + ROW_BYTES_MAX

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        verifier = Verifier(self.store, RUNTIME, (DOMAIN, ENGINE))
        report = self.run(verifier.run())
        assert report.findings == ()
        self.run(self.check_files())
        self.runner.close()

    async def check_files(self) -> None:
        database = self.processes[0]
        await database.refresh()
        newest = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
        if newest is None:
            return
        reader = database.replay.reader
        reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
        files = (await reader.index(reference)).tables.get(CELLS.name, TableFiles())
        in_order(await reader.base(files))
        runs = runs_of(files.deltas)
        assert len(runs) <= RUNS_MAX
        for run in runs:
            in_order(run)


async def read_by_sql(provided: Layers) -> pa.Table:
    """The cells as a query worker would read them."""
    files = [data async for data in provided.files()]
    frames = [*files, provided.changed, provided.defaults]
    layered = Layered(provided.key, provided.base, provided.deltas)
    with stage_with_files(2**30) as stage:
        text = query(stage, "it", layered=layered, frames=frames)
        rows = stage.connection.sql(f'FROM ({text}) ORDER BY "group", number')
        return rows.to_arrow_table().cast(schema_of(CELLS))


def in_order(files: Sequence[Any]) -> None:
    """The files are sorted and share no key."""
    for file in files:
        assert file.starts[0] <= file.last
    for before, after in pairwise(files):
        assert before.last < after.starts[0]


TestStateLaws = StateMachine.TestCase
