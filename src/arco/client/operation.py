"""What an operation of the API is: its name, method, path and answer.

Law: each is repeated without harm: it only reads, or its request carries a key, or what it sends
counts once by itself. Must not know how anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")
PREFIX = "/api/v1"
Repetition: TypeAlias = Literal["reads", "by_key", "by_content"]
"""Why asking again does no harm."""
NOTHING_ELSE: Mapping[int, Any] = {}


class Operation(msgspec.Struct, Generic[T], frozen=True):
    """One thing that can be asked."""

    name: str
    method: str
    path: str
    """With `{names}` for what `Asked.place` fills in."""
    answer: type[T]
    repetition: Repetition = "reads"
    others: Mapping[int, Any] = NOTHING_ELSE
    """Status -> what is told then instead."""

    def told(self, status: int) -> Any:
        """What an answer of this status holds."""
        return self.others.get(status, self.answer)


__all__ = ["PREFIX", "Operation", "Repetition"]
