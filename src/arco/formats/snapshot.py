"""What a Delta table is at one version: schema, partitioning and files, replayed from its log
by delta-rs.

Read only. Must not know runs, stores or outputs.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from arco.errors import Corrupt, Invalid, NotFound, Unavailable
from arco.formats import places
from arco.formats.partition import serialise
from arco.formats.statistics import bound_of
from arco.formats.statistics import spell as spell_statistics
from arco.formats.versions import Protocol, PublishedVersion, TableFile, TableSnapshot
from arco.ids import sha256

READER_FEATURES = frozenset(
    {"columnMapping", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
)
"""What may be switched on while files still hold exactly the table's rows under its names."""


LOG_FILE = re.compile(r"/(\d{20})\.(json|checkpoint[^/]*\.parquet)\Z")


def latest_version(location: str) -> int | None:
    """The newest version in the table's own log; None when there is no table."""
    try:
        return int(_table(location).version())
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise _unreadable(location, error) from error


def snapshot(location: str, version: int | PublishedVersion) -> TableSnapshot:
    """The table at `version`, whatever was written since.

    Raises: NotFound TABLE_VERSION_NOT_FOUND; Invalid DELTA_FEATURE_UNSUPPORTED; Corrupt
        DELTA_LOG_UNREADABLE, TABLE_ENTRY_DAMAGED.
    """
    if isinstance(version, PublishedVersion):
        _refuse_changed(location, version)
        version = version.number
    table = _opened(location, version)
    metadata, protocol = table.metadata(), _protocol_of(table)
    _refuse_unknown_features(protocol, metadata.configuration)
    rows = pa.table(table.get_add_actions()).to_pylist()
    return TableSnapshot(
        version=version,
        schema=table.schema().to_json(),
        metadata_id=str(metadata.id),
        partition_columns=tuple(metadata.partition_columns),
        files=tuple(sorted((_file_of(row) for row in rows), key=lambda file: file.path)),
        protocol=protocol,
        configuration={str(k): str(v) for k, v in metadata.configuration.items()},
        created_at_ms=metadata.created_time,
        name=metadata.name,
        description=metadata.description,
    )


def _opened(location: str, version: int) -> DeltaTable:
    """The table's log, replayed up to `version`."""
    if not places.is_remote(location):
        _refuse_torn(location, version)
    try:
        return _table(location, version=version)
    except (DeltaError, TableNotFoundError) as error:
        newest = latest_version(location)
        if newest is not None and version <= newest:
            raise _unreadable(location, error) from error
        found = "there is no table" if newest is None else f"its newest version is {newest}"
        raise NotFound(
            "TABLE_VERSION_NOT_FOUND",
            f"version {version} of the table at {location} does not exist: {found}",
            hint="read a version that was published, or run the asset first",
        ) from error


def _refuse_changed(location: str, version: PublishedVersion) -> None:
    """Refuses an entry that is not what was published. One that is gone is for replay to judge: a
    checkpoint may have taken its place. Cost: 1 GET.

    Raises: Corrupt TABLE_ENTRY_DAMAGED.
    """
    if not version.entry:
        return
    name = f"_delta_log/{version.number:020d}.json"
    try:
        with places.folder(location, {}).open_input_stream(name) as stream:
            found = sha256(stream.read())
    except OSError:
        return
    if found != version.entry:
        raise Corrupt(
            "TABLE_ENTRY_DAMAGED",
            f"{name} of the table at {location.partition('?')[0]} is not what was published",
            hint="restore it from a backup, or read an older version; `arco verify` names every "
            "damaged entry",
            version=version.number,
        )


def _refuse_torn(location: str, version: int) -> None:
    """Refuses entries with a block that was never written: the library ends reading at its first
    byte, and takes what stands before it for all there is. Cost: reads what replay reads.

    Raises: Corrupt DELTA_LOG_UNREADABLE.
    """
    folder = places.folder(location, {})
    infos = folder.get_file_info(pyarrow.fs.FileSelector("_delta_log", allow_not_found=True))
    found = [(match, info.path) for info in infos if (match := LOG_FILE.search(info.path))]
    known = [int(match[1]) for match, _ in found if match[2] != "json"]
    first = max((each for each in known if each <= version), default=-1)
    entries = [(int(match[1]), path) for match, path in found if match[2] == "json"]
    for path in (path for number, path in entries if first < number <= version):
        with folder.open_input_stream(path) as stream:
            is_torn = b"\0" in stream.read()
        if is_torn:
            raise _unreadable(location, ValueError(f"{path} is torn"))


