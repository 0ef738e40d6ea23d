"""The Delta log entry after which a table holds exactly what it held at an old version.

Pure: the same arguments give the same bytes. Files are named, never copied. Must not know stores,
slots or clocks.
Source: Delta protocol, "Actions".
"""

from __future__ import annotations

from typing import Any

import msgspec

from arco.formats.actions import (
    Publication,
    add_again,
    commit_info,
    metadata_action,
    protocol_action,
    remove,
)
from arco.formats.delta import refuse_features
from arco.formats.snapshot import TableFile, TableSnapshot


class Reversion(msgspec.Struct, frozen=True, kw_only=True):
    """Bring a table back to `target`, whatever version it has reached."""

    table_id: str
    restore_id: str
    target: TableSnapshot
    committed_at_ms: int


def revert(reversion: Reversion, before: TableSnapshot) -> bytes:
    """The log entry that follows `before` and leaves exactly the target's files, schema and
    partitioning.

    The table's protocol and properties stay what they are: other writers rely on them.
    Raises: Invalid DELTA_FEATURE_UNSUPPORTED.
    """
    refuse_features(before, "replace")
    target = reversion.target
    publication = Publication(
        table_id=reversion.table_id,
        run_id=reversion.restore_id,
        outputs=(),
        committed_at_ms=reversion.committed_at_ms,
        partition_columns=target.partition_columns,
    )
    actions = [
        _restored_from(target, commit_info(publication, before)),
        *protocol_action(before, target.schema),
        *metadata_action(publication, before, schema=target.schema),
        *(remove(publication, file) for file in without(before, target)),
        *(add_again(publication, file) for file in without(target, before)),
    ]
    return b"".join(msgspec.json.encode(action) + b"\n" for action in actions)


def without(one: TableSnapshot, other: TableSnapshot) -> list[TableFile]:
    """The files of one version that the other does not have."""
    paths = {file.path for file in other.files}
    return [file for file in one.files if file.path not in paths]


def is_same(one: TableSnapshot, other: TableSnapshot) -> bool:
    """True when both versions hold the same files under the same schema and partitioning."""
    files = {file.path for file in one.files} == {file.path for file in other.files}
    shape = (one.schema, one.partition_columns) == (other.schema, other.partition_columns)
    return files and shape


def _restored_from(target: TableSnapshot, action: dict[str, Any]) -> dict[str, Any]:
    body = action["commitInfo"]
    said = {"operation": "RESTORE", "operationParameters": {"version": str(target.version)}}
    return {"commitInfo": {**body, **said}}


__all__ = ["Reversion", "is_same", "revert", "without"]
