"""The snapshot index: which Parquet files are the state at one slot.

Per table: sorted base files with disjoint key ranges, and delta runs above them, the newer run wins
whole.
Source: storage format, "Snapshots (Parquet)".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Key, Table, field_types

FAN_OUT = 8
BASE_SHARE = 10
DELTAS_MAX = 32


class File(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One Parquet file. `starts` has the first key of each row group: the unit of loading."""

    name: str
    rows: int
    size_bytes: int
    sha256: str
    slot: int
    """The newest slot whose changes are in the file."""
    starts: tuple[tuple[Any, ...], ...] = ()


class TableFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of one table: base in key order, deltas oldest first."""

    base: tuple[File, ...] = ()
    deltas: tuple[File, ...] = ()


class Index(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The state at `slot`, as files."""

    slot: int
    hash: str
    committed_at: datetime
    tables: dict[str, TableFiles] = {}
    events: tuple[tuple[str, int], ...] = ()
    """Type and version of every event that was ever folded into it: who does not know one of them
    must not build on it."""
    format: int = msgspec.field(default_factory=lambda: 1)


def file_names(index: Index) -> list[str]:
    """Every file the index names."""
    return [file.name for files in index.tables.values() for file in (*files.base, *files.deltas)]


def block_starts(table: Table[Any], files: TableFiles) -> list[Key]:
    """The first key of every row group of the base, in key order."""
    types = field_types(table.row)
    return [
        tuple(
            msgspec.convert(part, type=types[name], strict=False)
            for name, part in zip(table.key, start, strict=True)
        )
        for file in files.base
        for start in file.starts
    ]


def merge_due(files: TableFiles) -> slice | None:
    """Which deltas should become one: a run of `FAN_OUT` of like size, or all of them at the
    limit.
    """
    deltas = files.deltas
    if len(deltas) > DELTAS_MAX:
        return slice(0, len(deltas))
    for start in range(len(deltas) - FAN_OUT + 1):
        run = deltas[start : start + FAN_OUT]
        if max(f.rows for f in run) <= FAN_OUT * max(1, min(f.rows for f in run)):
            return slice(start, start + FAN_OUT)
    return None


def rebase_due(files: TableFiles) -> bool:
    """True when the deltas exceed a tenth of the base and are worth a rewrite."""
    pending = sum(file.rows for file in files.deltas)
    return len(files.deltas) >= FAN_OUT and pending * BASE_SHARE > sum(f.rows for f in files.base)


__all__ = [
    "FAN_OUT",
    "File",
    "Index",
    "TableFiles",
    "block_starts",
    "file_names",
    "merge_due",
    "rebase_due",
]
