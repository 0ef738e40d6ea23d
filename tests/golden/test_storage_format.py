"""The page on the storage format is true: strangers with DuckDB and DataFusion follow it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from arco.engine import snapshot
from arco.engine.commit import COMMIT_BYTES_MAX, Commit, PayloadReference, SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import File, Index, Page, PageContent
from arco.engine.parquet import ROWS_PER_FILE, ROWS_PER_GROUP
from arco.engine.sizes import SIZES, Sizes
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
    remove_dynamic_partitions,
)
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, open_scope
from tests.golden.folders import STORES, named
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs/reference/storage-format.md").read_text("utf-8")
STATEMENTS = [
    statement.strip()
    for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    for statement in block.split(";\n")
    if statement.strip()
]
PROGRAM = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
Answer = list[dict[str, Any]]


@pytest.mark.parametrize("golden", named(STORES), ids=lambda path: path.name)
def test_a_stranger_reads_the_newest_snapshot_with_the_steps_on_the_page(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(golden / "store", tmp_path / ".arco")
    monkeypatch.chdir(tmp_path)
    hint, whole, rows, log, chain = followed()
    slots = len(list((golden / "store").glob("*/*/log/*/*.json")))
    assert hint[0]["seq"] < slots - 1, "the golden hint is stale on purpose"
    assert whole == [{"is_whole": True}]
    # Before the snapshot r0 was removed; the tail, which the page leaves out, removes r1.
    assert [row["value"] for row in rows] == [f"r{number}" for number in range(1, 8)]
    assert values_for_datafusion() == [f"r{number}" for number in range(1, 8)]
    assert [line["seq"] for line in log] == list(reversed(range(slots)))
    assert chain == [{"slots": slots, "broken_links": 0, "changed": 0}]


def test_a_stranger_follows_the_pages_of_a_table_with_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(write_pages(tmp_path))
    _, whole, rows, _, _ = followed()
    assert whole == [{"is_whole": True}]
    expected = [f"r{n:02}" for n in range(60) if n != 7] + ["s"]
    assert [row["value"] for row in rows] == expected
    assert values_for_datafusion() == expected


async def write_pages(folder: Path) -> None:
    """A workspace whose partitions stand in pages of base files, with a run above them."""
    runtime, settings = AsyncioRuntime(), Settings(directory=folder, fsync=False)
    store = open_scope(settings, runtime)
    sizes = Sizes(rows_per_group=2, rows_per_file=4, inline_files=2, files_per_page=3)
    database = await Database.open(store, runtime, domains=DOMAINS, writer="test", sizes=sizes)

    def values(*names: str) -> ChangeDynamicPartitions:
        return ChangeDynamicPartitions(name="regions", values=names, actor="test")

    await database.transact(add_dynamic_partitions(values(*(f"r{n:02}" for n in range(60)))))
    while not await has_pages(database):
        assert await snapshot.publish(database)
        await database.transact(add_dynamic_partitions(values("s")))
        await database.transact(remove_dynamic_partitions(values("s")))
    await database.transact(add_dynamic_partitions(values("s")))
    await database.transact(remove_dynamic_partitions(values("r07")))
    assert await snapshot.publish(database)
    assert await has_pages(database)
    await database.close()


async def has_pages(database: Database) -> bool:
    """Whether the newest snapshot lists the files of the partitions in pages."""
    newest = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    if newest is None:
        return False
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    index = await database.replay.reader.index(reference)
    return bool(index.tables["orchestration.dynamic_partitions"].pages)


def followed() -> list[Answer]:
    """The answer of every SELECT on the page, in order; the other statements set variables."""
    connection = duckdb.connect()
    answers = []
    for statement in STATEMENTS:
        if statement.startswith("SELECT"):
            answers.append(connection.sql(statement).to_arrow_table().to_pylist())
        else:
            connection.execute(statement)
    connection.close()
    return answers


def values_for_datafusion() -> list[str]:
    """The values that the page's program finds with DataFusion."""
    names: dict[str, Any] = {}
    exec(compile(PROGRAM, "storage-format.md", "exec"), names)
    return [row["value"] for row in names["rows"]]


def test_the_page_describes_every_field_of_commit_and_index() -> None:
    structs = (Commit, PayloadReference, SnapshotReference, Index, File, Page, PageContent)
    fields = {name for struct in structs for name in struct.__struct_fields__}
    missing = [name for name in sorted(fields) if f"`{name}`" not in PAGE]
    assert not missing


def test_the_sizes_on_the_page_are_those_of_the_code() -> None:
    assert COMMIT_BYTES_MAX == 1024 * 1024
    assert f"more than {SIZES.inline_files} files" in PAGE
    assert f"about {ROWS_PER_FILE:,} rows a file, {ROWS_PER_GROUP:,} a row group" in PAGE
