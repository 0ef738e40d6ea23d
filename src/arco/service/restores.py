"""What a restore would do, as people are told of it.

Must not know how it is worked out or carried out.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.errors import Conflict


class TablePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore would do to one table."""

    table: str
    version_now: int
    """The version readers see."""
    version_then: int
    """The version whose content comes back."""
    rows_now: int
    """Its rows now."""
    rows_then: int
    """Its rows then."""
    files_added: int
    """Files that come back."""
    files_removed: int
    """Files that leave."""
    partitions: int
    """Partitions that would hold something else."""
    is_unchanged: bool
    """True: the table is what it was, nothing has to be done."""


class RestorePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore would do; nothing has happened yet."""

    slot: int
    committed_at: datetime
    tables: tuple[TablePlan, ...]


def restore_abandoned(restore_id: str, message: str) -> Conflict:
    """What whoever waits for a restore is told that was taken back."""
    return Conflict(
        "RESTORE_ABANDONED",
        f"restore {restore_id} was given up: {message}",
        hint="readers see what they saw before; settle it with whoever writes to the table, then "
        "restore again",
    )


__all__ = ["RestorePlan", "TablePlan", "restore_abandoned"]
