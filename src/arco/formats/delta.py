"""Delta tables: the log entry that publishes staged files, and reading what is pinned and staged.

`prepare` is pure: the same arguments give the same bytes, and whoever creates the entry first
has published it. Must not know stores, workers or clocks.
Source: Delta protocol; orchestration, "Publishing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from arco.errors import Invalid, NotFound
from arco.formats import partition, places
from arco.formats import schema as schemas
from arco.formats.actions import (
    ENGINE,
    NAIVE_TIMESTAMP,
    PLAIN_WRITER_FEATURES,
    WRITER_VERSION_FEATURES,
    Publication,
    add,
    commit_info,
    metadata_action,
    path_of,
    protocol_action,
    remove,
)
from arco.formats.checked import PAGES_CHECKED
from arco.formats.snapshot import (
    PublishedVersion,
    TableFile,
    TableSnapshot,
    checkpoint,
    latest_version,
    snapshot,
)
from arco.orchestration.definitions import WriteMode
from arco.orchestration.outcomes import Output

WRITER_FEATURES = frozenset(
    {*PLAIN_WRITER_FEATURES, NAIVE_TIMESTAMP, "v2Checkpoint", "vacuumProtocolCheck"}
)
WRITER_VERSION_PLAIN = 2
PARQUET = ds.ParquetFileFormat(
    coerce_int96_timestamp_unit="us",
    default_fragment_scan_options=PAGES_CHECKED,
)


def prepare(publication: Publication, before: TableSnapshot | None) -> bytes:
    """The log entry that follows `before` (None: version 0) and holds exactly this publication.

    A foreign entry in between: call it again with the newer snapshot. The order in which outputs
    are given does not matter.

    Raises: Invalid SCHEMA_CHANGED, PARTITIONING_CHANGED,
        DELTA_FEATURE_UNSUPPORTED.
    """
    publication = _in_order(publication, before)
    _refuse_unwritable(publication, before)
    schema = _schema_after(publication, before)
    removed = _replaced(publication, before)
    _refuse_mixed_types(before, schema, removed=removed)
    present = {file.path for file in before.files} if before else set()
    adds = [
        add(publication, output, file=file)
        for output in publication.outputs
        for file in output.files
        if path_of(file) not in present
    ]
    ours = {path for output in publication.outputs for path in _paths(output)}
    removes = [remove(publication, file) for file in removed if file.path not in ours]
    actions = [
        commit_info(publication, before),
        *protocol_action(before, schema),
        *metadata_action(publication, before, schema=schema),
        *removes,
        *adds,
    ]
    return b"".join(msgspec.json.encode(action) + b"\n" for action in actions)


def _in_order(publication: Publication, before: TableSnapshot | None) -> Publication:
    """The publication in the one order that decides the entry's bytes: outputs, and columns."""
    outputs = sorted(publication.outputs, key=lambda output: (output.partition_key, _paths(output)))
    columns = publication.partition_columns
    if before is not None and set(before.partition_columns) == set(columns):
        columns = before.partition_columns
    return msgspec.structs.replace(publication, outputs=tuple(outputs), partition_columns=columns)


def _paths(output: Output) -> list[str]:
    """The output's files as the log names them."""
    return [path_of(file) for file in output.files]


def is_ours(entry: bytes, run_id: str) -> bool:
    """True when the log entry was prepared for this run."""
    for line in entry.splitlines():
        info = _commit_info_of(line)
        if info is not None:
            return info.get("engineInfo") == ENGINE and info.get("runId") == run_id
    return False


def _commit_info_of(line: bytes) -> dict[str, Any] | None:
    """The commitInfo action, if the line is one."""
    try:
        action = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    found = action.get("commitInfo") if isinstance(action, dict) else None
    return found if isinstance(found, dict) else None


def _refuse_unwritable(publication: Publication, before: TableSnapshot | None) -> None:
    """Refuse what no entry can say."""
    for output in publication.outputs:
        if set(output.partition_values) != set(publication.partition_columns):
            raise Invalid(
                "PARTITIONING_CHANGED",
                f"{output.asset} staged partition columns {sorted(output.partition_values)}, "
                f"the table has {sorted(publication.partition_columns)}",
                hint="run the asset again with the deployed partitions",
            )
    if before is not None:
        refuse_features(before, publication.mode)


def refuse_features(before: TableSnapshot, mode: WriteMode) -> None:
    """Refuse to write to a table whose rules we would break.

    Raises: Invalid DELTA_FEATURE_UNSUPPORTED.
    """
    protocol = before.protocol
    unknown = sorted(set(protocol.writer_features) - WRITER_FEATURES)
    if WRITER_VERSION_PLAIN < protocol.writer < WRITER_VERSION_FEATURES:
        unknown.append(f"writer version {protocol.writer}")
    if '"delta.invariants"' in before.schema:
        unknown.append("invariants")
    if before.configuration.get("delta.appendOnly") == "true" and mode != "append":
        unknown.append("appendOnly")
    if unknown:
        raise Invalid(
            "DELTA_FEATURE_UNSUPPORTED",
            f"the table asks writers for what Arco does not do: {', '.join(unknown)}",
            hint="another writer switched this on; drop it there or publish to a new table",
        )


def _schema_after(publication: Publication, before: TableSnapshot | None) -> str:
    """The table's schema once the publication stands."""
    if not publication.outputs:
        raise Invalid(
            "OUTPUTS_MISSING", "there is nothing to publish", hint="publish a run's outputs"
        )
    staged = schemas.unite(output.schema for output in publication.outputs)
    if before is None:
        return staged
    return schemas.compare(before.schema, staged, policy=publication.schema_policy) or before.schema


