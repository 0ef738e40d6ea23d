"""A piece of a round: a bounded number of objects, read and checked, and where the next one begins.

Law L8: pieces are looked at beside requests, never by one. Must not know what the objects hold.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from arco.engine.rounds.tables import Found
from arco.errors import Corrupt
from arco.runtime import Runtime

OBJECTS_MAX = 256
BYTES_MAX = 16 * 1024 * 1024
AT_ONCE = 16
OPINIONS = 3
OPINION_SECONDS = 1.0


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found."""

    cursor: str
    """Where the next piece begins; empty: this was the last one."""
    objects: int
    size_bytes: int
    found: tuple[Found, ...] = ()


class Look(Protocol):
    """One kind of round."""

    async def __call__(self, cursor: str) -> Piece:
        """The piece that begins at the cursor; an empty one begins the round.

        Raises: StoreFault when the store does not answer; then the same piece is looked at later.
        """
        ...


class Checked(msgspec.Struct, frozen=True):
    """One object: how large it is, or what is wrong with it."""

    size_bytes: int = 0
    found: Found | None = None


async def check(runtime: Runtime, subject: str, *, read: Callable[[], Awaitable[int]]) -> Checked:
    """What `read` says of the object: its size, or how it is damaged.

    Damage has to show again after a while: answers are damaged on their way, too.
    """
    for _ in range(OPINIONS - 1):
        with suppress(Corrupt):
            return Checked(await read())
        await runtime.sleep(OPINION_SECONDS)
    try:
        return Checked(await read())
    except Corrupt as damage:
        subject = str(damage.details.get("object", subject))
        return Checked(0, Found(subject, damage.message, damage.hint))


async def check_some(
    runtime: Runtime, objects: Sequence[tuple[str, Callable[[], Awaitable[int]]]]
) -> list[Checked]:
    """The first of the objects, checked: as many as fit into one piece.

    Shape: as long as what was checked; the rest goes into the next piece.
    """
    done: list[Checked] = []
    size_bytes = 0
    for start in range(0, min(len(objects), OBJECTS_MAX), AT_ONCE):
        chunk = objects[start : min(start + AT_ONCE, OBJECTS_MAX)]
        checked = await runtime.gather(
            check(runtime, subject, read=read) for subject, read in chunk
        )
        done += checked
        size_bytes += sum(each.size_bytes for each in checked)
        if size_bytes >= BYTES_MAX:
            break
    return done


def piece_of(checked: Sequence[Checked], *, cursor: str, also: Sequence[Found] = ()) -> Piece:
    """The piece that these objects are."""
    return Piece(
        cursor=cursor,
        objects=len(checked),
        size_bytes=sum(each.size_bytes for each in checked),
        found=(*(each.found for each in checked if each.found is not None), *also),
    )


__all__ = [
    "BYTES_MAX",
    "OBJECTS_MAX",
    "Checked",
    "Look",
    "Piece",
    "check",
    "check_some",
    "piece_of",
]
