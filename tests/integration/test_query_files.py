"""Large tables of ours reach a query worker as their files: SQL says what the state says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.access.callers import Caller, Method, local_owner
from arco.catalog.changes import CatalogChange
from arco.catalog.tables import TABLES
from arco.engine import snapshot
from arco.engine.columnar import columnar
from arco.engine.database import Database
from arco.engine.parquet import Changed, changed_to_arrow, write_base
from arco.engine.past import state_at
from arco.engine.sizes import Sizes
from arco.errors import Corrupt
from arco.query.arrow import ipc_of
from arco.query.layering import defaults_of
from arco.query.names import TableName
from arco.query.protocol import Inline, Layers, Provision
from arco.query.provider import provider_for
from arco.runtime import AsyncioRuntime
from arco.service.changing import Changing
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, workspace_of
from arco.store.memory import MemoryStore
from arco.store.scoped import ScopedStore
from tests.integration.query_bench import PEOPLE, PEOPLE_TABLE, Bench, Person, worker_pids

RUNTIME = AsyncioRuntime()
ALL_IN_FILES = Sizes(small_rows=0, hot_changes=1, rows_per_group=2, rows_per_file=8)
OWNER = local_owner("local", "main")
ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)
COUNT = """
    SELECT count(DISTINCT t.name) AS n, min(t.name) AS first, sum(1)::BIGINT AS columns
    FROM system.catalog.tables AS t JOIN system.catalog.columns AS c USING (table_id)
"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.do(bench.pool.close())
    bench.runner.close()


def large(*frames: bytes, fails: bool = False) -> Provision:
    """People as files, with nobody else."""

    async def files() -> AsyncIterator[bytes]:
        for frame in frames:
            yield frame
        if fails:
            raise Corrupt("OBJECT_DAMAGED", "a file is damaged", hint="rebuild it")

    changed = ipc_of(changed_to_arrow(PEOPLE_TABLE, [Changed((3,), Person(3, "Ida"), 9)]))
    count = len(frames) + fails
    return Layers(("id",), count, 0, files, changed, defaults_of(PEOPLE_TABLE))


def test_a_large_table_is_sent_as_its_files_and_only_read_by_its_name(bench: Bench) -> None:
    base = write_base(PEOPLE_TABLE, [Person(1, "Zoë"), Person(2, "李😀")])

    async def some(needed: Sequence[TableName]) -> list[Provision]:
        return [large(base) if table.name == "people" else Inline(PEOPLE) for table in needed]

    sql = "SELECT max(big.id) AS id, count(*) AS n FROM big.people AS big, hr.others"
    assert bench.rows(sql, provider=some) == [{"id": 3, "n": 6}]
    both = "SELECT a.id FROM a.people AS a JOIN b.people AS b USING (id) WHERE b.name = 'Ida'"
    assert bench.rows(both, provider=some) == [{"id": 3}]
    aside = "SELECT * FROM big.people, read_parquet('handed:///*/base/0.parquet')"
    assert bench.code(aside, provider=some) == "QUERY_NOT_READ_ONLY"


def test_a_damaged_file_on_the_way_is_named_and_the_next_question_answered(bench: Bench) -> None:
    async def broken(needed: Sequence[TableName]) -> list[Provision]:
        return [large(b"PAR1", fails=True)]

    before = bench.rows("SELECT 1 AS a") and worker_pids()
    assert bench.code("FROM big.people", provider=broken) == "OBJECT_DAMAGED"
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]
    assert worker_pids() != before


class Catalog:
    """A workspace in memory, of which all rows stand in files after each snapshot."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.settings = Settings(directory=folder)
        self.store = ScopedStore(MemoryStore(), self.settings.scope)
        self.bench = bench
        self.start()

    def start(self) -> None:
        """A process that has just started."""
        opened = Database.open(
            self.store, RUNTIME, domains=DOMAINS, writer="test", sizes=ALL_IN_FILES
        )
        database = self.bench.do(opened)
        self.workspace = workspace_of(self.settings, RUNTIME, store=self.store, database=database)

    def publish(self) -> None:
        """All rows stand in files."""
        assert self.bench.do(snapshot.publish(self.workspace.database))
        self.start()
        assert columnar(self.workspace.database.state, TABLES) is not None

    def change(self, *bodies: dict[str, Any]) -> int:
        """The slot of the changes."""
        changes = msgspec.convert(bodies, list[CatalogChange])
        decision = Changing(self.workspace, changes, caller=OWNER).decide
        receipt = self.bench.do(self.workspace.database.transact(decision))
        return int(receipt.seq)

    def ask(self, sql: str, at: int | None = None, *, caller: Caller = OWNER) -> Any:
        """The rows, as the caller may know them."""
        past = None if at is None else self.bench.do(state_at(self.workspace.database, at))
        return self.bench.rows(sql, provider=provider_for(self.workspace, past, caller=caller))


def test_sql_sees_every_change_of_a_catalog_that_stands_in_files(
    tmp_path: Path, bench: Bench
) -> None:
    catalog = Catalog(tmp_path, bench)
    columns = [{"name": "id", "type": "bigint"}, {"name": "at", "type": "date"}]
    made = [
        {"change": "create_table", "name": f"sales.t{n:03}", "columns": columns} for n in range(30)
    ]
    before = catalog.change({"change": "create_namespace", "name": "sales"}, *made)
    catalog.publish()
    assert catalog.ask(COUNT) == [{"n": 30, "first": "t000", "columns": 60}]
    catalog.change({"change": "drop", "kind": "table", "name": "sales.t000"})
    catalog.change({**made[0], "name": "sales.a", "columns": columns[:1]})
    assert catalog.ask(COUNT) == [{"n": 30, "first": "a", "columns": 59}]
    catalog.publish()
    catalog.change({"change": "drop", "kind": "table", "name": "sales.a"})
    assert catalog.ask(COUNT) == [{"n": 29, "first": "t001", "columns": 58}]
    assert catalog.ask(COUNT, at=before) == [{"n": 30, "first": "t000", "columns": 60}]
    assert catalog.ask(COUNT, caller=ANN) == [{"n": 0, "first": None, "columns": None}]
