"""Parquet files of one attempt: bytes and the facts a table log needs about them.

Equal tables give equal bytes. Must not know where the bytes go or which table they become part of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from arco.formats.statistics import statistics
from arco.ids import sha256
from arco.orchestration.outcomes import StagedFile

FILE_ROWS = 1_000_000
GROUP_ROWS = 262_144
"""Small enough that a filter skips most of a file, large enough to compress well."""


class EncodedFile(msgspec.Struct, frozen=True):
    """One Parquet file that is not written yet."""

    facts: StagedFile
    data: bytes


def stage(
    table: pa.Table, key_of: Callable[[int, str], str], *, rows_per_file: int = FILE_ROWS
) -> Iterator[EncodedFile]:
    """The table's rows in order, as files of at most `rows_per_file`; no rows, no files.

    `key_of(i, sha256)` names the i-th file. The table is in storage form, without partition
    columns.
    """
    for index, start in enumerate(range(0, table.num_rows, rows_per_file)):
        part = table.slice(start, rows_per_file)
        data = _encode(part)
        facts = StagedFile(
            key=key_of(index, sha256(data)),
            rows=part.num_rows,
            size_bytes=len(data),
            statistics=statistics(part),
        )
        yield EncodedFile(facts, data)


def _encode(table: pa.Table) -> bytes:
    """The table as one Parquet file, zstd, with a checksum on every page."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(),
        sink,
        compression="zstd",
        row_group_size=GROUP_ROWS,
        store_schema=False,
        write_page_checksum=True,
    )
    return bytes(sink.getvalue())


__all__ = [
    "EncodedFile",
    "stage",
]
