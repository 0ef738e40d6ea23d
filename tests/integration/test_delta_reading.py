"""A pinned version, with what a run staged laid over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable

from arco.errors import Corrupt, Invalid, NotFound
from arco.formats import delta, reading
from arco.formats.arrow import convert
from arco.formats.versions import PublishedVersion
from arco.ids import sha256
from tests.integration.delta_table import Table, in_order


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "t")


@pytest.fixture
def regions(table: Table) -> Table:
    table.publish(*[table.stage([{"x": i}], region=r) for i, r in enumerate(["eu", None, "us"])])
    return table


def pairs(data: ds.Dataset, **choices: Any) -> set[tuple[Any, Any]]:
    return {(row["region"], row["x"]) for row in data.to_table(**choices).to_pylist()}


def test_a_snapshot_states_files_partitions_and_rows(regions: Table) -> None:
    found = delta.snapshot(regions.location, 0)
    assert (found.version, found.partition_columns, found.rows) == (0, ("region",), 3)
    assert {file.partition_values["region"] for file in found.files} == {"eu", None, "us"}
    for file in found.files:
        assert file.size_bytes == (regions.folder / file.path).stat().st_size
        assert '"numRecords":1' in file.statistics


def test_a_pinned_version_stays_what_it_was(regions: Table) -> None:
    regions.publish(regions.stage([{"x": 9}], region="eu"))
    assert pairs(reading.dataset(regions.location, 0)) == {("eu", 0), (None, 1), ("us", 2)}
    assert pairs(reading.dataset(regions.location, 1)) == {("eu", 9), (None, 1), ("us", 2)}
    assert delta.latest_version(regions.location) == 1


def test_filters_on_a_partition_open_no_other_file(regions: Table) -> None:
    others = [
        f for f in delta.snapshot(regions.location, 0).files if f.partition_values["region"] != "eu"
    ]
    data = reading.dataset(regions.location, 0)
    for file in others:
        (regions.folder / file.path).unlink()
    assert pairs(data, filter=ds.field("region") == "eu") == {("eu", 0)}
    query = "SELECT x FROM data WHERE region = 'eu'"
    assert duckdb.sql(query).fetchall() == [(0,)]
    lazy = convert(data, pl.LazyFrame)
    assert lazy.filter(pl.col("region") == "eu").select("x").collect().to_series().to_list() == [0]


def test_only_the_asked_partitions_are_read(regions: Table) -> None:
    asked = [{"region": "us"}, {"region": None}, {"region": "unknown"}]
    assert pairs(reading.dataset(regions.location, 0, partitions=asked)) == {(None, 1), ("us", 2)}
    assert pairs(reading.dataset(regions.location, 0, partitions=[])) == set()


def test_staged_output_replaces_its_partition_before_it_is_published(regions: Table) -> None:
    staged = [regions.stage([{"x": 9}], region=None), regions.stage([{"x": 8}], region="asia")]
    data = reading.dataset(regions.location, 0, staged=staged)
    assert pairs(data) == {("eu", 0), (None, 9), ("us", 2), ("asia", 8)}
    regions.publish(*staged)
    assert in_order(data.to_table()) == regions.rows()


def test_staged_appends_come_on_top(regions: Table) -> None:
    staged = [regions.stage([{"x": 9}], region="eu")]
    data = reading.dataset(regions.location, 0, staged=staged, mode="append")
    assert pairs(data) == {("eu", 0), ("eu", 9), (None, 1), ("us", 2)}


def test_staged_output_replaces_a_whole_unpartitioned_table(table: Table) -> None:
    table.publish(table.stage([{"x": 1}]))
    staged = [table.stage([{"x": 2, "new": "a"}])]
    data = reading.dataset(table.location, delta.snapshot(table.location, 0), staged=staged)
    assert data.to_table().to_pylist() == [{"x": 2, "new": "a"}]


def test_staged_output_is_read_before_anything_was_published(table: Table) -> None:
    staged = [table.stage([{"x": 1}], region="eu"), table.stage([{"y": 2}], region="us")]
    data = reading.dataset(table.location, None, staged=staged)
    assert in_order(data.to_table()) == [
        {"region": "eu", "x": 1, "y": None},
        {"region": "us", "x": None, "y": 2},
    ]


def test_staged_nothing_is_an_empty_table_with_columns(table: Table) -> None:
    staged = [table.stage(pa.table({"x": pa.array([], pa.int64())}))]
    data = reading.dataset(table.location, None, staged=staged)
    assert (data.count_rows(), data.schema.names) == (0, ["x"])
    assert convert(data, pl.LazyFrame).collect().shape == (0, 1)
    assert convert(data).to_duckdb().fetchall() == []


def test_a_table_without_data_says_what_to_do(table: Table) -> None:
    with pytest.raises(NotFound, match="nothing was published") as missing:
        reading.dataset(table.location, None)
    assert "materialize" in missing.value.hint
    assert delta.latest_version(table.location) is None
    assert delta.latest_version(table.location + "-absent") is None


def test_a_version_that_does_not_exist_is_not_found(regions: Table, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="newest version is 0"):
        delta.snapshot(regions.location, 7)
    with pytest.raises(NotFound, match="there is no table"):
        delta.snapshot(str(tmp_path / "absent"), 0)


def test_a_torn_log_entry_is_corruption(regions: Table) -> None:
    (regions.folder / "_delta_log" / f"{0:020d}.json").write_bytes(b'{"add":')
    with pytest.raises(Corrupt):
        delta.snapshot(regions.location, 0)


@pytest.mark.parametrize("place", ["{}", "file://{}"])
def test_an_entry_that_is_not_what_was_published_is_never_read(regions: Table, place: str) -> None:
    entry = regions.folder / "_delta_log" / f"{0:020d}.json"
    location, whole = place.format(regions.location), entry.read_bytes()
    published = PublishedVersion(0, sha256(whole))
    assert reading.dataset(location, published).count_rows() == 3
    lines = whole.splitlines(keepends=True)
    # Each is a log that can be replayed, and says something else.
    for damaged in (b"".join(lines[:-1]), whole.replace(b'"region":"eu"', b'"region":"us"')):
        assert damaged != whole
        entry.write_bytes(damaged)
        delta.snapshot(location, 0)
        with pytest.raises(Corrupt, match="is not what was published") as found:
            reading.dataset(location, published)
        assert found.value.code == "TABLE_ENTRY_DAMAGED" and found.value.hint
    entry.write_bytes(whole)
    delta.checkpoint(location, 0)
    entry.unlink()
    assert reading.dataset(location, published).count_rows() == 3


def test_a_file_outside_its_table_is_refused(regions: Table) -> None:
    entry = regions.folder / "_delta_log" / f"{0:020d}.json"
    entry.write_bytes(entry.read_bytes().replace(b"att_", b"%2E%2E/att_", 1))
    with pytest.raises(Corrupt, match="outside its table"):
        delta.snapshot(regions.location, 0)


def test_a_reader_feature_we_lack_is_refused(table: Table) -> None:
    entry = table.prepare(table.stage([{"x": 1}]))
    plain = b'{"minReaderVersion":1,"minWriterVersion":2}'
    vectors = (
        b'{"minReaderVersion":3,"minWriterVersion":7,'
        b'"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}'
    )
    assert plain in entry
    path = table.folder / "_delta_log" / f"{0:020d}.json"
    path.write_bytes(entry.replace(plain, vectors))
    with pytest.raises(Invalid, match="deletionVectors"):
        delta.snapshot(table.location, 0)


def test_a_checkpoint_changes_nothing_a_reader_sees(regions: Table) -> None:
    for value in range(3):
        regions.publish(regions.stage([{"x": value, f"c{value}": "a"}], region="eu"))
    before, rows = delta.snapshot(regions.location, 3), regions.rows()
    delta.checkpoint(regions.location, 3)
    delta.checkpoint(regions.location, 3)
    for version in range(3):
        (regions.folder / "_delta_log" / f"{version:020d}.json").unlink()
    assert delta.snapshot(regions.location, 3) == before
    assert regions.rows() == rows
    regions.publish(regions.stage([{"x": 7}], region="eu"))
    assert len(regions.rows()) == 3
    with pytest.raises((Corrupt, NotFound)):
        delta.snapshot(regions.location, 1)


def test_a_location_may_be_a_url(regions: Table) -> None:
    url = regions.folder.as_uri()
    assert pairs(reading.dataset(url, delta.latest_version(url))) == {
        ("eu", 0),
        (None, 1),
        ("us", 2),
    }


def test_files_of_older_schemas_are_read_with_the_newest_types(table: Table) -> None:
    table.publish(table.stage([{"x": 1}], p="1"))
    table.publish(table.stage([{"x": 2, "new": [1]}], p="2"))
    data = reading.dataset(table.location, 1)
    assert data.to_table(filter=ds.field("new").is_null()).to_pylist() == [
        {"x": 1, "p": "1", "new": None}
    ]
    assert DeltaTable(table.location).version() == 1


def test_staged_output_with_other_partition_columns_stands_alone(regions: Table) -> None:
    staged = [regions.stage([{"x": 9, "region": "eu"}], day="1")]
    data = reading.dataset(regions.location, 0, staged=staged)
    assert data.to_table().to_pylist() == [{"x": 9, "region": "eu", "day": "1"}]
