"""Iceberg tables of others are read right or refused; the table here was written by PyIceberg."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.errors import ArcoError, Corrupt, Invalid, NotFound
from arco.formats import iceberg
from arco.formats.avro import AvroUnreadable, records
from arco.formats.surveying import survey

WRITTEN = Path(__file__).parent / "iceberg_orders.zip"
NEWEST = 4
MANIFEST = {
    "type": "record",
    "name": "manifest_file",
    "fields": [{"name": "manifest_path", "type": "string"}],
}
ENTRY = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int"},
        {
            "name": "data_file",
            "type": {
                "type": "record",
                "name": "r2",
                "fields": [
                    {"name": "content", "type": "int"},
                    {"name": "file_path", "type": "string"},
                    {"name": "file_format", "type": "string"},
                    {"name": "file_size_in_bytes", "type": "long"},
                ],
            },
        },
    ],
}
SYNC = b"0123456789abcdef"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The table, in another folder than it was written to."""
    with zipfile.ZipFile(WRITTEN) as packed:
        packed.extractall(tmp_path / "orders")
    return tmp_path / "orders"


def rows(table: Path, version: int = NEWEST) -> list[dict[str, Any]]:
    found = iceberg.dataset(str(table), version).to_table().to_pylist()
    return sorted(found, key=lambda row: row["id"])


def metadata_file(table: Path, version: int = NEWEST) -> Path:
    return next((table / "metadata").glob(f"{version:05d}-*.metadata.json"))


def altered(table: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The newest metadata says something else."""
    path = metadata_file(table)
    said = msgspec.json.decode(path.read_bytes())
    change(said)
    path.write_bytes(msgspec.json.encode(said))


def number(value: int) -> bytes:
    value, out = (value << 1) ^ (value >> 63), b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def avro(schema: dict[str, Any], *written: bytes, codec: str = "null") -> bytes:
    """An Avro file of records that are encoded already."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = b"".join(written)
    body = packer.compress(body) + packer.flush() if codec == "deflate" else body
    header = number(2) + text("avro.schema") + text(msgspec.json.encode(schema))
    header += text("avro.codec") + text(codec) + number(0)
    return b"Obj\x01" + header + SYNC + number(len(written)) + text(body) + SYNC


def entry(path: str, *, status: int = 1, content: int = 0, format: str = "PARQUET") -> bytes:
    return number(status) + number(content) + text(path) + text(format) + number(1)


def replaced(table: Path, *entries: bytes) -> None:
    """The newest snapshot has one manifest with these entries."""
    said = msgspec.json.decode(metadata_file(table).read_bytes())
    root = said["location"]
    (table / "metadata/m.avro").write_bytes(avro(ENTRY, *entries))
    (table / "metadata/list.avro").write_bytes(avro(MANIFEST, text(f"{root}/metadata/m.avro")))

    def change(said: dict[str, Any]) -> None:
        for snapshot in said["snapshots"]:
            snapshot["manifest-list"] = f"{root}/metadata/list.avro"

    altered(table, change)


def data_file(table: Path) -> str:
    said = msgspec.json.decode(metadata_file(table).read_bytes())
    name = next((table / "data/region=us").glob("*.parquet")).name
    return f"{said['location']}/data/region=us/{name}"


def test_every_version_has_the_rows_of_its_snapshot(table: Path) -> None:
    assert [[row["id"] for row in rows(table, version)] for version in range(5)] == [
        [],
        [1, 2],
        [1, 2, 3],
        [1, 2, 3],
        [1, 3],
    ]
    first, last = rows(table)
    assert (first["price"], first["tags"], first["note"]) == (Decimal("9.50"), None, "again")
    assert (last["region"], last["tags"], last["note"]) == ("us", ["a", None], None)
    assert "note" not in rows(table, 2)[0]
    assert survey(str(table), "iceberg").version == NEWEST


def test_a_version_whose_metadata_is_gone_is_said_to_be(table: Path) -> None:
    with pytest.raises(NotFound, match="its metadata is gone"):
        iceberg.dataset(str(table), 9)


def test_files_that_were_taken_out_are_not_read(table: Path) -> None:
    replaced(table, entry(data_file(table)), entry("nowhere", status=2))
    assert [row["id"] for row in rows(table)] == [3]


def rename(said: dict[str, Any]) -> None:
    schema = said["schemas"][-1]
    schema["fields"][1]["name"] = "area"


def nested(said: dict[str, Any]) -> None:
    said["schemas"][0]["fields"][4]["type"]["element"] = {
        "type": "struct",
        "fields": [{"id": 8, "name": "x", "required": False, "type": "long"}],
    }
    said["schemas"][-1]["fields"][4]["type"]["element"] = {
        "type": "struct",
        "fields": [{"id": 9, "name": "x", "required": False, "type": "long"}],
    }


def adopted(said: dict[str, Any]) -> None:
    said["properties"] = {"schema.name-mapping.default": "[]"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda said: said.update({"format-version": 3}), "format version is 3"),
        (rename, "column region was renamed"),
        (nested, "column tags.element.x was renamed"),
        (adopted, "may lack the columns of its partitions"),
        (lambda said: said.update(location="file:///elsewhere"), "outside its folder"),
        (lambda said: said["schemas"][-1]["fields"][0].update(type="variant"), "type variant"),
        (lambda said: [each.pop("manifest-list") for each in said["snapshots"]], "manifest list"),
    ],
)
def test_what_would_be_read_wrong_is_refused(
    table: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    altered(table, change)
    with pytest.raises(Invalid, match=why) as refused:
        rows(table)
    assert refused.value.code == "ICEBERG_UNSUPPORTED"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"content": 1}, "rows of it were deleted without writing"),
        ({"content": 2}, "rows of it were deleted without writing"),
        ({"format": "ORC"}, "files of it are ORC"),
    ],
)
def test_deleted_rows_and_other_files_are_refused(
    table: Path, entries: dict[str, Any], why: str
) -> None:
    replaced(table, entry(data_file(table), **entries))
    with pytest.raises(Invalid, match=why):
        rows(table)


def test_no_file_beside_the_table_is_read(table: Path, tmp_path: Path) -> None:
    root = data_file(table).partition("/data/")[0]
    replaced(table, entry(f"{root}/../secret.parquet"))
    with pytest.raises(Invalid, match="outside its folder"):
        rows(table)
    replaced(table, entry(f"{root}/data/link.parquet"))
    (tmp_path / "secret.parquet").write_bytes(b"secret")
    os.symlink(tmp_path / "secret.parquet", table / "data/link.parquet")
    with pytest.raises(ArcoError, match="leads out of its folder"):
        rows(table)


def test_damaged_metadata_is_named(table: Path) -> None:
    manifest = sorted((table / "metadata").glob("snap-*.avro"))
    for path in manifest:
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Corrupt, match="cannot be read: AvroUnreadable"):
        rows(table)
    metadata_file(table).write_bytes(b"{")
    with pytest.raises(Corrupt, match=r"-.*metadata"):
        rows(table)


def test_avro_is_read_in_every_codec_that_is_known() -> None:
    for codec in ("null", "deflate"):
        assert list(records(avro(MANIFEST, text("a"), text("b"), codec=codec))) == [
            {"manifest_path": "a"},
            {"manifest_path": "b"},
        ]
    for data in (b"PAR1", avro(MANIFEST, text("a"), codec="lzo"), avro(MANIFEST, b"\xff" * 12)):
        with pytest.raises(AvroUnreadable):
            list(records(data))
