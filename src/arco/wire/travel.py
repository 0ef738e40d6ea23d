"""What happened and what comes back: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from arco.orchestration.states import PublicationState
from arco.service.history import SlotLine, VersionLine

MOMENT_CHARACTERS_MAX = 40
RESTORED_TABLES_MAX = 1000
Moment = Annotated[str, msgspec.Meta(min_length=1, max_length=MOMENT_CHARACTERS_MAX)]
TableName = Annotated[str, msgspec.Meta(max_length=512)]


class SlotList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Slots of the log, newest first."""

    slots: list[SlotLine]
    """Slots, newest first."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class VersionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Versions of one table that readers saw, newest first."""

    versions: list[VersionLine]
    """Versions, newest first."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class RestoreRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tables become what they were, and when."""

    tables: Annotated[
        tuple[TableName, ...], msgspec.Meta(min_length=1, max_length=RESTORED_TABLES_MAX)
    ]
    to: Moment
    """A slot (`120`), a time, how long ago (`2h`), or a version of one table (`v3`)."""


class RestoreSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How far a restore is."""

    restore_id: str
    """Its ULID."""
    state: PublicationState
    slot: int
    """The slot whose content comes back."""
    versions: dict[str, int]
    """Table -> the version whose content comes back."""
    started_at: datetime
    restored_at: datetime | None
    """When readers began to see it."""
    actor: str
    abandoned_at: datetime | None = None
    """When it was given up, and readers see what they saw before."""
    message: str = ""
    """Why it was given up, and what to do next."""


__all__ = [
    "MOMENT_CHARACTERS_MAX",
    "RESTORED_TABLES_MAX",
    "Moment",
    "RestoreRequest",
    "RestoreSummary",
    "SlotList",
    "TableName",
    "VersionList",
]
