"""The page on the storage format is true: a stranger with DuckDB follows it on a golden store."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from arco.engine.commit import COMMIT_BYTES_MAX, Commit, PayloadReference, SnapshotReference
from arco.engine.index import File, Index
from arco.engine.parquet import ROWS_PER_FILE, ROWS_PER_GROUP
from tests.golden.folders import STORES, named
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs/reference/storage-format.md").read_text("utf-8")
STATEMENTS = [
    statement.strip()
    for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    for statement in block.split(";\n")
    if statement.strip()
]
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
    assert [line["seq"] for line in log] == list(reversed(range(slots)))
    assert chain == [{"slots": slots, "broken_links": 0, "changed": 0}]


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


def test_the_page_describes_every_field_of_commit_and_index() -> None:
    structs = (Commit, PayloadReference, SnapshotReference, Index, File)
    fields = {name for struct in structs for name in struct.__struct_fields__}
    missing = [name for name in sorted(fields) if f"`{name}`" not in PAGE]
    assert not missing


def test_the_sizes_on_the_page_are_those_of_the_code() -> None:
    assert COMMIT_BYTES_MAX == 1024 * 1024
    assert f"{ROWS_PER_FILE:,} rows a file, {ROWS_PER_GROUP:,} a row group" in PAGE
