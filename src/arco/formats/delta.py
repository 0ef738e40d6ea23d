"""Delta tables: the log entry that makes a step, and what writers of others ask of us.

`entry` is pure: the same arguments give the same bytes, and whoever creates the entry first has
made the version. Must not know stores, workers or clocks.
Source: Delta protocol; orchestration, "Publishing".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.formats import places
from arco.formats.actions import (
    ENGINE,
    NAIVE_TIMESTAMP,
    PLAIN_WRITER_FEATURES,
    WRITER_VERSION_FEATURES,
    add,
    commit_info,
    metadata_action,
    protocol_action,
    remove,
)
from arco.formats.snapshot import checkpoint, latest_version, snapshot
from arco.formats.steps import Step
from arco.formats.versions import TableSnapshot
from arco.orchestration.definitions import WriteMode

WRITER_FEATURES = frozenset(
    {*PLAIN_WRITER_FEATURES, NAIVE_TIMESTAMP, "v2Checkpoint", "vacuumProtocolCheck"}
)
WRITER_VERSION_PLAIN = 2


def entry(step: Step, before: TableSnapshot | None) -> bytes:
    """The log entry that follows `before` (None: version 0) and makes exactly this step.

    The table's protocol and properties stay what they are: other writers rely on them. A foreign
    entry in between: make the step again on the newer snapshot.

    Raises: Invalid DELTA_FEATURE_UNSUPPORTED.
    """
    if before is not None:
        refuse_features(before, step.mode if step.changes_rows else "append")
    actions = [
        commit_info(step, before),
        *protocol_action(before, step.schema),
        *metadata_action(step, before),
        *(remove(step, file) for file in step.removed),
        *(add(step, file) for file in step.added),
    ]
    return b"".join(msgspec.json.encode(action) + b"\n" for action in actions)


def is_ours(entry: bytes, run_id: str) -> bool:
    """True when the log entry was prepared for this run."""
    for line in entry.splitlines():
        info = _commit_info_of(line)
        if info is not None:
            return info.get("engineInfo") == ENGINE and info.get("runId") == run_id
    return False


def _commit_info_of(line: bytes) -> dict[str, Any] | None:
    """The commitInfo action, if the line is one."""
    try:
        action = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    found = action.get("commitInfo") if isinstance(action, dict) else None
    return found if isinstance(found, dict) else None


def refuse_features(before: TableSnapshot, mode: WriteMode) -> None:
    """Refuse to write to a table whose rules we would break.

    Raises: Invalid DELTA_FEATURE_UNSUPPORTED.
    """
    protocol = before.protocol
    unknown = sorted(set(protocol.writer_features) - WRITER_FEATURES)
    if WRITER_VERSION_PLAIN < protocol.writer < WRITER_VERSION_FEATURES:
        unknown.append(f"writer version {protocol.writer}")
    if '"delta.invariants"' in before.schema:
        unknown.append("invariants")
    if before.configuration.get("delta.appendOnly") == "true" and mode != "append":
        unknown.append("appendOnly")
    if unknown:
        raise Invalid(
            "DELTA_FEATURE_UNSUPPORTED",
            f"the table asks writers for what Arco does not do: {', '.join(unknown)}",
            hint="another writer switched this on; drop it there or publish to a new table",
        )


def moves_rows(location: str, version: int, *, of: Mapping[str, str | None]) -> bool:
    """True unless the version left the rows of this partition what they were.

    Cost: 1 GET.
    """
    folder = places.folder(location, {})
    try:
        with folder.open_input_stream(f"_delta_log/{version:020d}.json") as stream:
            lines = [msgspec.json.decode(line) for line in stream.read().splitlines() if line]
    except OSError:
        return True
    moves = (line.get("add") or line.get("remove") for line in lines)
    return any(move and _changes(move, of) for move in moves)


def _changes(move: Mapping[str, Any], partition: Mapping[str, str | None]) -> bool:
    # Without partition values nobody knows whose rows moved.
    values = move.get("partitionValues", partition)
    return bool(move.get("dataChange", True)) and values == partition


__all__ = [
    "checkpoint",
    "entry",
    "is_ours",
    "latest_version",
    "moves_rows",
    "refuse_features",
    "snapshot",
]