def _table(location: str, version: int | None = None) -> DeltaTable:
    """The library's table.

    Raises: Unavailable TABLE_UNREACHABLE when a cloud store does not answer; DeltaError.
    """
    options = places.storage_options(location)
    try:
        return DeltaTable(places.table_uri(location), version=version, storage_options=options)
    except DeltaError:
        raise
    except OSError as error:
        if options is None:
            raise
        failure = error
    # Raised outside the handler: the library's own words may quote a signed request.
    raise Unavailable(
        "TABLE_UNREACHABLE",
        f"the store did not answer for {places.table_uri(location)} ({type(failure).__name__})",
        hint="ask again; if it stays so, check the credentials in this process's environment",
    )


def checkpoint(location: str, version: int) -> None:
    """A Delta checkpoint of `version` stands beside its log, so that replay starts there.

    Idempotent: by version; a checkpoint only repeats what the log says.
    """
    _opened(location, version).create_checkpoint()


def _unreadable(location: str, error: Exception) -> Corrupt:
    """The error for a log that cannot be replayed."""
    said = type(error).__name__ if places.is_remote(location) else str(error)
    return Corrupt(
        "DELTA_LOG_UNREADABLE",
        f"the log of the table at {location} cannot be read: {said}",
        hint="old versions may have been cleaned up; run `arco verify` to see which are complete",
    )


def _protocol_of(table: DeltaTable) -> Protocol:
    """The table's protocol action."""
    found = table.protocol()
    return Protocol(
        reader=found.min_reader_version,
        writer=found.min_writer_version,
        reader_features=tuple(sorted(found.reader_features or ())),
        writer_features=tuple(sorted(found.writer_features or ())),
    )


def _refuse_unknown_features(protocol: Protocol, configuration: dict[str, Any]) -> None:
    """Refuse a table whose files do not say what the rows are: we would read wrong rows."""
    unknown = set(protocol.reader_features) - READER_FEATURES
    if configuration.get("delta.columnMapping.mode", "none") != "none":
        unknown.add("columnMapping")
    if unknown:
        raise Invalid(
            "DELTA_FEATURE_UNSUPPORTED",
            f"the table has reader features Arco cannot read: {', '.join(sorted(unknown))}",
            hint="another writer switched them on; drop the features there or rewrite the table",
        )


def _file_of(row: dict[str, Any]) -> TableFile:
    """One add action."""
    path = str(row["path"])
    plain = unquote(path)
    if "://" in plain or plain.startswith("/") or ".." in plain.split("/"):
        raise Corrupt(
            "DELTA_PATH_FOREIGN", f"the table log names a file outside its table: {plain}"
        )
    values = row.get("partition") or {}
    return TableFile(
        path=path,
        size_bytes=row["size_bytes"],
        rows=row["num_records"],
        modified_at_ms=row["modification_time"],
        partition_values={name: serialise(value) for name, value in values.items()},
        statistics=_statistics_of(row),
    )


def _statistics_of(row: dict[str, Any]) -> str:
    """Delta `stats` JSON of an add action; empty when it has none."""
    if row["num_records"] is None:
        return ""
    return spell_statistics(
        row["num_records"],
        minimum=_known(row.get("min")),
        maximum=_known(row.get("max")),
        nulls=_known(row.get("null_count")),
    )


def _known(values: dict[str, Any] | None) -> dict[str, Any]:
    """The values that are there, as JSON values."""
    written = {name: bound_of(value) for name, value in (values or {}).items()}
    return {name: value for name, value in written.items() if value is not None}


__all__ = [
    "LOG_FILE",
    "checkpoint",
    "latest_version",
    "snapshot",
]
