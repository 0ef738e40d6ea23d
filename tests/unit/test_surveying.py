"""What is read at the location of an external table, of each format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from arco.catalog.events import PublishedColumn
from arco.errors import Invalid, NotFound
from arco.formats.surveying import parquet_dataset, survey

ROWS = pa.table(
    {
        "id": pa.array([1, 2], pa.int64()),
        "amount": pa.array([None, None], pa.decimal128(10, 2)),
        "lines": pa.array([[], []], pa.list_(pa.struct([pa.field("sku", pa.string())]))),
        "seen": pa.array([None, None], pa.timestamp("us", "UTC")),
    }
)
TYPES = {
    "id": "long",
    "amount": "decimal(10,2)",
    "lines": "array<struct<sku: string>>",
    "seen": "timestamp",
}


def test_a_delta_table_tells_its_newest_version(tmp_path: Path) -> None:
    write_deltalake(tmp_path, ROWS, partition_by=["id"])
    write_deltalake(tmp_path, ROWS, mode="append")
    found = survey(str(tmp_path), "delta")
    assert {each.name: each.type for each in found.columns} == TYPES
    assert (found.version, found.rows, found.partition_columns) == (1, 4, ("id",))
    assert (found.files, (found.size_bytes or 0) > 0) == (4, True)


def test_parquet_files_are_one_table_and_folders_are_columns(tmp_path: Path) -> None:
    for region in ("eu", "us"):
        folder = tmp_path / f"region={region}"
        folder.mkdir()
        pq.write_table(ROWS, folder / "part-0.parquet")
    (tmp_path / "_temporary").mkdir()
    (tmp_path / "_temporary" / "x.parquet").write_bytes(b"")
    found = survey(str(tmp_path), "parquet")
    assert {each.name: each.type for each in found.columns} == TYPES | {"region": "string"}
    assert (found.rows, found.files, found.partition_columns) == (4, 2, ("region",))
    assert parquet_dataset(str(tmp_path)).count_rows() == 4


def iceberg(folder: Path, name: str, *, packed: bool = False, **more: object) -> None:
    fields = [
        {"id": 1, "name": "id", "type": "long", "required": True},
        {"id": 2, "name": "at", "type": "timestamptz", "required": False, "doc": "When."},
        {
            "id": 3,
            "name": "tags",
            "type": {"type": "map", "key": "string", "value": "int", "value-required": True},
            "required": False,
        },
    ]
    metadata = {
        "format-version": 2,
        "current-schema-id": 0,
        "schemas": [{"schema-id": 0, "fields": fields}],
        "default-spec-id": 0,
        "partition-specs": [
            {
                "spec-id": 0,
                "fields": [
                    {"source-id": 1, "transform": "identity", "name": "id"},
                    {"source-id": 2, "transform": "day", "name": "at_day"},
                ],
            }
        ],
        **more,
    }
    (folder / "metadata").mkdir(exist_ok=True)
    data = json.dumps(metadata).encode()
    (folder / "metadata" / name).write_bytes(gzip.compress(data) if packed else data)


def test_an_iceberg_table_tells_what_its_newest_metadata_says(tmp_path: Path) -> None:
    summary = {"total-records": "7", "total-files-size": "900", "total-data-files": "2"}
    iceberg(tmp_path, "v9.metadata.json")
    iceberg(
        tmp_path,
        "00010-6f2a.gz.metadata.json",
        packed=True,
        **{
            "current-snapshot-id": 5,
            "snapshots": [{"snapshot-id": 5, "summary": summary}],
        },
    )
    found = survey(str(tmp_path), "iceberg")
    assert found.columns == (
        PublishedColumn("id", "long", nullable=False),
        PublishedColumn("at", "timestamp", comment="When."),
        PublishedColumn("tags", "map<string, integer not null>"),
    )
    assert (found.version, found.rows, found.size_bytes, found.files) == (10, 7, 900, 2)
    assert found.partition_columns == ("id",)


def test_an_iceberg_table_without_a_snapshot_is_empty(tmp_path: Path) -> None:
    iceberg(tmp_path, "v1.metadata.json")
    assert survey(str(tmp_path), "iceberg").rows == 0


@pytest.mark.parametrize("format", ["delta", "iceberg", "parquet"])
def test_where_no_table_stands_none_is_found(format: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no table stands"):
        survey(str(tmp_path), format)


@pytest.mark.parametrize(
    ("format", "name", "content"),
    [
        ("parquet", "a.parquet", b"not parquet"),
        ("iceberg", "metadata/v1.metadata.json", b"{"),
        ("iceberg", "metadata/v1.metadata.json", b"[]"),
        ("iceberg", "metadata/v1.metadata.json", b'{"schemas": 3}'),
    ],
)
def test_damage_is_told_and_never_guessed(
    format: str, name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=f"cannot be read as {format}"):
        survey(str(tmp_path), format)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.parquet"
    pq.write_table(ROWS, secret)
    folder = tmp_path / "table"
    folder.mkdir()
    (folder / "a.parquet").symlink_to(secret)
    with pytest.raises(Invalid, match="leads out of its folder"):
        survey(str(folder), "parquet")
