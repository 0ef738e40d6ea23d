"""Compaction of a table: which small files belong together, and their rows in one file.

Law: the table holds the same rows before and after, in the same order within a partition. Must not
know stores, runs or clocks.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from arco.formats import parquet
from arco.formats.dataset import Dataset
from arco.formats.kinds import KINDS
from arco.formats.parquet import EncodedFile
from arco.formats.reading import dataset
from arco.formats.staging import Names
from arco.formats.versions import TableFile, TableSnapshot
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
    left_out = [] if KINDS[table.format].files_are_whole else list(table.partition_columns)
    data = rows.drop_columns(left_out)
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


__all__ = [
    "BYTES_AT_ONCE_MAX",
    "BYTES_PER_MEGABYTE",
    "Bin",
    "as_table_file",
    "bins_of",
    "rewritten",
]