def _replaced(publication: Publication, before: TableSnapshot | None) -> list[TableFile]:
    """The files that are no longer part of the table."""
    if before is None:
        return []
    if before.partition_columns != publication.partition_columns:
        return _repartitioned(publication, before)
    if publication.mode == "append":
        return []
    written = _partitions_of(publication.outputs)
    return [file for file in before.files if _identity(file.partition_values) in written]


def _repartitioned(publication: Publication, before: TableSnapshot) -> list[TableFile]:
    """All files: a table with other partition columns starts anew, if the asset says so."""
    if publication.schema_policy == "overwrite" and publication.mode == "replace":
        return list(before.files)
    raise Invalid(
        "PARTITIONING_CHANGED",
        f"the table is partitioned by {list(before.partition_columns)}, "
        f"the asset by {list(publication.partition_columns)}",
        hint='set schema_policy="overwrite" with write_mode="replace" and rebuild every partition',
    )


def _partitions_of(outputs: Iterable[Output]) -> set[frozenset[tuple[str, str | None]]]:
    """The partitions the outputs write; an unpartitioned table is one."""
    return {_identity(output.partition_values) for output in outputs}


def _identity(values: Mapping[str, str | None]) -> frozenset[tuple[str, str | None]]:
    """Partition values as one thing that can be looked up."""
    return frozenset(values.items())


def _refuse_mixed_types(
    before: TableSnapshot | None, schema: str, *, removed: Sequence[TableFile]
) -> None:
    """Refuse to change a column's type while files of the old type stay in the table."""
    if before is None or len(removed) == len(before.files):
        return
    old, new = schemas.fields_of(before.schema), schemas.fields_of(schema)
    lines = schemas.retyped(old, new)
    if lines:
        raise Invalid(
            "SCHEMA_CHANGED",
            "the type of a column cannot change while other partitions keep the old one:\n"
            + "\n".join(lines),
            hint="rebuild every partition in one run, or keep the column's type",
            difference=lines,
        )


def dataset(
    location: str,
    before: TableSnapshot | PublishedVersion | int | None,
    *,
    staged: Sequence[Output] = (),
    partitions: Sequence[Mapping[str, str | None]] | None = None,
    mode: WriteMode = "replace",
) -> ds.Dataset:
    """A pinned version with staged outputs laid over it; filters and columns reach the files.

    `before` is a snapshot, a version, or None when nothing was published. A staged output
    replaces its partition (`mode="append"`: comes on top). `partitions` keeps only those with
    these values. A column that a file does not have is null.

    Raises: NotFound DATA_NOT_FOUND when nothing was published and nothing is staged; what
        `snapshot` raises.
    """
    pinned = before if isinstance(before, TableSnapshot | None) else snapshot(location, before)
    schema = _schema_of(location, pinned, staged=staged)
    files = [*_kept(pinned, staged, mode=mode), *_staged_files(staged)]
    if partitions is not None:
        chosen = {_identity(values) for values in partitions}
        files = [file for file in files if _identity(file.partition_values) in chosen]
    filesystem = places.folder(location, {unquote(file.path): file.size_bytes for file in files})
    fragments = [_fragment(file, schema, filesystem=filesystem) for file in files]
    return ds.FileSystemDataset(fragments, schema, PARQUET, filesystem)


def _schema_of(
    location: str, pinned: TableSnapshot | None, *, staged: Sequence[Output]
) -> pa.Schema:
    """Every column of the pinned version, then what is staged besides; a staged type wins."""
    if not staged and pinned is None:
        raise NotFound(
            "DATA_NOT_FOUND",
            f"nothing was published and nothing is staged for the table at {location}",
            hint="materialize the upstream asset first",
        )
    if not staged:
        return schemas.to_arrow(pinned.schema if pinned else "")
    united = schemas.to_arrow(schemas.unite(output.schema for output in staged))
    ours = {field.name: field for field in united}
    theirs = schemas.to_arrow(pinned.schema) if pinned else pa.schema([])
    kept = [ours.get(field.name, field) for field in theirs]
    return pa.schema([*kept, *(field for field in united if field.name not in theirs.names)])


def _kept(
    pinned: TableSnapshot | None, staged: Sequence[Output], *, mode: WriteMode
) -> list[TableFile]:
    """The pinned files that staged outputs do not replace."""
    if pinned is None:
        return []
    if mode == "append" or not staged:
        return list(pinned.files)
    if set(pinned.partition_columns) != set(staged[0].partition_values):
        return []
    written = _partitions_of(staged)
    return [file for file in pinned.files if _identity(file.partition_values) not in written]


def _staged_files(staged: Sequence[Output]) -> list[TableFile]:
    """Staged files as if they were part of the table."""
    return [
        TableFile(
            path=path_of(file),
            size_bytes=file.size_bytes,
            rows=file.rows,
            partition_values=output.partition_values,
        )
        for output in staged
        for file in output.files
    ]


def _fragment(file: TableFile, schema: pa.Schema, *, filesystem: pa.fs.FileSystem) -> ds.Fragment:
    """One file, with the partition columns that are not in it."""
    known = partition.guarantee(file.partition_values, schema)
    return PARQUET.make_fragment(
        unquote(file.path),
        filesystem=filesystem,
        partition_expression=known,
        file_size=file.size_bytes,
    )


__all__ = [
    "Publication",
    "PublishedVersion",
    "TableFile",
    "TableSnapshot",
    "checkpoint",
    "dataset",
    "is_ours",
    "latest_version",
    "prepare",
    "refuse_features",
    "snapshot",
]
