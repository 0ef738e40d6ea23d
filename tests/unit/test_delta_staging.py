"""Staging makes files, facts and a data version out of one partition's table."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from arco.errors import Invalid
from arco.formats import parquet, partition, staging
from arco.formats.arrow import to_arrow
from arco.formats.statistics import statistics
from arco.ids import sha256

DAY = dt.date(2013, 1, 1)
MOMENT = dt.datetime(2013, 1, 1, 5, 0, 0, 123_456)


def target(**partition_values: Any) -> staging.Target:
    return staging.Target(
        asset="demo.flights", table_id="T", attempt_id="att_1", partition=partition_values
    )


def columns_of(schema: str) -> list[tuple[str, Any]]:
    return [(field["name"], field["type"]) for field in json.loads(schema)["fields"]]


def test_equal_tables_give_equal_bytes_however_they_are_chunked() -> None:
    whole = pa.table({"x": range(100), "s": ["a", "b"] * 50})
    chunked = pa.concat_tables([whole.slice(0, 7), whole.slice(7)])
    first, second = staging.stage(whole, target()), staging.stage(chunked, target())
    assert first == second
    assert staging.stage(whole.slice(1), target()).output.data_version != first.output.data_version


def test_a_large_table_is_split_and_keeps_its_order() -> None:
    table = pa.table({"x": range(25)})
    files = list(parquet.stage(table, "f-{}".format, rows_per_file=10))
    assert [(file.facts.key, file.facts.rows) for file in files] == [
        ("f-0", 10),
        ("f-1", 10),
        ("f-2", 5),
    ]
    parts = [pq.read_table(pa.BufferReader(file.data)) for file in files]
    assert pa.concat_tables(parts).equals(table)
    assert all(file.facts.size_bytes == len(file.data) for file in files)


def test_no_rows_make_no_file_but_a_schema() -> None:
    staged = staging.stage(pa.table({"x": pa.array([], pa.int64())}), target())
    assert staged.files == staged.output.files == ()
    assert (staged.output.rows, columns_of(staged.output.schema)) == (0, [("x", "long")])


def test_the_file_is_named_after_table_attempt_and_content() -> None:
    (file,) = staging.stage(pa.table({"x": [1]}), target()).files
    assert file.facts.key == f"warehouse/T/att_1-0-{sha256(file.data)}.parquet"


def test_partition_columns_are_in_the_schema_and_not_in_the_file() -> None:
    table = to_arrow([{"day": DAY, "x": 1}])
    staged = staging.stage(table, target(day=DAY, _region="eu"))
    assert pq.read_schema(pa.BufferReader(staged.files[0].data)).names == ["x"]
    assert columns_of(staged.output.schema) == [
        ("day", "date"),
        ("x", "long"),
        ("_region", "string"),
    ]
    assert staged.output.partition_values == {"day": "2013-01-01", "_region": "eu"}


def test_a_partition_column_of_text_may_carry_a_date() -> None:
    staged = staging.stage(to_arrow([{"day": "2013-01-01", "x": 1}]), target(day=DAY))
    assert columns_of(staged.output.schema) == [("day", "string"), ("x", "long")]


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ([{"x": 1, "p": "eu"}, {"x": 2, "p": "us"}], "eu"),
        ([{"x": 1, "p": None}, {"x": 2, "p": "eu"}], "eu"),
        ([{"x": 1, "p": "eu"}], None),
        ([{"x": 1, "p": 1.5}], DAY),
    ],
)
def test_rows_of_another_partition_are_refused(rows: list[dict[str, Any]], value: Any) -> None:
    with pytest.raises(Invalid, match="'p'") as refused:
        staging.stage(to_arrow(rows), target(p=value))
    assert refused.value.code == "PARTITION_MISMATCH"
    assert "column=" in refused.value.hint


def test_an_empty_string_is_no_partition_value() -> None:
    with pytest.raises(Invalid) as refused:
        staging.stage(pa.table({"x": [1]}), target(p=""))
    assert refused.value.code == "PARTITION_VALUE_EMPTY"


def test_data_needs_a_column_besides_its_partition() -> None:
    with pytest.raises(Invalid) as refused:
        staging.stage(pa.table({"p": ["eu"]}), target(p="eu"))
    assert refused.value.code == "COLUMNS_MISSING"


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ("a b/%ü=,", "a b/%ü=,", pa.string()),
        (7, "7", pa.int64()),
        (True, "true", pa.bool_()),
        (DAY, "2013-01-01", pa.date32()),
        (MOMENT.replace(tzinfo=dt.UTC), "2013-01-01 05:00:00.123456", pa.timestamp("us", "UTC")),
        (MOMENT, "2013-01-01 05:00:00.123456", pa.timestamp("us")),
        (Decimal("1.50"), "1.50", pa.decimal128(3, 2)),
        (None, None, pa.string()),
    ],
    ids=str,
)
def test_a_partition_value_survives_its_text(value: Any, text: str, kind: pa.DataType) -> None:
    assert partition.serialise(value) == text
    assert partition.parse(text, kind).as_py() == value


def test_a_partition_key_names_its_columns() -> None:
    values = partition.column_values("date=d:2013-01-01,size=n:null", {"date": "flight_date"})
    assert values == {"flight_date": DAY, "_size": None}
    assert partition.serialise_all(values) == {"flight_date": "2013-01-01", "_size": None}


BOUNDS: list[tuple[pa.Array, Any, Any]] = [
    (pa.array([3, None, -1]), -1, 3),
    (pa.array([0.5, 2.0]), 0.5, 2.0),
    (pa.array([0.5, float("nan")]), None, None),
    (pa.array([0.5, float("inf")]), 0.5, None),
    (pa.array(["b", "a"]), "a", "b"),
    (pa.array(["x" * 40]), "x" * 32, "x" * 31 + "y"),
    (pa.array(["\U0010ffff" * 40]), "\U0010ffff" * 32, None),
    (pa.array(["\ud7ff" * 33]), "\ud7ff" * 32, "\ud7ff" * 31 + "\ue000"),
    (pa.array([DAY]), "2013-01-01", "2013-01-01"),
    (pa.array([MOMENT]), "2013-01-01T05:00:00.123", "2013-01-01T05:00:00.124"),
    (
        pa.array([MOMENT], pa.timestamp("us", "UTC")),
        "2013-01-01T05:00:00.123Z",
        "2013-01-01T05:00:00.124Z",
    ),
    (pa.array([Decimal("1.50")]), 1.5, 1.5),
    (pa.array([True]), None, None),
    (pa.array([b"a"]), None, None),
    (pa.array([None], pa.int64()), None, None),
]


@pytest.mark.parametrize(("column", "low", "high"), BOUNDS, ids=str)
def test_bounds_are_what_delta_writes(column: pa.Array, low: Any, high: Any) -> None:
    found = json.loads(statistics(pa.table({"c": column})))
    assert found["numRecords"] == len(column)
    assert found["nullCount"] == {"c": column.null_count}
    assert (found["minValues"].get("c"), found["maxValues"].get("c")) == (low, high)


def test_a_year_beyond_the_calendar_has_no_bounds() -> None:
    far = pa.array([2**30], pa.int32()).view(pa.date32())
    found = json.loads(statistics(pa.table({"c": far})))
    assert found["minValues"] == found["maxValues"] == {}


def test_nested_columns_have_no_statistics_and_wide_tables_have_some() -> None:
    wide = {f"c{i}": [i] for i in range(40)}
    found = json.loads(statistics(pa.table({"n": [[1]], **wide})))
    assert list(found["nullCount"]) == [f"c{i}" for i in range(32)]
