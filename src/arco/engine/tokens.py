"""State tokens: which slot a reader must see, and which history that slot belongs to.

A token is input and may be forged: it makes this process look and refuse, never stop.
Source: storage format, "Committing".
"""

from __future__ import annotations

import re
from collections import deque

import msgspec

from arco.errors import Invalid, Precondition

SHAPE = re.compile(r"(0|[1-9][0-9]{0,18})\.([0-9a-f]{64})\Z")
REMEMBERED_SLOTS = 4096


class StateToken(msgspec.Struct, frozen=True):
    """A slot and the hash of its bytes."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}.{self.hash}"


def parse_token(text: str) -> StateToken:
    """The token that is written so.

    Raises: Invalid STATE_TOKEN_INVALID.

    >>> str(parse_token("7." + "0" * 64)) == "7." + "0" * 64
    True
    """
    found = SHAPE.match(text)
    if found is None:
        raise Invalid(
            "STATE_TOKEN_INVALID",
            "the state token is not one that this API gave",
            hint="send what an answer carried in `Arco-State`, as it stands",
        )
    return StateToken(int(found[1]), found[2])


class Trail:
    """The hashes of the newest slots that this process has applied."""

    def __init__(self) -> None:
        self._hashes: deque[str] = deque(maxlen=REMEMBERED_SLOTS)
        self.newest = -1

    def add(self, seq: int, hash: str) -> None:
        """Slot `seq` was applied."""
        if seq != self.newest + 1:
            self._hashes.clear()
        self._hashes.append(hash)
        self.newest = seq

    def hash_at(self, seq: int) -> str | None:
        """The hash of the slot, or None when it is not remembered."""
        back = self.newest - seq
        return self._hashes[-1 - back] if 0 <= back < len(self._hashes) else None


def history_rollback(token: StateToken, *, seq: int) -> Precondition:
    """The error for a token that this history does not hold."""
    what = "ends before it" if token.seq > seq else "holds another commit there"
    return Precondition(
        "HISTORY_ROLLBACK",
        f"the state token names slot {token.seq}, and the history {what}",
        hint="an acknowledged write may be lost: stop writing, run `arco verify`, and look whether "
        "an old backup was restored; without the token the present state is answered",
        slot=token.seq,
        newest=seq,
    )


__all__ = ["REMEMBERED_SLOTS", "StateToken", "Trail", "history_rollback", "parse_token"]
