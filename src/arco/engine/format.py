"""`FORMAT.json`: what a process must understand to read the scope.

Law: it is looked at before anything else is believed, and every byte of it counts. Must not know
what a format brings with it.
Source: storage format, "Names".
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from arco.engine.lanes.slots import Slots
from arco.errors import ArcoError, Corrupt, Unavailable
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store, StoreFault
from arco.store.text import decoded

VERSION = 1
"""The newest format that this release reads, and the one it writes."""


class Format(msgspec.Struct, frozen=True):
    """What the object says."""

    format: int
    features: tuple[str, ...]
    """What a reader must know besides; this release knows none."""


WRITTEN = msgspec.json.encode(Format(VERSION, ()))
"""What this release writes."""
_FORMAT = msgspec.json.Decoder(Format)


async def write_format(store: Store, runtime: Runtime) -> None:
    """The format of a scope that begins stands, whoever wrote it. Cost: 1 PUT.

    Raises: what `check_format` raises of one that stood there before.
    """
    if not await store.create(keys.FORMAT, WRITTEN):
        await check_format(store, runtime)


async def check_format(store: Store, runtime: Runtime) -> None:
    """Nothing, when this release may read the scope.

    Raises: Corrupt FORMAT_UNREADABLE when it is gone or not as it was written; Unavailable
    FORMAT_UNKNOWN for that of a newer release. Cost: 1 GET.
    """
    if await Slots(store, runtime).read(keys.FORMAT, decode=_checked) is None:
        raise _unreadable("it is gone")


async def is_written(store: Store) -> bool:
    """True when what this release writes was read; anything else is for `check_format` to judge.

    Never raises. Cost: 1 GET.
    """
    with suppress(ArcoError, StoreFault):
        return await store.get(keys.FORMAT) == WRITTEN
    return False


async def standing_format(store: Store, runtime: Runtime) -> int:
    """How large the format is, which stands as it did when this process began. Cost: 1 GET.

    Raises: Corrupt FORMAT_UNREADABLE.
    """
    data = await Slots(store, runtime).read(keys.FORMAT, decode=bytes)
    if data != WRITTEN:
        raise _unreadable("it is gone" if data is None else "it is not what was written")
    return len(data)


def _checked(data: bytes) -> Format:
    found = decoded(data, _FORMAT.decode, damaged=_unreadable)
    if found.format > VERSION or found.features:
        needs = "".join(f", {feature}" for feature in found.features)
        raise Unavailable(
            "FORMAT_UNKNOWN",
            f"{keys.FORMAT} says format {found.format}{needs}; this release reads {VERSION}",
            hint="upgrade Arco; if no newer release was ever here, that object is damaged and "
            f"should hold {WRITTEN.decode()}",
        )
    if data != WRITTEN:
        raise _unreadable("it is not what was written")
    return found


def _unreadable(reason: str) -> Corrupt:
    return Corrupt(
        "FORMAT_UNREADABLE",
        f"{keys.FORMAT}, which says how to read the workspace, cannot be used: {reason}",
        hint=f"restore it from a backup; for this release it holds {WRITTEN.decode()}",
        object=keys.FORMAT,
    )


__all__ = [
    "VERSION",
    "WRITTEN",
    "Format",
    "check_format",
    "is_written",
    "standing_format",
    "write_format",
]
