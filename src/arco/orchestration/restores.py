"""Restores: tables that become what they were, by rolling forward.

A restore is a publication of an old version: fixed bytes, forward only, pins and materializations
in one commit. Must not know log entries: their versions and hashes arrive in the events.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload, Table
from arco.orchestration.events import PublishedTable
from arco.orchestration.rows import Materialization, PreparedTable
from arco.orchestration.states import PublicationState


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """How far tables are on their way back to what they were."""

    restore_id: str
    """Its ULID."""
    state: PublicationState
    slot: int
    """The slot whose content comes back."""
    versions: dict[str, int]
    """Asset -> the table version whose content comes back."""
    tables: tuple[PreparedTable, ...]
    started_at: datetime
    restored_at: datetime | None = None
    """When readers began to see it."""
    actor: str = ""
    standing: tuple[PreparedTable, ...] | None = None
    """Once it is abandoned: the entries that `tables` take back."""
    message: str | None = None
    """Once it is abandoned: why, and what to do next."""
    abandoned_at: datetime | None = None
    """When nothing of it stood any more."""


class RestoredPartition(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a partition holds from here on; None: nothing was made of it by then."""

    asset: str
    partition_key: str
    materialization: Materialization | None = None


class RestoreStarted(Payload, frozen=True):
    """The next version of each table and its bytes are fixed; from here only forward."""

    restore_id: str
    """Its ULID."""
    slot: int
    """The slot whose content comes back."""
    versions: dict[str, int]
    """Asset -> the table version whose content comes back."""
    tables: tuple[PreparedTable, ...]
    started_at: datetime
    actor: str = ""
    files: tuple[str, ...] = ()
    """The objects that come back: those of the old versions that the present ones do not have."""


class RestoreRebased(Payload, frozen=True):
    """A foreign table version stood where ours was meant to go: these tables take a later one."""

    restore_id: str
    """The restore that goes on."""
    tables: tuple[PreparedTable, ...]
    rebased_at: datetime


class RestoreAbandoned(Payload, frozen=True):
    """No entry brings the old content back on top of a foreign version: what stands is taken back.

    Said again with fewer tables when one cannot be written to any more.
    """

    restore_id: str
    """The restore that goes back."""
    tables: tuple[PreparedTable, ...]
    """The entries that take back what stands; the other tables are free."""
    standing: tuple[PreparedTable, ...]
    """The entries they take back."""
    code: str
    message: str
    abandoned_at: datetime
    """When that was decided."""


class RestoreUndone(Payload, frozen=True):
    """Nothing of an abandoned restore stands any more: its tables are free."""

    restore_id: str
    """The restore that ended."""
    undone_at: datetime
    """When nothing of it stood any more."""


class TablesRestored(Payload, frozen=True):
    """Readers see the old content, and partitions count as what they were, in one commit."""

    restore_id: str
    """The restore that ended."""
    tables: tuple[PublishedTable, ...]
    partitions: tuple[RestoredPartition, ...]
    """Those that change; the others hold what they held."""
    restored_at: datetime
    """When readers began to see it."""


EVENTS: tuple[type[Payload], ...] = (
    RestoreStarted,
    RestoreRebased,
    RestoreAbandoned,
    RestoreUndone,
    TablesRestored,
)

RESTORES = Table("orchestration.restores", Restore, ("restore_id",))


def is_moving(restore: Restore) -> bool:
    """True until it is published, or nothing of it stands any more."""
    return restore.state is PublicationState.STARTED and restore.abandoned_at is None


def is_abandoned(restore: Restore) -> bool:
    """True once it is being taken back."""
    return restore.message is not None


__all__ = [
    "EVENTS",
    "RESTORES",
    "Restore",
    "RestoreAbandoned",
    "RestoreRebased",
    "RestoreStarted",
    "RestoreUndone",
    "RestoredPartition",
    "TablesRestored",
    "is_abandoned",
    "is_moving",
]
