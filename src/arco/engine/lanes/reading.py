"""What was read of a lane: facts with their payloads, or with what is wrong with them.

Pure: the same facts read the same, away from the loop. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise
from operator import attrgetter

import msgspec

from arco.engine.lanes.batches import Fact, LaneSlot
from arco.engine.registry import FactDecoder, Registry
from arco.errors import Corrupt
from arco.model import Payload
from arco.store.text import decoded, text_unreadable

_invalid = partial(text_unreadable, "a fact")
REASON_CHARACTERS_MAX = 300
DECODED_AT_ONCE = 256
"""One bad fact makes so many be decoded one by one."""
_KIND = attrgetter("type", "version")


class Read(msgspec.Struct, frozen=True, gc=False):
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


def read_slot(registry: Registry, slot: LaneSlot) -> ReadSlot:
    """The slot with every fact decoded."""
    heading = slot.heading
    return ReadSlot(heading.lane, heading.slot, read_facts(registry, slot.facts), heading.seal)


def read_facts(registry: Registry, facts: Sequence[Fact]) -> tuple[Read, ...]:
    """Each fact with its payload, or with what is wrong with it."""
    found: list[Read] = []
    for (fact_type, version), alike in groupby(facts, key=_KIND):
        decoder = registry.fact_decoder(fact_type, version)
        waiting = list(alike)
        for start in range(0, len(waiting), DECODED_AT_ONCE):
            found += _read_alike(decoder, waiting[start : start + DECODED_AT_ONCE])
    return tuple(found)


def runs_of(reads: Sequence[Read]) -> Iterator[tuple[int, int]]:
    """Stretches `[first, end)` that may be folded in one piece, in order; they cover all reads.

    A stretch of several holds facts of one type, without keys, in the order one producer counted
    them.
    """
    first = 0
    for position, (before, after) in enumerate(pairwise(reads), 1):
        one, two = before.fact, after.fact
        if (
            (two.seq != one.seq + 1 and one.producer)
            or type(before.payload) is not type(after.payload)
            or one.producer != two.producer
            or one.epoch != two.epoch
            or one.key
            or two.key
            or before.payload is None
        ):
            yield first, position
            first = position
    if reads:
        yield first, len(reads)


def _read_alike(decoder: FactDecoder | None, facts: Sequence[Fact]) -> Iterable[Read]:
    """Facts of one type, decoded at once; one by one when one of them cannot be."""
    if decoder is None:
        return [_unknown(fact) for fact in facts]
    try:
        together = b"[%b]" % b",".join([fact.payload for fact in facts])
        payloads = decoded(together, decoder.many.decode, damaged=_invalid)
    except Corrupt:
        return [_read(decoder, fact) for fact in facts]
    return map(Read, facts, payloads)


def _read(decoder: FactDecoder, fact: Fact) -> Read:
    try:
        return Read(fact, decoded(fact.payload, decoder.one.decode, damaged=_invalid))
    except Corrupt as error:
        return Read(fact, None, "FACT_INVALID", error.details["reason"][:REASON_CHARACTERS_MAX])


def _unknown(fact: Fact) -> Read:
    reason = f"this release does not know {fact.type} version {fact.version}"
    return Read(fact, None, "FACT_TYPE_UNKNOWN", reason[:REASON_CHARACTERS_MAX])


__all__ = [
    "REASON_CHARACTERS_MAX",
    "Read",
    "ReadSlot",
    "read_facts",
    "read_slot",
    "runs_of",
]
