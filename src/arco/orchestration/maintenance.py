"""Maintenance: a table's many small files become few, and a checkpoint saves readers old entries.

Law: what a table holds never changes by it, nor does any data version: nothing becomes stale. Must
not know files or log entries: their names, sizes and hashes arrive in the events.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Payload, Table
from arco.orchestration.rows import PreparedTable
from arco.orchestration.states import PublicationState


class Compaction(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a table with the rows of the one before it, in fewer files."""

    compaction_id: str
    """Its ULID."""
    state: PublicationState
    """`STARTED` until it is published, or given up: then `message` says why."""
    asset: str
    table_id: str
    version: int
    """The table version that it makes."""
    table: PreparedTable
    files: tuple[str, ...] = ()
    """The objects it wrote, while it is under way."""
    files_removed: int
    files_added: int
    bytes_removed: int
    bytes_added: int
    started_at: datetime
    ended_at: datetime | None = None
    """When it was published, or given up."""
    actor: str = ""
    message: str = ""
    """Why it was given up."""

    @property
    def tables(self) -> tuple[PreparedTable, ...]:
        """Its only table, as other movers of tables say it."""
        return (self.table,)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The newest checkpoint that was written for a table."""

    asset: str
    table_id: str
    version: int
    """The table version that it holds."""
    checkpointed_at: datetime
    """When it was recorded."""


class CompactionStarted(Payload, frozen=True):
    """The table's next version and its bytes are fixed: the same rows in fewer files."""

    compaction_id: str
    """Its ULID."""
    table: PreparedTable
    files: tuple[str, ...]
    """The objects it wrote."""
    files_removed: int
    files_added: int
    bytes_removed: int
    bytes_added: int
    started_at: datetime
    actor: str = ""


class TableCompacted(Payload, frozen=True):
    """Readers see the version with fewer files."""

    compaction_id: str
    """The compaction that ended."""
    compacted_at: datetime
    """When readers began to see it."""


class CompactionAbandoned(Payload, frozen=True):
    """Another program's version has the place: nothing of the compaction stands."""

    compaction_id: str
    """The compaction that ended."""
    message: str
    abandoned_at: datetime
    """When that was decided."""


class TableCheckpointed(Payload, frozen=True):
    """A checkpoint of this version stands beside the table's log."""

    asset: str
    table_id: str
    version: int
    """The table version that it holds."""
    checkpointed_at: datetime
    """When it was recorded."""


EVENTS: tuple[type[Payload], ...] = (
    CompactionStarted,
    TableCompacted,
    CompactionAbandoned,
    TableCheckpointed,
)

COMPACTIONS = Table("orchestration.compactions", Compaction, ("compaction_id",))
CHECKPOINTS = Table("orchestration.checkpoints", Checkpoint, ("asset",))
TABLES: tuple[Table[Any], ...] = (COMPACTIONS, CHECKPOINTS)


def is_under_way(compaction: Compaction) -> bool:
    """True until it is published or given up."""
    return compaction.ended_at is None


__all__ = [
    "CHECKPOINTS",
    "COMPACTIONS",
    "EVENTS",
    "TABLES",
    "Checkpoint",
    "Compaction",
    "CompactionAbandoned",
    "CompactionStarted",
    "TableCheckpointed",
    "TableCompacted",
    "is_under_way",
]
