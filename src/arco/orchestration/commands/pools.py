"""Commands about pools: give one a size, take it back.

A command returns a decision; deciding twice is harmless. Must not know who waits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from arco.errors import Invalid, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.pools import POOLS, PoolSized

POOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
SLOTS_MAX = 100_000


def size_pool(name: str, slots: int, *, actor: str = "") -> Decision:
    """PoolSized; nothing when it has this size. Raises: Invalid POOL_INVALID."""
    return partial(_size, name=name, slots=slots, actor=actor)


def unsize_pool(name: str, *, actor: str = "") -> Decision:
    """PoolSized without a size. Raises: NotFound POOL_UNKNOWN."""
    return partial(_unsize, name=name, actor=actor)


def _size(state: State, now: datetime, *, name: str, slots: int, actor: str) -> Sequence[Event]:
    if not POOL_NAME.match(name) or not 0 <= slots <= SLOTS_MAX:
        raise Invalid(
            "POOL_INVALID",
            f"{name!r} with {slots} slots is no pool.",
            hint=f"A name is [a-z][a-z0-9_]* of at most 64 characters, a size 0 to {SLOTS_MAX:,}.",
        )
    row = state.get(POOLS, name)
    if row is not None and row.slots == slots:
        return ()
    version = row.version + 1 if row else 1
    sized = PoolSized(name=name, version=version, sized_at=now, slots=slots, actor=actor)
    return (Event(sized, actor),)


def _unsize(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = state.get(POOLS, name)
    if row is None or row.slots is None:
        raise NotFound(
            "POOL_UNKNOWN",
            f"Nobody gave a pool {name!r} a size.",
            hint="`arco pool list` lists the pools.",
        )
    sized = PoolSized(name=name, version=row.version + 1, sized_at=now, actor=actor)
    return (Event(sized, actor),)


__all__ = ["POOL_NAME", "SLOTS_MAX", "size_pool", "unsize_pool"]
