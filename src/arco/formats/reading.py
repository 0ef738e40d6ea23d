"""Reading a table: a pinned version with what is staged laid over it, whatever its format.

Nothing is read until it is used. Must not know stores, workers or runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs

from arco.errors import NotFound
from arco.formats import kinds, partition, places
from arco.formats import schema as schemas
from arco.formats.checked import PAGES_CHECKED
from arco.formats.steps import partition_identity, partitions_of
from arco.formats.versions import PublishedVersion, TableFile, TableSnapshot, path_of
from arco.orchestration.definitions import WriteMode
from arco.orchestration.outcomes import Output

PARQUET = ds.ParquetFileFormat(
    coerce_int96_timestamp_unit="us",
    default_fragment_scan_options=PAGES_CHECKED,
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
    pinned = (
        before if isinstance(before, TableSnapshot | None) else kinds.snapshot(location, before)
    )
    schema = _schema_of(location, pinned, staged=staged)
    files = [*_kept(pinned, staged, mode=mode), *_staged_files(staged)]
    if partitions is not None:
        chosen = {partition_identity(values) for values in partitions}
        files = [file for file in files if partition_identity(file.partition_values) in chosen]
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
    written = partitions_of(staged)
    return [
        file for file in pinned.files if partition_identity(file.partition_values) not in written
    ]


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


__all__ = ["PARQUET", "dataset"]
