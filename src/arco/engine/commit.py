"""The bytes of a commit: plain JSON with sorted keys, a hash of itself and of its predecessor.

The chain (`prev`) proves order and completeness; `check` makes a flipped byte in the newest slot
visible too.
Source: storage format, "A commit".
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

import msgspec

from arco.engine.registry import WireEvent
from arco.errors import Corrupt
from arco.ids import sha256
from arco.store.text import decoded

FORMAT = 1
COMMIT_BYTES_MAX = 1024 * 1024
GENESIS_PREV = "0" * 64
_HEAD = b'{"check":"'
_UNSIGNED = "0" * 64


class PayloadReference(msgspec.Struct, frozen=True):
    """Events that are too large for the slot: the object that holds them as a JSON array."""

    name: str
    sha256: str
    size_bytes: int


class SnapshotReference(msgspec.Struct, frozen=True):
    """The newest snapshot this commit's writer knew."""

    slot: int
    index: str
    sha256: str


class Commit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One slot of the log."""

    check: str = _UNSIGNED
    seq: int
    prev: str
    cid: str
    writer: str
    committed_at: datetime
    epoch: int = 0
    events: tuple[WireEvent, ...] = ()
    events_payload: PayloadReference | None = None
    snapshot: SnapshotReference | None = None
    format: int = msgspec.field(default_factory=lambda: FORMAT)


class Position(msgspec.Struct, frozen=True):
    """Where the log stands: the newest slot, its hash and its clock."""

    seq: int
    hash: str
    committed_at: datetime


_DECODER = msgspec.json.Decoder(Commit)


def encode_events(events: tuple[WireEvent, ...]) -> bytes:
    """The events as a JSON array: what a payload object holds."""
    return msgspec.json.encode(events, order="sorted")


def decode_events(data: bytes) -> tuple[WireEvent, ...]:
    """The events of a payload object."""
    return msgspec.json.decode(data, type=tuple[WireEvent, ...])


def encode_commit(commit: Commit) -> bytes:
    """The commit's bytes, `check` filled in."""
    fields = msgspec.structs.asdict(commit)
    present = {name: value for name, value in fields.items() if value is not None}
    unsigned = msgspec.json.encode(present | {"check": _UNSIGNED}, order="sorted")
    assert unsigned.startswith(_HEAD)
    return _HEAD + sha256(unsigned).encode() + unsigned[len(_HEAD) + 64 :]


def decode_commit(data: bytes, seq: int) -> Commit:
    """The commit that stands at `seq`.

    Raises: Corrupt when the bytes are not what their writer wrote.
    """
    end = len(_HEAD) + 64
    unsigned = _HEAD + _UNSIGNED.encode() + data[end:]
    if data[: len(_HEAD)] != _HEAD or sha256(unsigned).encode() != data[len(_HEAD) : end]:
        raise unreadable(seq, "its bytes do not match their own hash")
    commit = decoded(data, _DECODER.decode, damaged=partial(unreadable, seq))
    if commit.seq != seq:
        raise unreadable(seq, f"it says it is slot {commit.seq}")
    return commit


def unreadable(seq: int, reason: str) -> Corrupt:
    """The error for a slot that cannot be used: everything after it fails closed."""
    return Corrupt(
        "SLOT_UNREADABLE",
        f"log slot {seq} cannot be read: {reason}",
        hint="run `arco verify`, then restore that object from a backup",
        seq=seq,
    )


__all__ = [
    "COMMIT_BYTES_MAX",
    "FORMAT",
    "GENESIS_PREV",
    "Commit",
    "PayloadReference",
    "Position",
    "SnapshotReference",
    "decode_commit",
    "decode_events",
    "encode_commit",
    "encode_events",
    "unreadable",
]
