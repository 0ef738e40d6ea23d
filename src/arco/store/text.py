"""Text that stands in a store: decoded, or said to be damaged.

Law: whatever is wrong with the bytes (not UTF-8, no JSON, other fields, nested without end), it is
one error, and it names what cannot be read. Must not know what the text means.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from arco.errors import ArcoError, Corrupt

T = TypeVar("T")


def decoded(
    data: bytes | memoryview | msgspec.Raw,
    decode: Callable[..., T],
    *,
    damaged: Callable[[str], ArcoError],
) -> T:
    """What `decode` makes of the data.

    Raises: what `damaged` makes of the reason why it cannot.
    """
    try:
        return decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(str(error)) from error


def decoded_object(data: bytes, kind: type[T], *, name: str) -> T:
    """The object under this name.

    Raises: Corrupt TEXT_UNREADABLE, which names it.
    """
    decode = msgspec.json.Decoder(kind).decode
    return decoded(data, decode, damaged=partial(text_unreadable, name))


def text_unreadable(name: str, reason: str) -> Corrupt:
    """The error for an object whose bytes are not what anybody wrote."""
    return Corrupt(
        "TEXT_UNREADABLE",
        f"{name} cannot be read: {reason}",
        hint="run `arco verify`, then restore that object from a backup",
        object=name,
        reason=reason,
    )


__all__ = ["decoded", "decoded_object", "text_unreadable"]
