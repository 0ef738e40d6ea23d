"""Files and the lines above them, read together by DuckDB: what a file lacks, what is dropped, and
what DuckDB may reach meanwhile.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from arco.engine.parquet import Changed, changed_to_arrow, write_base, write_delta
from arco.model import Table
from arco.query.arrow import ipc_of
from arco.query.layering import defaults_of
from arco.query.layers import query
from arco.query.protocol import Layered
from arco.query.stage import Stage, stage_with_files


class Part(msgspec.Struct, frozen=True):
    """A part, as this release knows it."""

    name: str
    weight: int = 7
    marks: tuple[str, ...] = ("plain",)
    note: str | None = None


PARTS = Table("demo.parts", Part, ("name",))
PASSWORDS = "/etc/passwd"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with stage_with_files(2**30) as stage:
        yield stage


def older(data: bytes, *lacks: str) -> bytes:
    """The file as a release wrote it that knew less."""
    sink = io.BytesIO()
    pq.write_table(pq.read_table(pa.BufferReader(data)).drop_columns(list(lacks)), sink)
    return sink.getvalue()


def names(
    stage: Stage,
    base: Sequence[bytes],
    *,
    deltas: Sequence[bytes] = (),
    changed: Sequence[Changed] = (),
) -> list[Any]:
    """Every row, by name."""
    lines = ipc_of(changed_to_arrow(PARTS, changed))
    frames = [*base, *deltas, lines, defaults_of(PARTS)]
    layered = Layered(PARTS.key, len(base), len(deltas))
    text = query(stage, "parts", layered=layered, frames=frames)
    return stage.connection.sql(f"FROM ({text}) ORDER BY name").fetchall()


def put(name: str, weight: int, *, seq: int) -> Changed:
    return Changed((name,), Part(name, weight), seq)


def test_the_newest_line_of_each_key_counts(stage: Stage) -> None:
    base = write_base(PARTS, [Part("a", 1), Part("b", 2), Part("c", 3)])
    first = write_delta(PARTS, [put("a", 10, seq=5), Changed(("b",), None, 6), put("d", 4, seq=6)])
    second = write_delta(PARTS, [put("b", 20, seq=9), Changed(("d",), None, 9)])
    now = [Changed(("c",), None, 11), put("e", 5, seq=12)]
    found = names(stage, [base], deltas=[first, second], changed=now)
    assert [row[:2] for row in found] == [("a", 10), ("b", 20), ("e", 5)]


def test_columns_that_an_older_file_lacks_hold_what_a_row_would_have(stage: Stage) -> None:
    base = [
        older(write_base(PARTS, [Part("a", 1)]), "weight", "marks", "note"),
        write_base(PARTS, [Part("b", 2, ("x",), "told")]),
    ]
    delta = older(write_delta(PARTS, [put("c", 3, seq=4)]), "marks", "note")
    assert names(stage, base, deltas=[delta]) == [
        ("a", 7, ["plain"], None),
        ("b", 2, ["x"], "told"),
        ("c", 3, ["plain"], None),
    ]


def test_a_table_may_have_changes_alone_or_nothing(stage: Stage) -> None:
    assert names(stage, [], changed=[put("a", 1, seq=1)]) == [("a", 1, ["plain"], None)]
    with stage_with_files(2**30) as other:
        assert names(other, []) == []


def test_a_database_that_was_handed_files_reaches_these_alone(stage: Stage) -> None:
    where = stage.hand("one.parquet", write_base(PARTS, [Part("a")]))
    assert stage.connection.sql(f"SELECT name FROM read_parquet('{where}')").fetchall() == [("a",)]
    for path in (
        PASSWORDS,
        f"handed:///..{PASSWORDS}",
        f"handed:///../../../../../../../..{PASSWORDS}",
        f"file://{PASSWORDS}",
    ):
        assert reached(stage, f"SELECT content FROM read_text('{path}')") == []
    for sql in (
        "COPY (SELECT 1) TO 'handed:///out.csv'",
        "ATTACH 'handed:///out.db' AS out",
        "SET allowed_directories = ['/']",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            stage.connection.execute(sql)


def reached(stage: Stage, sql: str) -> list[Any]:
    """What the statement reads; nothing where it is refused."""
    try:
        return stage.connection.sql(sql).fetchall()
    except duckdb.Error:
        return []


def test_a_database_that_was_handed_nothing_takes_no_files() -> None:
    with duckdb.connect() as connection, pytest.raises(AssertionError):
        Stage(connection).hand("one.parquet", b"")
