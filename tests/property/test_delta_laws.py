"""The laws of staged data: versions follow values, bounds hold, files give back their rows."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from arco.formats import parquet, partition
from arco.formats import schema as schemas
from arco.formats.fingerprint import data_version
from arco.formats.statistics import statistics

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
LONGS = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int64(): LONGS,
    pa.int8(): st.integers(-128, 127),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.string(): TEXT,
    pa.binary(): st.binary(max_size=8),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): MOMENTS,
    pa.timestamp("us", "UTC"): MOMENTS.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    pa.decimal128(10, 2): st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100),
    pa.list_(pa.string()): st.lists(st.none() | TEXT, max_size=3),
    pa.struct([("a", pa.int64()), ("b", pa.list_(pa.bool_()))]): st.fixed_dictionaries(
        {"a": st.none() | LONGS, "b": st.none() | st.lists(st.none() | st.booleans(), max_size=2)}
    ),
    pa.map_(pa.string(), pa.int64()): st.dictionaries(TEXT, st.none() | LONGS, max_size=2).map(
        lambda pairs: list(pairs.items())
    ),
}


@st.composite
def columns(draw: st.DrawFn, rows: int) -> pa.Array:
    kind = draw(st.sampled_from(sorted(VALUES, key=str)))
    values = draw(st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows))
    return pa.array(values, kind)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 12))
    width = draw(st.integers(1, 4))
    return pa.table({f"c{i}": draw(columns(rows)) for i in range(width)})


@given(tables(), st.lists(st.integers(0, 12), max_size=3), st.randoms(use_true_random=False))
def test_the_data_version_ignores_chunks_and_column_order(
    table: pa.Table, cuts: list[int], chance: Any
) -> None:
    edges = [0, *sorted(min(cut, table.num_rows) for cut in cuts), table.num_rows]
    parts = [table.slice(a, b - a) for a, b in pairwise(edges)]
    names = list(table.column_names)
    chance.shuffle(names)
    assert data_version(pa.concat_tables(parts).select(names)) == data_version(table)


@given(tables(), tables())
def test_the_data_version_follows_the_values(one: pa.Table, other: pa.Table) -> None:
    # Text is compared because NaN is not equal to itself.
    equal = one.schema == other.schema and repr(one.to_pylist()) == repr(other.to_pylist())
    assert (data_version(one) == data_version(other)) is equal


@given(tables())
def test_a_file_gives_back_its_rows_and_equal_rows_give_equal_bytes(table: pa.Table) -> None:
    files = list(parquet.stage(table, "f{}".format, rows_per_file=5))
    parts = [pq.read_table(pa.BufferReader(file.data)) for file in files]
    whole = pa.concat_tables([table.schema.empty_table(), *parts])
    assert data_version(whole) == data_version(table)
    again = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert [file.data for file in parquet.stage(again, "f{}".format, rows_per_file=5)] == [
        file.data for file in files
    ]


@given(tables())
def test_a_schema_survives_its_delta_spelling(table: pa.Table) -> None:
    assert schemas.to_arrow(schemas.to_delta(table.schema)).equals(table.schema)


@given(tables())
def test_no_value_is_outside_the_bounds(table: pa.Table) -> None:
    found = json.loads(statistics(table), parse_float=Decimal, parse_constant=refuse)
    assert found["numRecords"] == table.num_rows
    for name, nulls in found["nullCount"].items():
        assert nulls == table.column(name).null_count
        low, high = found["minValues"].get(name), found["maxValues"].get(name)
        values = [value for value in table.column(name).to_pylist() if value is not None]
        kind = table.schema.field(name).type
        assert all(low is None or bound(low, kind) <= value for value in values)
        assert all(high is None or bound(high, kind) >= value for value in values)
        assert all(len(text) <= 32 for text in (low, high) if pa.types.is_string(kind) and text)


@given(st.none() | TEXT.filter(bool) | LONGS | st.booleans() | st.dates() | MOMENTS)
def test_a_partition_value_survives_its_text(value: Any) -> None:
    kind = partition.column_type(value)
    assert partition.parse(partition.serialise(value), kind).as_py() == value


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def bound(text: Any, kind: pa.DataType) -> Any:
    if pa.types.is_date(kind):
        return dt.date.fromisoformat(text)
    if pa.types.is_timestamp(kind):
        return dt.datetime.fromisoformat(text)
    if pa.types.is_floating(kind):
        return float(text)
    return text
