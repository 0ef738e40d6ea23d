"""The roster: a numbered list of lane registrations; a lane that is not on it is read by nobody.

Law L2 for facts: nothing is acknowledged before its lane's registration stands here. A lane may
stand here twice; the second registration says nothing new.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.engine.lanes.slots import Slots
from arco.errors import Corrupt
from arco.ids import sha256
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store
from arco.store.text import decoded

READ_AT_ONCE_MAX = 64
UNSIGNED = "0" * 64


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One lane that is going to be written."""

    check: str = UNSIGNED
    lane: str
    writer: str
    opened_at: datetime
    format: int = msgspec.field(default_factory=lambda: 1)


_REGISTRATION = msgspec.json.Decoder(Registration)


class Roster:
    """Appends and reads registrations."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._slots = Slots(store, runtime)
        self._store = store

    async def register(self, registration: Registration, *, start: int) -> int:
        """The number under which the lane is registered, at or after `start`.

        Raises: StoreFault when this process must stop writing. Cost: 1 PUT, and a GET for every
        registration since `start`.
        """
        data = encode_registration(registration)
        number = start
        while await self._slots.occupy(keys.roster(number), data, check=decode_registration):
            number += 1
        return number

    async def after(self, start: int) -> list[Registration]:
        """The registrations from number `start` on, at most 64, made durable before they are used.

        Raises: Corrupt, StoreFault. Cost: a GET for each and one more.
        """
        found: list[Registration] = []
        while len(found) < READ_AT_ONCE_MAX:
            key = keys.roster(start + len(found))
            registration = await self._slots.read(key, decode=decode_registration)
            if registration is None:
                break
            found.append(registration)
        if found:
            await self._store.confirm(keys.roster(start + len(found) - 1))
        return found


def encode_registration(registration: Registration) -> bytes:
    """The registration as JSON with a hash of itself."""
    unsigned = msgspec.structs.replace(registration, check=UNSIGNED)
    check = sha256(msgspec.json.encode(unsigned, order="sorted"))
    return msgspec.json.encode(msgspec.structs.replace(unsigned, check=check), order="sorted")


def decode_registration(data: bytes) -> Registration:
    """The registration these bytes are. Raises: Corrupt when nobody wrote them."""
    registration = decoded(data, _REGISTRATION.decode, damaged=_unreadable)
    if encode_registration(registration) != data:
        raise _unreadable("its bytes do not match their own hash")
    return registration


def _unreadable(reason: str) -> Corrupt:
    return Corrupt(
        "ROSTER_UNREADABLE",
        f"a registration of a lane cannot be read: {reason}",
        hint="restore the objects below `lanes/roster/` from a backup",
    )


__all__ = [
    "READ_AT_ONCE_MAX",
    "Registration",
    "Roster",
    "decode_registration",
    "encode_registration",
]
