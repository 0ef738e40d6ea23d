"""The worker protocol: what travels between the control plane and a worker, whatever carries it.

Frames on a stream are a four-byte big-endian length and that many bytes of JSON. Delivery is at
least once: a repeated or late message is normal and is refused by its dispatch id. Never pickle.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from arco.orchestration.commands.evaluations import Answer, Look
from arco.orchestration.definitions import AssetDefinition, Format, WriteMode
from arco.orchestration.outcomes import Completion, Output

FRAME_BYTES_MAX = 64 * 1024 * 1024
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""With its offset from UTC: clocks of other machines are nobody's local time."""


class Input(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one parameter may read: a pinned table version, overlaid with what this run staged."""

    upstream: str
    parameter: str
    table_id: str
    partition_columns: dict[str, str] = {}
    table_version: int | None = None
    """The pinned version; None when nothing was published yet."""
    table_entry: str = ""
    """The hash of that version's log entry, if it was recorded."""
    partition_keys: tuple[str, ...] = ()
    """The partitions to read; empty: the whole table."""
    data_versions: tuple[str, ...] = ()
    """The data version of each entry of `partition_keys` (one entry, for "", when unpartitioned).
    """
    staged: tuple[Output, ...] = ()
    """Outputs of this run, laid over the pinned version as the upstream is written."""
    location: str = ""
    """Where the data of an external asset stands; its version is the data version."""
    format: Format = "delta"
    write_mode: WriteMode = "replace"
    """The upstream's: what it appended comes on top of the pinned version."""


class OtherAsset(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An asset that the function of the attempt makes with the one of its task."""

    asset: AssetDefinition
    """As the envelope's: without what other partitions are for, and without dependencies: they are
    the same.
    """
    table_id: str
    table_version: int | None = None
    """As the envelope's."""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt at one task."""

    run_id: str
    task_key: str
    attempt: int
    dispatch_id: str
    attempt_id: str
    """A short name of the attempt: what it stages and prints is stored under it."""
    asset: AssetDefinition
    """As it is deployed, but for what other partitions are for: lists hold this one's values only,
    and no dependency says how it is mapped.
    """
    table_id: str
    partition_key: str = ""
    inputs: tuple[Input, ...] = ()
    table_version: int | None = None
    """The output table's published version at dispatch; its schema is what the schema policy
    compares with. Of an asset that merges: at the trigger, and what is merged into.
    """
    cursor: Any = None
    """What the partition's last published attempt remembered."""
    settings: dict[str, dict[str, Any]] = {}
    """Name of the settings -> field -> value that holds for this run, over whatever else is given.
    """
    others: tuple[OtherAsset, ...] = ()
    """What the function makes at once, for the same partition, and the answer speaks of, too."""


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


class Sense(msgspec.Struct, frozen=True, tag="sense"):
    """Look at this sensor."""

    dispatch_id: str
    """What the answer names."""
    look: Look


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Finish what runs, then exit."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The project is loaded; the worker waits for a task."""

    pid: int


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The worker has the envelope and asks to begin."""

    dispatch_id: str
    started_at: Moment


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Still alive."""

    dispatch_id: str


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """The attempt ended; its captured output is stored already."""

    dispatch_id: str
    started_at: Moment
    ended_at: Moment
    completion: Completion
    log_chunks: int = 0
    """How many objects hold what it printed."""


class Sensed(msgspec.Struct, frozen=True, tag="sensed"):
    """What the sensor answered."""

    dispatch_id: str
    answer: Answer


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker service is sent: an attempt, and how to answer for it. Sent again, it names
    where to answer from now on.
    """

    tenant: str
    workspace: str
    envelope: Envelope
    callback_url: str
    """The server to answer to: `{callback_url}/api/v1/tasks/{attempt_id}/started`, `/heartbeat`
    and `/completed`."""
    token: str
    """Lets the worker answer for this attempt, together with its own proof."""
    heartbeat_seconds: Annotated[float, msgspec.Meta(ge=0.05, le=3600)]
    """How often the server wants to hear of the attempt, from now until it has ended."""


class Accepted(msgspec.Struct, frozen=True):
    """The worker service has the attempt."""

    dispatch_id: str
    free: Annotated[int, msgspec.Meta(ge=0, le=65_536)]
    """How many more attempts it would take now."""


class Roll(msgspec.Struct, frozen=True):
    """What a worker service has."""

    dispatch_ids: Annotated[tuple[str, ...], msgspec.Meta(max_length=65_536)]
    """The attempts it will still answer for."""
    free: Annotated[int, msgspec.Meta(ge=0, le=65_536)]
    """How many more attempts it would take now."""


class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's answer to whatever a worker service tells of an attempt."""

    dispatch_id: str
    should_cancel: bool = False
    """Nobody waits for the attempt any more: it should end, or not begin."""
    token: str = ""
    """Takes the place of the token so far."""


ToWorker: TypeAlias = Dispatch | Acknowledge | HeartbeatReply | Sense | Stop
FromWorker: TypeAlias = Ready | Started | Heartbeat | Completed | Sensed


def frame(message: msgspec.Struct) -> bytes:
    """The message with its length in front."""
    body = msgspec.json.encode(message)
    return len(body).to_bytes(4, "big") + body


__all__ = [
    "FRAME_BYTES_MAX",
    "Accepted",
    "Acknowledge",
    "Completed",
    "Dispatch",
    "Envelope",
    "FromWorker",
    "Heard",
    "Heartbeat",
    "HeartbeatReply",
    "Input",
    "Moment",
    "Offer",
    "OtherAsset",
    "Ready",
    "Roll",
    "Sense",
    "Sensed",
    "Started",
    "Stop",
    "ToWorker",
    "frame",
]
