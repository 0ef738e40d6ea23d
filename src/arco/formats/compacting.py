"""Compaction of a Delta table: which small files belong together, their rows in one file, and the
log entry that puts it in their place.

Law: the table holds the same rows before and after, and the entry says so (`dataChange`: false).
Must not know stores, runs or clocks.
Source: Delta protocol, "Actions".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from arco.formats import parquet
from arco.formats.actions import Publication, add_again, commit_info, remove
from arco.formats.dataset import Dataset
from arco.formats.delta import dataset, refuse_features
from arco.formats.parquet import EncodedFile
from arco.formats.snapshot import TableFile, TableSnapshot
from arco.formats.staging import Names
from arco.orchestration.definitions import MaintenancePolicy

BYTES_PER_MEGABYTE = 1024 * 1024
BYTES_AT_ONCE_MAX = 2 * 1024 * BYTES_PER_MEGABYTE
"""What one compaction rewrites; the rest is left to the next one."""


class Bin(msgspec.Struct, frozen=True):
    """Files of one partition whose rows fit into one."""

    files: tuple[TableFile, ...]

    @property
    def size_bytes(self) -> int:
        """All of them together."""
        return sum(file.size_bytes for file in self.files)


class Rewriting(msgspec.Struct, frozen=True, kw_only=True):
    """What a compaction puts in the place of files."""

    table_id: str
    compaction_id: str
    removed: tuple[TableFile, ...]
    added: tuple[TableFile, ...]
    committed_at_ms: int


def bins_of(table: TableSnapshot, policy: MaintenancePolicy) -> list[Bin]:
    """The files that are put together, by partition and path; none where there are too few.

    Every pass leaves fewer files, so that passes come to an end.
    """
    size_max = policy.file_megabytes * BYTES_PER_MEGABYTE
    small: dict[tuple[tuple[str, str | None], ...], list[TableFile]] = {}
    for file in table.files:
        if 2 * file.size_bytes < size_max:
            small.setdefault(tuple(sorted(file.partition_values.items())), []).append(file)
    found: list[Bin] = []
    size_bytes = 0
    for partition in sorted(small, key=str):
        files = small[partition]
        for each in _packed(files, size_max) if len(files) >= policy.files_min else ():
            size_bytes += each.size_bytes
            if size_bytes > BYTES_AT_ONCE_MAX:
                return found
            found.append(each)
    return found


def _packed(files: Iterable[TableFile], size_max: int) -> list[Bin]:
    packed: list[list[TableFile]] = [[]]
    size_bytes = 0
    for file in files:
        size_bytes += file.size_bytes
        if size_bytes > size_max:
            packed.append([])
            size_bytes = file.size_bytes
        packed[-1].append(file)
    return [Bin(tuple(each)) for each in packed if len(each) > 1]


def rewritten(
    location: str, table: TableSnapshot, *, together: Bin, names: Names
) -> list[EncodedFile]:
    """The rows of the files, in their order, as one file; no rows, no file.

    Raises: Corrupt DATA_FILE_DAMAGED.
    """
    chosen = msgspec.structs.replace(table, files=together.files)
    rows = Dataset(dataset(location, chosen)).to_arrow()
    data = rows.drop_columns(list(table.partition_columns))
    return list(parquet.stage(data, names, rows_per_file=max(1, data.num_rows)))


def as_table_file(file: EncodedFile, together: Bin) -> TableFile:
    """The new file as the table's log names it."""
    return TableFile(
        path=file.facts.key.rsplit("/", 1)[-1],
        size_bytes=file.facts.size_bytes,
        rows=file.facts.rows,
        partition_values=together.files[0].partition_values,
        statistics=file.facts.statistics,
    )


def compacted(rewriting: Rewriting, before: TableSnapshot) -> bytes:
    """The log entry that follows `before` and exchanges the files.

    Raises: Invalid DELTA_FEATURE_UNSUPPORTED.
    """
    refuse_features(before, "append")
    publication = Publication(
        table_id=rewriting.table_id,
        run_id=rewriting.compaction_id,
        outputs=(),
        committed_at_ms=rewriting.committed_at_ms,
        partition_columns=before.partition_columns,
    )
    actions = [
        _optimized(commit_info(publication, before)),
        *_unchanging(remove(publication, file) for file in rewriting.removed),
        *_unchanging(add_again(publication, file) for file in rewriting.added),
    ]
    return b"".join(msgspec.json.encode(action) + b"\n" for action in actions)


def _optimized(action: dict[str, Any]) -> dict[str, Any]:
    body = action["commitInfo"]
    return {"commitInfo": {**body, "operation": "OPTIMIZE", "operationParameters": {}}}


def _unchanging(actions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: {**body, "dataChange": False} for name, body in action.items()} for action in actions
    ]


__all__ = [
    "BYTES_AT_ONCE_MAX",
    "BYTES_PER_MEGABYTE",
    "Bin",
    "Rewriting",
    "as_table_file",
    "bins_of",
    "compacted",
    "rewritten",
]
