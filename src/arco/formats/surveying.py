"""What stands at the location of an external table: its columns, and what its format tells besides.

Reads metadata and file footers, never rows. Must not know who may ask: the location was judged
before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from arco.catalog.decisions.asking import Surveyed
from arco.errors import ArcoError, Invalid, NotFound, Unavailable
from arco.formats import delta, iceberg, places
from arco.formats.checked import PAGES_CHECKED
from arco.formats.columns import columns_of_arrow, columns_of_delta, columns_of_iceberg

FILES_MAX = 10_000
FOOTERS_MAX = 1_000
EVERY_FORMAT = "delta, iceberg and parquet"
PARQUET = ds.ParquetFileFormat(default_fragment_scan_options=PAGES_CHECKED)


def survey(location: str, format: str) -> Surveyed:
    """What stands there.

    Raises: NotFound LOCATION_EMPTY; Invalid LOCATION_UNREADABLE, LOCATION_REFUSED; Unavailable
        TABLE_UNREACHABLE. Cost: a LIST, and the metadata or at most a thousand footers.
    """
    try:
        return SURVEYS[format](location)
    except ArcoError:
        raise
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError) as error:
        failure = error
    # Raised outside the handler: a library's own words may quote a signed request.
    if isinstance(failure, OSError) and places.is_remote(location):
        raise Unavailable(
            "TABLE_UNREACHABLE",
            f"the store did not answer for {places.table_uri(location)} ({type(failure).__name__})",
            hint="ask again; if it stays so, check the credentials in this process's environment",
        )
    raise Invalid(
        "LOCATION_UNREADABLE",
        f"what stands at {places.table_uri(location)} cannot be read as {format}",
        hint=f"say which format it has: {EVERY_FORMAT} can be read",
    )


def parquet_files(location: str) -> tuple[pyarrow.fs.FileSystem, dict[str, int]]:
    """The folder, and its Parquet files with their sizes, by path in the folder.

    Raises: Invalid LOCATION_REFUSED for a link that leaves it or too many files; NotFound
        LOCATION_EMPTY.
    """
    folder = places.folder(location, {})
    found = [info for info in _listed(folder, "") if _is_data(info.path)]
    if len(found) > FILES_MAX:
        raise Invalid(
            "LOCATION_REFUSED",
            f"more than {FILES_MAX} files stand there",
            hint="register a Delta or Iceberg table: its metadata says what belongs to it",
        )
    if not found:
        raise empty(location)
    for info in found:
        places.refuse_leaving(location, info.path)
    return folder, {info.path: int(info.size) for info in sorted(found, key=lambda each: each.path)}


def parquet_dataset(location: str) -> ds.Dataset:
    """The Parquet files of a folder as one table; `name=value` folders are columns."""
    folder, files = parquet_files(location)
    sized = folder if not places.is_remote(location) else places.folder(location, files)
    return ds.dataset(list(files), format=PARQUET, filesystem=sized, partitioning="hive")


def empty(location: str) -> NotFound:
    """The error for a location at which no table stands."""
    return NotFound(
        "LOCATION_EMPTY",
        f"no table stands at {places.table_uri(location)}",
        hint="check the location, and that its format is the one you said",
    )


def _delta(location: str) -> Surveyed:
    newest = delta.latest_version(location)
    if newest is None:
        raise empty(location)
    table = delta.snapshot(location, newest)
    return Surveyed(
        columns=columns_of_delta(table.schema),
        partition_columns=table.partition_columns,
        version=newest,
        rows=table.rows if all(file.rows is not None for file in table.files) else None,
        size_bytes=sum(file.size_bytes for file in table.files),
        files=len(table.files),
    )


def _parquet(location: str) -> Surveyed:
    _, files = parquet_files(location)
    table = parquet_dataset(location)
    named = table.partitioning.schema.names if table.partitioning else []
    return Surveyed(
        columns=columns_of_arrow(table.schema),
        partition_columns=tuple(name for name in named if name in table.schema.names),
        rows=_rows(table) if len(files) <= FOOTERS_MAX else None,
        size_bytes=sum(files.values()),
        files=len(files),
    )


def _rows(table: ds.Dataset) -> int:
    return sum(int(fragment.metadata.num_rows) for fragment in table.get_fragments())


def _iceberg(location: str) -> Surveyed:
    folder = places.folder(location, {})
    versions = iceberg.metadata_files(folder)
    if not versions:
        raise empty(location)
    version, newest = max(versions.items(), key=lambda item: item[0])
    places.refuse_leaving(location, newest.path)
    return _described(iceberg.metadata_of(folder, newest), version=version)


def _described(metadata: Mapping[str, Any], *, version: int) -> Surveyed:
    schema = iceberg.schema_of(metadata)
    names = {field["id"]: field["name"] for field in schema["fields"]}
    specs = {each["spec-id"]: each["fields"] for each in metadata.get("partition-specs", ())}
    spec = specs.get(metadata.get("default-spec-id"), ())
    current = metadata.get("current-snapshot-id")
    snapshots = {each["snapshot-id"]: each for each in metadata.get("snapshots", ())}
    summary = snapshots.get(current, {}).get("summary", {})
    none_yet = current in (None, -1)
    return Surveyed(
        columns=columns_of_iceberg(schema),
        partition_columns=tuple(
            names[each["source-id"]]
            for each in spec
            if each["transform"] == "identity" and each["source-id"] in names
        ),
        version=version,
        rows=0 if none_yet else _number(summary.get("total-records")),
        size_bytes=0 if none_yet else _number(summary.get("total-files-size")),
        files=0 if none_yet else _number(summary.get("total-data-files")),
    )


def _listed(folder: pyarrow.fs.FileSystem, path: str) -> list[pyarrow.fs.FileInfo]:
    selector = pyarrow.fs.FileSelector(path, allow_not_found=True, recursive=True)
    infos = folder.get_file_info(selector)
    return [info for info in infos if info.type == pyarrow.fs.FileType.File]


def _is_data(path: str) -> bool:
    hidden = any(part.startswith(("_", ".")) and "=" not in part for part in path.split("/"))
    return path.endswith((".parquet", ".parq")) and not hidden


def _number(text: object) -> int | None:
    return int(str(text)) if text is not None else None


SURVEYS: Mapping[str, Callable[[str], Surveyed]] = {
    "delta": _delta,
    "iceberg": _iceberg,
    "parquet": _parquet,
}

__all__ = ["empty", "parquet_dataset", "parquet_files", "survey"]
