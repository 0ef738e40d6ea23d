"""The snapshot index: which Parquet files are the state at one slot.

Per table: sorted base files with disjoint key ranges, and delta runs above them, the newer run wins
whole. A table of many base files lists them in pages, which later indexes name again.
Source: storage format, "Snapshots (Parquet)".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from arco.model import Key, Table, field_types

FORMAT = 2


class File(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One Parquet file. `starts` has the first key of each row group: the unit of loading."""

    name: str
    rows: int
    size_bytes: int
    sha256: str
    slot: int
    """The newest slot whose changes are in the file."""
    starts: tuple[tuple[Any, ...], ...] = ()
    last: tuple[Any, ...] = ()
    """The last key of the file; empty in a file of format 1."""
    run: int = 0
    """Delta files of one run stand side by side and share a number; 0: a run of its own."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An object that lists base files of one table: `files`, and the table's name."""

    name: str
    sha256: str
    files: int
    rows: int
    size_bytes: int
    """The bytes of the files, not of the page."""


class PageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a page holds, as JSON in one zstd frame."""

    table: str
    files: tuple[File, ...]


class TableFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of one table: base in key order, deltas oldest first.

    A base of many files stands in `pages`; `base` is empty then.
    """

    base: tuple[File, ...] = ()
    deltas: tuple[File, ...] = ()
    pages: tuple[Page, ...] = ()

    @property
    def rows(self) -> int:
        """Lines of all files: no fewer than there are rows."""
        return sum(each.rows for each in self.listed)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(each.size_bytes for each in self.listed)

    @property
    def listed(self) -> list[File | Page]:
        """The objects that are listed here."""
        return [*self.base, *self.deltas, *self.pages]


class Derived(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was worked out from the rows of a snapshot, as files: it says nothing they do not."""

    version: int
    """Of the way in which it was worked out: another one is worked out again."""
    tables: dict[str, TableFiles] = {}


class Index(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The state at `slot`, as files."""

    slot: int
    hash: str
    committed_at: datetime
    tables: dict[str, TableFiles] = {}
    derived: dict[str, Derived] = {}
    """What is absent was not kept up by who published this: it is worked out again."""
    events: tuple[tuple[str, int], ...] = ()
    """Type and version of every event that was ever folded into it: who does not know one of them
    must not build on it."""
    format: int = msgspec.field(default_factory=lambda: FORMAT)


DeltaRun = tuple[File, ...]
"""Delta files of disjoint key ranges, in key order, that were written together."""


def runs_of(deltas: Sequence[File]) -> list[DeltaRun]:
    """The runs that the delta files are, oldest first."""
    numbered = ((file.run or -position, file) for position, file in enumerate(deltas, 1))
    return [
        tuple(file for _, file in together) for _, together in groupby(numbered, lambda x: x[0])
    ]


def next_run(deltas: Iterable[File]) -> int:
    """A number that none of the runs has."""
    return 1 + max((file.run for file in deltas), default=0)


def file_names(index: Index) -> list[str]:
    """Every object the index itself names: pages, and the files that stand in no page."""
    return [each.name for files in all_files(index) for each in files.listed]


def all_files(index: Index) -> list[TableFiles]:
    """The files of every table, and of what was derived from them."""
    derived = [files for each in index.derived.values() for files in each.tables.values()]
    return [*index.tables.values(), *derived]


def typed(table: Table[Any], key: Sequence[Any]) -> Key:
    """A key as JSON spells it, in the types of the table."""
    types = field_types(table.row)
    return tuple(
        part if type(part) is types[name] else msgspec.convert(part, type=types[name], strict=False)
        for name, part in zip(table.key, key, strict=True)
    )


__all__ = [
    "FORMAT",
    "DeltaRun",
    "Derived",
    "File",
    "Index",
    "Page",
    "PageContent",
    "TableFiles",
    "all_files",
    "file_names",
    "next_run",
    "runs_of",
    "typed",
]
