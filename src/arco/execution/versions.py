"""Versions of values that are not kept. Must not know attempts, or how tables are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from arco.ids import sha256

VERSION_CHARACTERS_MAX = 200


def version_of(value: Any, fingerprint: Callable[[object], str]) -> str:
    """What identifies a value that is not kept; "" for None: then the attempt itself does.

    Equal values have equal versions: what is below an asset whose value stays is not stale.
    `fingerprint`: the version of what is a table.

    >>> version_of(7, repr), version_of(None, repr)
    ('value:7', '')
    """
    if value is None:
        return ""
    if isinstance(value, str | int) and len(str(value)) <= VERSION_CHARACTERS_MAX:
        return f"value:{value}"
    try:
        return f"json:{sha256(msgspec.json.encode(value, order='sorted'))[:32]}"
    except TypeError:
        return fingerprint(value)


__all__ = ["version_of"]
