"""The formats that versions of our tables can have, and what each of them is asked.

Who moves a table asks here and never knows which format it has. Must not know stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from arco.formats import delta, file_lists
from arco.formats.recorded import Action, actions_of, actions_of_list
from arco.formats.steps import Step
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.orchestration.definitions import WriteMode
from arco.store import keys


class MovesRows(Protocol):
    """Whether a version changed the rows of a partition."""

    def __call__(self, location: str, version: int, *, of: Mapping[str, str | None]) -> bool: ...


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How one format keeps the versions of a table: each is made by one object, its entry."""

    entry_name: Callable[[str, int], str]
    """The object that makes a version, by table id and version."""
    entry: Callable[[Step, TableSnapshot | None], bytes]
    """Its bytes: the step on top of a version."""
    snapshot: Callable[[str, int | PublishedVersion], TableSnapshot]
    latest_version: Callable[[str], int | None]
    refuse_features: Callable[[TableSnapshot, WriteMode], None]
    """Refuses a table whose rules we would break."""
    moves_rows: MovesRows
    actions: Callable[[bytes, str], Sequence[Action]]
    """What an entry says of files."""
    has_checkpoints: bool = False
    """Whether replay of many entries is worth shortening."""
    files_are_whole: bool = True
    """Whether files hold the columns of their partitions, too."""


KINDS: Mapping[str, Kind] = {
    "delta": Kind(
        entry_name=keys.delta_entry,
        entry=delta.entry,
        snapshot=delta.snapshot,
        latest_version=delta.latest_version,
        refuse_features=delta.refuse_features,
        moves_rows=delta.moves_rows,
        actions=actions_of,
        has_checkpoints=True,
        files_are_whole=False,
    ),
    "parquet": Kind(
        entry_name=keys.file_list,
        entry=file_lists.entry,
        snapshot=file_lists.snapshot,
        latest_version=file_lists.latest_version,
        refuse_features=file_lists.refuse_features,
        moves_rows=file_lists.moves_rows,
        actions=actions_of_list,
    ),
}


def snapshot(location: str, version: int | PublishedVersion) -> TableSnapshot:
    """The table at `version`, whatever was written since; a bare number is of a Delta table.

    Raises: NotFound TABLE_VERSION_NOT_FOUND; Invalid DELTA_FEATURE_UNSUPPORTED; Corrupt
        DELTA_LOG_UNREADABLE, FILE_LIST_UNREADABLE, TABLE_ENTRY_DAMAGED.
    """
    format = version.format if isinstance(version, PublishedVersion) else "delta"
    return KINDS[format].snapshot(location, version)


__all__ = [
    "KINDS",
    "Kind",
    "MovesRows",
    "snapshot",
]
