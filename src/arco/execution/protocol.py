"""The worker protocol: what travels between the control plane and a worker, whatever carries it.

Frames on a stream are a four-byte big-endian length and that many bytes of JSON. Delivery is at
least once: a repeated or late message is normal and is refused by its dispatch id. Never pickle.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from arco.orchestration.definitions import AssetDefinition, WriteMode
from arco.orchestration.outcomes import Completion, Output

FRAME_BYTES_MAX = 64 * 1024 * 1024


class Input(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one parameter may read: a pinned table version, overlaid with what this run staged."""

    upstream: str
    parameter: str
    table_id: str
    partition_columns: dict[str, str] = {}
    table_version: int | None = None
    """The pinned Delta version; None when nothing was published yet."""
    partition_keys: tuple[str, ...] = ()
    """The partitions to read; empty: the whole table."""
    data_versions: tuple[str, ...] = ()
    """The data version of each entry of `partition_keys` (one entry, for "", when unpartitioned).
    """
    staged: tuple[Output, ...] = ()
    """Outputs of this run, laid over the pinned version as the upstream is written."""
    write_mode: WriteMode = "replace"
    """The upstream's: what it appended comes on top of the pinned version."""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt at one task."""

    run_id: str
    task_key: str
    attempt: int
    dispatch_id: str
    attempt_id: str
    asset: AssetDefinition
    """As it is deployed, but for what other partitions are for: lists hold this one's values only,
    and no dependency says how it is mapped.
    """
    table_id: str
    partition_key: str = ""
    inputs: tuple[Input, ...] = ()
    table_version: int | None = None
    """The output table's published version at dispatch; its schema is what the schema policy
    compares with.
    """


class Dispatch(msgspec.Struct, frozen=True, tag="dispatch"):
    """Run this, once `started` is acknowledged."""

    envelope: Envelope


class Acknowledge(msgspec.Struct, frozen=True, tag="acknowledge"):
    """`started` stands: user code may begin."""

    dispatch_id: str


class HeartbeatReply(msgspec.Struct, frozen=True, tag="heartbeat_reply"):
    """Whether the attempt should end itself."""

    dispatch_id: str
    should_cancel: bool = False


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Finish what runs, then exit."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The project is loaded; the worker waits for a task."""

    pid: int


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The worker has the envelope and asks to begin."""

    dispatch_id: str
    started_at: datetime


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Still alive."""

    dispatch_id: str


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """The attempt ended; its captured output is stored already."""

    dispatch_id: str
    started_at: datetime
    ended_at: datetime
    completion: Completion
    log_chunks: int = 0


ToWorker: TypeAlias = Dispatch | Acknowledge | HeartbeatReply | Stop
FromWorker: TypeAlias = Ready | Started | Heartbeat | Completed


def frame(message: ToWorker | FromWorker) -> bytes:
    """The message with its length in front."""
    body = msgspec.json.encode(message)
    return len(body).to_bytes(4, "big") + body


__all__ = [
    "FRAME_BYTES_MAX",
    "Acknowledge",
    "Completed",
    "Dispatch",
    "Envelope",
    "FromWorker",
    "Heartbeat",
    "HeartbeatReply",
    "Input",
    "Ready",
    "Started",
    "Stop",
    "ToWorker",
    "frame",
]
