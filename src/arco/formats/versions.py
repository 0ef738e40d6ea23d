"""What a table is at one version, whatever its format: schema, partitioning and files.

Values only. Must not know where they were read, or how a format writes them down.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from arco.orchestration.definitions import Format
from arco.orchestration.outcomes import StagedFile


class Protocol(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a reader and a writer of a Delta table must understand."""

    reader: int = 1
    writer: int = 2
    reader_features: tuple[str, ...] = ()
    writer_features: tuple[str, ...] = ()


class PublishedVersion(msgspec.Struct, frozen=True):
    """A version of a table, and the hash of the entry that made it, as it was recorded."""

    number: int
    entry: str = ""
    """Lower-case hex of sha256; empty: nobody recorded one."""
    format: Format = "delta"


class TableFile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file that is part of the table."""

    path: str
    """Relative to the table's folder, percent-encoded as in a log."""
    size_bytes: int
    rows: int | None = None
    modified_at_ms: int = 0
    partition_values: dict[str, str | None] = {}
    statistics: str = ""


class TableSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A table at one version."""

    version: int
    schema: str
    metadata_id: str
    partition_columns: tuple[str, ...]
    files: tuple[TableFile, ...]
    protocol: Protocol
    configuration: dict[str, str]
    created_at_ms: int | None = None
    name: str | None = None
    description: str | None = None
    format: Format = "delta"

    @property
    def rows(self) -> int:
        """Rows of all files that state them."""
        return sum(file.rows or 0 for file in self.files)


def path_of(file: StagedFile) -> str:
    """The staged file's name in its table's folder, percent-encoded for a log."""
    return quote(file.key.rsplit("/", 1)[-1])


__all__ = ["Protocol", "PublishedVersion", "TableFile", "TableSnapshot", "path_of"]
