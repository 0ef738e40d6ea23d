"""Where the log ends: slots are contiguous, so existence is monotone and many can be asked at once.

What distance costs is how many questions wait for each other, not how many there are. Must not know
what stands in a slot.
Source: storage format, "Finding the head".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from arco.runtime import Runtime

HINT_EVERY = 16
"""A writer leaves a hint with every slot whose number this divides."""
FAR = (64, 1_024, 16_384, 262_144)
"""Where a search looks beyond the slots that follow its start."""
FROM_NOTHING = (0, 1, 3, 8, 16, 256, 65_536)
"""Where it looks when nobody said where the log may end: most such logs are short."""
BETWEEN_MAX = 32

Read = Callable[[int], Awaitable[bytes | None]]


class Sighting(msgspec.Struct, frozen=True):
    """The newest slot's number, -1 when there is none, and the bytes of those that were looked at
    last.
    """

    seq: int
    seen: dict[int, bytes]


async def sight(read: Read, runtime: Runtime, *, start: int | None) -> Sighting:
    """Where the log ends; `start` is where it probably does, if somebody said so, and may be any
    number.

    Every slot that stood when this was called is taken into account. Cost: one round of GETs when
    the log ends within `HINT_EVERY` slots of `start`; else one for each factor of `BETWEEN_MAX`.
    """
    first = FROM_NOTHING if start is None else _ahead_of(start)
    found = await _look(read, runtime, numbers=first)
    if not found.seen and start:
        found = await _look(read, runtime, numbers=FROM_NOTHING)
    low = max(found.seen, default=-1)
    while low + 1 != found.free:
        numbers = _ahead_of(low + 1) if found.free is None else _between(low, found.free)
        beyond = await _look(read, runtime, numbers=numbers)
        low = max(beyond.seen, default=low)
        free = found.free if beyond.free is None else beyond.free
        found = _Look(beyond.seen or found.seen, free)
    return Sighting(low, found.seen)


class _Look(msgspec.Struct, frozen=True):
    """The slots that stood, and the first number after all of them that was free."""

    seen: dict[int, bytes]
    free: int | None


async def _look(read: Read, runtime: Runtime, *, numbers: Sequence[int]) -> _Look:
    async def one(seq: int) -> tuple[int, bytes | None]:
        return seq, await read(seq)

    pairs = await runtime.gather(one(seq) for seq in numbers)
    seen = {seq: data for seq, data in pairs if data is not None}
    newest = max(seen, default=-1)
    # One below it may have been written after we looked there: what counts is the last that stood.
    return _Look(seen, next((seq for seq, data in pairs if data is None and seq > newest), None))


def _ahead_of(start: int) -> list[int]:
    return [*range(start, start + HINT_EVERY + 1), *(start + far for far in FAR)]


def _between(low: int, free: int) -> range:
    return range(low + 1, free, max(1, (free - low - 1) // BETWEEN_MAX))


__all__ = ["FAR", "HINT_EVERY", "Sighting", "sight"]
