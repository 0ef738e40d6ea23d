"""Identifiers: ULID for what happens, UUIDv7 for what exists, hashes for what is derived.

Ids never order anything. Chance and time are arguments, so the simulator repeats them.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from arco.runtime import Runtime

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def ulid(unix_ms: int, entropy: int) -> str:
    """A ULID: 26 upper-case Crockford characters of 48 time bits and 80 random bits.

    >>> ulid(0, 0)
    '00000000000000000000000000'
    """
    value = (unix_ms << 80) | (entropy & ((1 << 80) - 1))
    return "".join(CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def uuid7(unix_ms: int, entropy: int) -> str:
    """A UUIDv7 (RFC 9562), lower-case hyphenated.

    >>> uuid7(0, 0)
    '00000000-0000-7000-8000-000000000000'
    """
    random = entropy & ((1 << 74) - 1)
    value = (
        (unix_ms << 80)
        | (7 << 76)
        | ((random >> 62) << 64)
        | (2 << 62)
        | (random & ((1 << 62) - 1))
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derived_uuid(name: str) -> str:
    """The same UUID for the same name, always (version 8 of RFC 9562: a hash of our choice).

    >>> derived_uuid("arco")
    '9a160ff9-8d5e-8af1-846b-9925e5646cd8'
    """
    digest = sha256(name.encode())
    variant = "89ab"[int(digest[15], 16) % 4]
    parts = (digest[:8], digest[8:12], f"8{digest[12:15]}", f"{variant}{digest[16:19]}")
    return "-".join((*parts, digest[19:31]))


def new_ulid(runtime: Runtime) -> str:
    """A fresh ULID from the runtime's clock and chance."""
    return ulid(milliseconds(runtime.now()), runtime.entropy(80))


def new_uuid7(runtime: Runtime) -> str:
    """A fresh UUIDv7 from the runtime's clock and chance."""
    return uuid7(milliseconds(runtime.now()), runtime.entropy(74))


def is_uuid(text: str) -> bool:
    """True for the lower-case hyphenated spelling of a UUID.

    >>> is_uuid(uuid7(0, 0)), is_uuid("main.sales")
    (True, False)
    """
    return UUID.match(text) is not None


def sha256(data: bytes, *more: bytes | memoryview) -> str:
    """Lower-case hex of the sha256 of the data, or of several pieces one after the other."""
    digest = hashlib.sha256(data)
    for part in more:
        digest.update(part)
    return digest.hexdigest()


def dispatch_id(run: str, task: str, attempt: int) -> str:
    """`dispatch:{run}:{task}:{attempt}`: one name per attempt, so the second is refused."""
    return f"dispatch:{run}:{task}:{attempt}"


def attempt_id(dispatch: str) -> str:
    """`att_` and the first 24 hex of sha256(`attempt:` + dispatch id)."""
    return "att_" + sha256(f"attempt:{dispatch}".encode())[:24]


def partition_id(asset_id: str, partition_key: str) -> str:
    """`part_` and the first 32 hex of sha256(`{asset_id}:{partition_key}`)."""
    return "part_" + sha256(f"{asset_id}:{partition_key}".encode())[:32]


__all__ = [
    "CROCKFORD",
    "attempt_id",
    "derived_uuid",
    "dispatch_id",
    "is_uuid",
    "milliseconds",
    "new_ulid",
    "new_uuid7",
    "partition_id",
    "sha256",
    "ulid",
    "uuid7",
]
