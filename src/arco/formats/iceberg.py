"""Iceberg tables of others, read: the rows of the snapshot that one version of the metadata names.

Law: what this reading would get wrong is refused, never guessed: deleted rows, renamed columns,
later formats, files elsewhere. Must not know who may ask: the location was judged before.
Source: Iceberg table specification, versions 1 and 2, "Table Metadata", "Manifests".
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from arco.errors import ArcoError, Corrupt, Invalid, NotFound
from arco.formats import places
from arco.formats.avro import AvroUnreadable, records
from arco.formats.checked import PAGES_CHECKED

METADATA_FILE = re.compile(r"(?:v(\d+)|(\d+)-[0-9a-fA-F-]+)(?:\.gz)?\.metadata\.json\Z")
METADATA_BYTES_MAX = 64 * 1024 * 1024
FORMAT_MAX = 2
DELETED = 2
"""The status of an entry whose file is no longer part of the table."""
NO_SNAPSHOT = (None, -1)
NAME_MAPPING = "schema.name-mapping.default"
PARQUET = ds.ParquetFileFormat(
    coerce_int96_timestamp_unit="us", default_fragment_scan_options=PAGES_CHECKED
)
WORDS: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "string": pa.string(),
    "uuid": pa.uuid(),
    "binary": pa.binary(),
}
PARAMETERS = re.compile(r"(fixed|decimal)[\[(](\d+)(?:,(\d+))?[\])]\Z")


def metadata_files(folder: pyarrow.fs.FileSystem) -> dict[int, pyarrow.fs.FileInfo]:
    """Version -> the file of the table's metadata. Cost: 1 LIST."""
    selector = pyarrow.fs.FileSelector("metadata", allow_not_found=True)
    found = {}
    for info in folder.get_file_info(selector):
        named = METADATA_FILE.match(info.path.rpartition("/")[2])
        if named is not None:
            found[int(named[1] or named[2])] = info
    return found


def metadata_of(folder: pyarrow.fs.FileSystem, info: pyarrow.fs.FileInfo) -> dict[str, Any]:
    """What the file says. Raises: Invalid LOCATION_REFUSED when it is too large."""
    if info.size is not None and info.size > METADATA_BYTES_MAX:
        raise Invalid(
            "LOCATION_REFUSED",
            f"the metadata is larger than {METADATA_BYTES_MAX} bytes",
            hint="expire old snapshots of the table",
        )
    data = _content(folder, info.path)
    if info.path.endswith(".gz.metadata.json"):
        with gzip.open(pa.BufferReader(data)) as unpacked:
            data = unpacked.read(METADATA_BYTES_MAX)
    said: dict[str, Any] = msgspec.json.decode(data)
    return said


