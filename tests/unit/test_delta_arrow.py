"""What assets return becomes one storage form, and inputs become what assets ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from arco.errors import Corrupt, Invalid
from arco.formats.arrow import convert, to_arrow
from arco.formats.dataset import Dataset
from arco.formats.fingerprint import data_version
from arco.formats.surveying import parquet_dataset

ROWS = [{"x": 1, "s": "a"}, {"x": 2, "s": None}]
TABLE = pa.table({"x": [1, 2], "s": ["a", None]})

RETURNED: dict[str, Callable[[], Any]] = {
    "list of dicts": lambda: ROWS,
    "pyarrow table": lambda: TABLE,
    "record batch": lambda: TABLE.to_batches()[0],
    "record batch reader": TABLE.to_reader,
    "pyarrow dataset": lambda: ds.dataset(TABLE),
    "pandas": lambda: pd.DataFrame(ROWS),
    "polars": lambda: pl.DataFrame(ROWS),
    "polars lazy": lambda: pl.LazyFrame(ROWS),
    "duckdb relation": lambda: duckdb.sql("FROM (VALUES (1::BIGINT, 'a'), (2, NULL)) t(x, s)"),
    "an input": lambda: Dataset(ds.dataset(TABLE)),
}


@pytest.mark.parametrize("name", RETURNED)
def test_every_table_a_user_returns_becomes_the_same_table(name: str) -> None:
    assert to_arrow(RETURNED[name]()).equals(TABLE)


@pytest.mark.parametrize("value", [None, 3, "text", "", object(), [1, 2], pl.Series([1])])
def test_what_is_no_table_is_refused_with_what_is_accepted(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        to_arrow(value)
    assert refused.value.code in {"OUTPUT_TYPE_UNKNOWN", "OUTPUT_UNREADABLE"}
    assert "polars" in refused.value.hint


def test_the_error_names_what_came() -> None:
    with pytest.raises(Invalid, match="int is not a table"):
        to_arrow(3)


NORMALISED = [
    (pa.array([1], pa.uint8()), pa.int16(), 1),
    (pa.array([1], pa.uint16()), pa.int32(), 1),
    (pa.array([1], pa.uint32()), pa.int64(), 1),
    (pa.array([2**64 - 1], pa.uint64()), pa.decimal128(20, 0), Decimal(2**64 - 1)),
    (pa.array([1.5], pa.float16()), pa.float32(), 1.5),
    (pa.array(["a"]).dictionary_encode(), pa.string(), "a"),
    (pa.array(["a"], pa.large_string()), pa.string(), "a"),
    (pa.array(["a"], pa.string_view()), pa.string(), "a"),
    (pa.array([b"a"], pa.binary_view()), pa.binary(), b"a"),
    (pa.array([b"ab"], pa.binary(2)), pa.binary(), b"ab"),
    (pa.array([[1]], pa.large_list(pa.uint8())), pa.list_(pa.int16()), [1]),
    (pa.array([[1]], pa.list_view(pa.int32())), pa.list_(pa.int32()), [1]),
    (pa.array([[1, 2]], pa.list_(pa.int32(), 2)), pa.list_(pa.int32()), [1, 2]),
    (
        pa.array([{"a": ["x"]}], pa.struct([("a", pa.list_view(pa.string_view()))])),
        pa.struct([("a", pa.list_(pa.string()))]),
        {"a": ["x"]},
    ),
    (
        pa.array([[("k", 1)]], pa.map_(pa.string_view(), pa.uint8())),
        pa.map_(pa.string(), pa.int16()),
        [("k", 1)],
    ),
    (pa.array([dt.date(2013, 1, 1)], pa.date64()), pa.date32(), dt.date(2013, 1, 1)),
    (
        pa.array([1_999], pa.timestamp("ns")),
        pa.timestamp("us"),
        dt.datetime(1970, 1, 1, 0, 0, 0, 1),
    ),
    (
        pa.array([0], pa.timestamp("s", "Europe/Zurich")),
        pa.timestamp("us", "UTC"),
        dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    ),
    (
        pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array(["a"])),
        pa.string(),
        "a",
    ),
    (pa.array([Decimal("1.5")], pa.decimal256(20, 2)), pa.decimal128(20, 2), Decimal("1.50")),
]


@pytest.mark.parametrize(
    ("column", "stored", "value"), NORMALISED, ids=[str(case[0].type) for case in NORMALISED]
)
def test_every_type_has_one_storage_form(column: pa.Array, stored: pa.DataType, value: Any) -> None:
    table = to_arrow(pa.table({"c": column}))
    assert table.schema.field("c").type == stored
    assert table.column("c").to_pylist() == [value]


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(1),
        pa.array([1], pa.time64("us")),
        pa.array([1], pa.duration("us")),
        pa.array([None], pa.decimal256(60, 2)),
        pa.array([{}], pa.struct([])),
        pa.array([[None]], pa.list_(pa.null())),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_no_delta_type_can_hold_is_named(column: pa.Array) -> None:
    with pytest.raises(Invalid, match="'c") as refused:
        to_arrow(pa.table({"c": column}))
    assert refused.value.code == "COLUMN_TYPE_UNSUPPORTED"


def test_untyped_nulls_take_the_published_type() -> None:
    published = pa.schema([("s", pa.string()), ("l", pa.list_(pa.int64()))])
    table = to_arrow([{"s": None, "l": []}], expected=published)
    assert table.schema.equals(published)


def test_an_empty_list_has_the_published_columns_or_is_refused() -> None:
    assert to_arrow([], expected=TABLE.schema).equals(TABLE.slice(0, 0))
    with pytest.raises(Invalid) as refused:
        to_arrow([])
    assert refused.value.code == "COLUMNS_MISSING"


@pytest.mark.parametrize("names", [["a", "a"], ["a", "A"]])
def test_columns_of_one_name_are_named(names: list[str]) -> None:
    with pytest.raises(Invalid, match=f"'{names[1]}'") as refused:
        to_arrow(pa.table([[1], [2]], names=names))
    assert refused.value.code == "COLUMNS_DUPLICATE"


def test_rows_with_different_keys_have_all_columns() -> None:
    table = to_arrow([{"a": 1}, {"b": "x"}])
    assert table.to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_named_pandas_index_is_a_column_and_a_row_number_is_not() -> None:
    frame = pd.DataFrame({"k": ["b", "a"], "x": [1, 2]})
    assert to_arrow(frame.groupby("k").sum()).column_names == ["x", "k"]
    assert to_arrow(frame[frame.x > 1]).column_names == ["k", "x"]


ANNOTATIONS: list[tuple[Any, type]] = [
    (pd.DataFrame, pd.DataFrame),
    ("pd.DataFrame", pd.DataFrame),
    ("pandas.DataFrame | None", pd.DataFrame),
    (pl.DataFrame, pl.DataFrame),
    (pl.DataFrame | None, pl.DataFrame),
    (Annotated[pl.DataFrame, "note"], pl.DataFrame),
    (pl.LazyFrame, pl.LazyFrame),
    ("pl.LazyFrame", pl.LazyFrame),
    (pa.Table, pa.Table),
    ("pa.Table", pa.Table),
    (pa.RecordBatchReader, pa.RecordBatchReader),
    (ds.Dataset, ds.Dataset),
    ("pyarrow.dataset.Dataset", ds.Dataset),
    (duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation),
    ("duckdb.DuckDBPyRelation", duckdb.DuckDBPyRelation),
    (list[dict[str, Any]], list),
    ("list[dict]", list),
    (Dataset, Dataset),
    (Any, Dataset),
    ("", Dataset),
    (None, Dataset),
]


@pytest.mark.parametrize(("annotation", "given"), ANNOTATIONS, ids=[str(a) for a, _ in ANNOTATIONS])
def test_an_input_is_what_its_annotation_says(annotation: object, given: type) -> None:
    value = convert(TABLE, annotation)
    assert isinstance(value, given)
    assert to_arrow(value).equals(TABLE)


@pytest.mark.parametrize("annotation", [int, "int", "DataFrame", pd.DataFrame | pl.DataFrame])
def test_an_annotation_that_names_no_table_is_refused(annotation: object) -> None:
    with pytest.raises(Invalid) as refused:
        convert(TABLE, annotation)
    assert refused.value.code == "INPUT_TYPE_UNKNOWN"
    assert "polars.DataFrame" in refused.value.hint


def test_a_lazy_input_is_read_by_any_library() -> None:
    data = convert(TABLE)
    assert data.count_rows() == 2
    assert data.schema == TABLE.schema
    assert data.to_pandas().shape == data.to_polars().shape == (2, 2)
    assert data.to_polars_lazy().select("x").collect().sum().item() == 3
    assert data.to_duckdb().aggregate("sum(x)").fetchall() == [(3,)]
    assert pl.DataFrame(data).height == 2
    assert data.scan(["x"], where=ds.field("x") > 1).read_all().to_pylist() == [{"x": 2}]
    assert "x: int64" in repr(data)


def test_the_data_version_of_known_data_never_changes() -> None:
    assert data_version(TABLE) == "dv_b97fec73cbc527050db478ba"


READS: dict[str, Callable[[Dataset], Any]] = {
    "arrow": Dataset.to_arrow,
    "pandas": Dataset.to_pandas,
    "polars": Dataset.to_polars,
    "scan": lambda data: data.scan().read_all(),
    "list": lambda data: convert(data.source, list),
    "returned as it is": lambda data: to_arrow(data.source),
}


@pytest.mark.parametrize("name", READS)
def test_a_damaged_page_is_named_however_it_is_read(name: str, tmp_path: Path) -> None:
    for part in ("whole", "harmed"):
        path = tmp_path / f"{part}.parquet"
        pq.write_table(pa.table({"x": list(range(10_000))}), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[1_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt, match=r"harmed\.parquet is damaged") as damaged:
        READS[name](Dataset(parquet_dataset(str(tmp_path))))
    assert damaged.value.details["object"] == str(path)
    assert damaged.value.hint
