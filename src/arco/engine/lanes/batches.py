"""The bytes of a lane's slot: a batch of facts as zstd NDJSON, or the seal that ends the lane.

The first line is a heading with a hash of everything, so that a flipped byte is never taken for
somebody else's batch. Must not know what any fact means.
Source: storage format, "Facts".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.lanes.zstd import compress, decompress
from arco.errors import Corrupt
from arco.ids import sha256
from arco.store.text import decoded

FORMAT = 1
SLOT_FACTS_MAX = 5_000
SLOT_BYTES_MAX = 1024 * 1024
FACT_BYTES_MAX = 64 * 1024
SLOT_BYTES_LIMIT = 512 * 1024 * 1024
_HEAD = b'{"check":"'
_UNSIGNED = b"0" * 64


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One observation, as its producer sent it.

    `producer`, `epoch` and `seq` number what one producer sends; `key` names a fact of a producer
    that does not count. Either makes sending again harmless; without them the fact's own row must.
    """

    type: str
    payload: msgspec.Raw
    version: int = 1
    producer: str = ""
    epoch: int = 0
    seq: int = -1
    key: str = ""


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a slot."""

    check: str
    lane: str
    slot: int
    cid: str
    writer: str
    written_at: datetime
    count: int
    seal: bool = False
    format: int = msgspec.field(default_factory=lambda: FORMAT)


class LaneSlot(msgspec.Struct, frozen=True):
    """A slot that was read."""

    heading: Heading
    facts: tuple[Fact, ...]
    size_bytes: int


_FACTS = msgspec.json.Decoder(Fact)
_HEADING = msgspec.json.Decoder(Heading)


def encode_fact(fact: Fact) -> bytes:
    """The fact as one line, without its end."""
    line = msgspec.json.encode(fact)
    # A payload is kept as it came, and may have come on many lines.
    return msgspec.json.format(line, indent=-1) if b"\n" in line or b"\r" in line else line


def encode_slot(heading: Heading, lines: Sequence[bytes]) -> bytes:
    """The slot's bytes, `check` filled in."""
    unsigned = msgspec.structs.replace(heading, check=_UNSIGNED.decode())
    text = b"\n".join([msgspec.json.encode(unsigned), *lines, b""])
    assert text.startswith(_HEAD)
    return compress(_HEAD + sha256(text).encode() + text[len(_HEAD) + 64 :])


def decode_slot(data: bytes, *, lane: str, slot: int) -> LaneSlot:
    """The batch or seal that stands at `slot` of `lane`.

    Raises: Corrupt when the bytes are not what their writer wrote.
    """
    damaged = partial(_unreadable, (lane, slot))
    try:
        text = decompress(data, size_bytes_max=SLOT_BYTES_LIMIT)
    except OSError as error:
        raise damaged(str(error)) from error
    end = len(_HEAD) + 64
    signed = memoryview(text)[end:]
    check = sha256(_HEAD + _UNSIGNED, signed).encode()
    if text[: len(_HEAD)] != _HEAD or check != text[len(_HEAD) : end]:
        raise damaged("its bytes do not match their own hash")
    first = text.find(b"\n") + 1
    heading = decoded(text[:first], _HEADING.decode, damaged=damaged)
    facts = tuple(decoded(memoryview(text)[first:], _FACTS.decode_lines, damaged=damaged))
    if (heading.lane, heading.slot, heading.count) != (lane, slot, len(facts)):
        raise damaged("it says it is another one")
    return LaneSlot(heading, facts, len(text))


def _unreadable(place: tuple[str, int], reason: str) -> Corrupt:
    lane, slot = place
    return Corrupt(
        "LANE_UNREADABLE",
        f"slot {slot} of lane {lane} cannot be read: {reason}",
        hint="restore that object from a backup; other lanes go on without it",
        lane=lane,
        slot=slot,
    )


__all__ = [
    "FACT_BYTES_MAX",
    "SLOT_BYTES_MAX",
    "SLOT_FACTS_MAX",
    "Fact",
    "Heading",
    "LaneSlot",
    "decode_slot",
    "encode_fact",
    "encode_slot",
]