def schema_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The current schema as Iceberg spells it."""
    schemas = {each["schema-id"]: each for each in metadata.get("schemas", ())}
    found: dict[str, Any] = schemas.get(metadata.get("current-schema-id")) or metadata["schema"]
    return found


def dataset(location: str, version: int) -> ds.Dataset:
    """The rows of the current snapshot of that version of the metadata; nothing is read yet.

    Raises: NotFound TABLE_VERSION_NOT_FOUND; Invalid ICEBERG_UNSUPPORTED, LOCATION_REFUSED; Corrupt
        ICEBERG_UNREADABLE. Cost: a LIST, and a GET for the metadata, the list and each manifest.
    """
    folder = places.folder(location, {})
    info = metadata_files(folder).get(version)
    if info is None:
        raise NotFound(
            "TABLE_VERSION_NOT_FOUND",
            f"version {version} of the table at {places.table_uri(location)} does not exist: its "
            "metadata is gone",
            hint="refresh the table, then ask again",
        )
    try:
        return _dataset(location, metadata_of(folder, info))
    except ArcoError:
        raise
    except (
        AvroUnreadable,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
        zlib.error,
        msgspec.MsgspecError,
    ) as error:
        raise Corrupt(
            "ICEBERG_UNREADABLE",
            f"{info.path} of the table at {places.table_uri(location)}, or a manifest behind it, "
            f"cannot be read: {type(error).__name__}",
            hint="whoever writes the table can mend it; another version may still be read",
        ) from error


def _dataset(location: str, metadata: Mapping[str, Any]) -> ds.Dataset:
    _refuse_unknown(metadata)
    schema = pa.schema([_field(each) for each in schema_of(metadata)["fields"]])
    files = dict(_files(location, metadata))
    folder = places.folder(location, files)
    fragments = [
        PARQUET.make_fragment(path, filesystem=folder, file_size=size)
        for path, size in sorted(files.items())
    ]
    return ds.FileSystemDataset(fragments, schema, PARQUET, folder)


def _refuse_unknown(metadata: Mapping[str, Any]) -> None:
    """Refuses a table whose files do not say by themselves what its rows are."""
    if metadata["format-version"] > FORMAT_MAX:
        raise _unsupported(f"its format version is {metadata['format-version']}")
    names = _names(schema_of(metadata))
    for schema in metadata.get("schemas", ()):
        for field, name in _names(schema).items():
            moved = field in names and names[field] != name
            if moved or (field not in names and name in names.values()):
                raise _unsupported(f"column {name} was renamed, or made again under its name")
    specs = metadata.get("partition-specs", ())
    has_identity = any(part["transform"] == "identity" for each in specs for part in each["fields"])
    if has_identity and NAME_MAPPING in metadata.get("properties", {}):
        raise _unsupported("files that it adopted may lack the columns of its partitions")


def _names(schema: Mapping[str, Any]) -> dict[int, str]:
    """Field id -> dotted name, nested ones, too."""
    return {field: name for each in schema["fields"] for field, name in _named(each, "")}


def _named(field: Mapping[str, Any], above: str) -> Iterator[tuple[int, str]]:
    name = f"{above}{field['name']}"
    yield field["id"], name
    yield from _inside(field["type"], f"{name}.")


def _inside(kind: Any, above: str) -> Iterator[tuple[int, str]]:
    if isinstance(kind, str):
        return
    for each in kind.get("fields", ()):
        yield from _named(each, above)
    for part in ("element", "key", "value"):
        if part in kind:
            yield from _inside(kind[part], f"{above}{part}.")


def _files(location: str, metadata: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Path in the folder and size of every data file of the current snapshot."""
    current = metadata.get("current-snapshot-id")
    if current in NO_SNAPSHOT:
        return
    snapshot = next(each for each in metadata["snapshots"] if each["snapshot-id"] == current)
    folder, root = places.folder(location, {}), metadata["location"]
    if "manifest-list" not in snapshot:
        raise _unsupported("its snapshots have no manifest list")
    for manifest in records(_content(folder, _path(location, root, of=snapshot["manifest-list"]))):
        held = records(_content(folder, _path(location, root, of=manifest["manifest_path"])))
        for entry in held:
            if entry["status"] == DELETED:
                continue
            yield _file(location, root, file=entry["data_file"])


def _file(location: str, root: str, *, file: Mapping[str, Any]) -> tuple[str, int]:
    if file.get("content"):
        raise _unsupported("rows of it were deleted without writing their files again")
    if file["file_format"].lower() != "parquet":
        raise _unsupported(f"files of it are {file['file_format']}")
    return _path(location, root, of=file["file_path"]), file["file_size_in_bytes"]


def _path(location: str, root: str, *, of: str) -> str:
    """The file in the table's folder, wherever that stood when it was written.

    Raises: Invalid ICEBERG_UNSUPPORTED for one that is not below it.
    """
    below = f"{_plain(root).rstrip('/')}/"
    name = _plain(of)
    path = name.removeprefix(below)
    if path == name or ".." in path.split("/"):
        raise _unsupported("files of it stand outside its folder")
    places.refuse_leaving(location, path)
    return path


def _plain(uri: str) -> str:
    """The place without its scheme: `s3a:` and `s3:`, `file:` and no scheme mean the same."""
    parts = urlsplit(uri)
    return f"{parts.netloc}{parts.path}" if parts.scheme else uri


def _field(field: Mapping[str, Any]) -> pa.Field:
    return pa.field(field["name"], _type(field["type"]), not field.get("required", False))


def _type(kind: Any) -> pa.DataType:
    if isinstance(kind, str):
        return _word(kind.replace(" ", ""))
    if kind["type"] == "list":
        element = pa.field("element", _type(kind["element"]), not kind["element-required"])
        return pa.list_(element)
    if kind["type"] == "map":
        value = pa.field("value", _type(kind["value"]), not kind["value-required"])
        return pa.map_(_type(kind["key"]), value)
    return pa.struct([_field(each) for each in kind["fields"]])


def _word(word: str) -> pa.DataType:
    if word in WORDS:
        return WORDS[word]
    found = PARAMETERS.match(word)
    if found is None:
        raise _unsupported(f"type {word}")
    if found[1] == "fixed":
        return pa.binary(int(found[2]))
    return pa.decimal128(int(found[2]), int(found[3]))


def _content(folder: pyarrow.fs.FileSystem, path: str) -> bytes:
    with folder.open_input_stream(path, compression=None) as stream:
        return bytes(stream.read(METADATA_BYTES_MAX))


def _unsupported(why: str) -> Invalid:
    return Invalid(
        "ICEBERG_UNSUPPORTED",
        f"the Iceberg table asks readers for what Arco does not do: {why}",
        hint="rewrite its data files with the engine that writes it, or read it with that engine",
    )


__all__ = ["dataset", "metadata_files", "metadata_of", "schema_of"]
