"""What was read of a lane: facts with their payloads, or with what is wrong with them.

Pure: the same facts read the same, away from the loop. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from arco.engine.lanes.batches import Fact, LaneSlot
from arco.engine.registry import Registry
from arco.errors import Corrupt
from arco.model import Payload
from arco.store.text import decoded, text_unreadable

_invalid = partial(text_unreadable, "a fact")
REASON_CHARACTERS_MAX = 300


class Read(msgspec.Struct, frozen=True):
    """A fact as it was read: decoded, or why it cannot be."""

    fact: Fact
    payload: Payload | None
    code: str = ""
    reason: str = ""


class ReadSlot(msgspec.Struct, frozen=True):
    """One slot of a lane, its facts decoded."""

    lane: str
    slot: int
    reads: tuple[Read, ...]
    seal: bool = False
    runs: tuple[tuple[int, int], ...] = ()
    """Stretches `[first, end)` of facts of one type, without keys, in the order one producer
    counted them."""


def read_slot(registry: Registry, slot: LaneSlot) -> ReadSlot:
    """The slot with every fact decoded, and what of it may be folded in one piece."""
    reads = read_facts(registry, slot.facts)
    heading = slot.heading
    return ReadSlot(heading.lane, heading.slot, reads, heading.seal, tuple(runs_of(reads)))


def read_facts(registry: Registry, facts: Sequence[Fact]) -> tuple[Read, ...]:
    """Each fact with its payload, or with what is wrong with it."""
    return tuple([_read(registry, fact) for fact in facts])


def runs_of(reads: Sequence[Read]) -> Iterator[tuple[int, int]]:
    """The stretches of `ReadSlot.runs`, in order; together they cover all reads."""
    first = 0
    for position in range(1, len(reads) + 1):
        if position == len(reads) or not _follows(reads[position - 1], reads[position]):
            yield first, position
            first = position


def _read(registry: Registry, fact: Fact) -> Read:
    decoder = registry.fact_decoder(fact.type, fact.version)
    if decoder is None:
        known = f"this release does not know {fact.type} version {fact.version}"
        return Read(fact, None, "FACT_TYPE_UNKNOWN", known[:REASON_CHARACTERS_MAX])
    try:
        return Read(fact, decoded(fact.payload, decoder.decode, damaged=_invalid))
    except Corrupt as error:
        return Read(fact, None, "FACT_INVALID", error.details["reason"][:REASON_CHARACTERS_MAX])


def _follows(before: Read, after: Read) -> bool:
    """True when `after` continues the stretch that `before` is in."""
    one, two = before.fact, after.fact
    if type(before.payload) is not type(after.payload) or before.payload is None:
        return False
    if one.key or two.key or one.producer != two.producer or one.epoch != two.epoch:
        return False
    return two.seq == one.seq + 1 or not one.producer


__all__ = [
    "REASON_CHARACTERS_MAX",
    "Read",
    "ReadSlot",
    "read_facts",
    "read_slot",
    "runs_of",
]
