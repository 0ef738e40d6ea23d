"""Rows of the state as Arrow streams, and which names reach them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from arco.model import Table
from arco.query.arrow import rows_to_ipc
from arco.query.names import TableName
from arco.query.provider import public_tables, system_name
from arco.service.workspace import DOMAINS


class Color(StrEnum):
    RED = "RED"


class Point(msgspec.Struct, frozen=True):
    x: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    color: Color
    created_at: datetime
    day: date
    tags: tuple[str, ...] = ()
    point: Point | None = None
    labels: dict[str, str] = {}


SAMPLES = Table("demo.samples", Sample, ("name",))
ROW = Sample(
    name="é😀",
    size=2**62,
    color=Color.RED,
    created_at=datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    day=date(2025, 1, 2),
    tags=("t",),
    point=Point(1),
    labels={"k": "v"},
)


def read(rows: Sequence[Sample]) -> pa.Table:
    return pa.ipc.open_stream(rows_to_ipc(SAMPLES, rows)).read_all()


def test_rows_of_the_state_become_typed_columns() -> None:
    row: dict[str, Any] = read([ROW]).to_pylist()[0]
    assert row["name"] == "é😀" and row["size"] == 2**62 and row["color"] == "RED"
    assert row["created_at"] == ROW.created_at and row["day"] == ROW.day
    assert row["tags"] == ["t"]
    assert json.loads(row["point"]) == {"x": 1} and json.loads(row["labels"]) == {"k": "v"}


def test_an_empty_table_has_the_columns_of_a_full_one() -> None:
    assert read([]).num_rows == 0
    assert read([]).schema == read([ROW]).schema


def test_every_public_table_has_a_name_and_no_private_one() -> None:
    registered = {table.name: table for domain in DOMAINS for table in domain.tables}
    names = public_tables(registered)
    assert {
        "catalog.catalogs",
        "catalog.namespaces",
        "catalog.tables",
        "catalog.columns",
        "commits",
        "lineage.datasets",
        "lineage.edges",
        "orchestration.runs",
        "orchestration.tasks",
        "orchestration.attempts",
        "orchestration.dependencies",
        "orchestration.partition_status",
        "orchestration.checks",
        "orchestration.deployments",
    } <= names.keys()
    assert not {name for name in names if name in registered and not registered[name].public}


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (TableName("runs", "orchestration", "system"), "orchestration.runs"),
        (TableName("commits", "system"), "commits"),
        (TableName("flights", "raw"), None),
        (TableName("system"), None),
        (TableName("flights", "system", "main"), None),
    ],
)
def test_a_name_below_system_is_metadata_and_others_are_user_tables(
    table: TableName, name: str | None
) -> None:
    assert system_name(table) == name
