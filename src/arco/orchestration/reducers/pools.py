"""How pools get and lose their size.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not know who waits.
"""

from __future__ import annotations

from collections.abc import Iterable

from arco.model import Change, Put, State
from arco.orchestration.pools import POOLS, Pool, PoolSized


def pool_sized(state: State, event: PoolSized) -> Iterable[Change]:
    """The pool has this size; what is out already stays out."""
    before = state.get(POOLS, event.name)
    if event.version != (before.version if before else 0) + 1:
        return []
    row = Pool(
        name=event.name,
        slots=event.slots,
        version=event.version,
        sized_at=event.sized_at,
        actor=event.actor,
    )
    return [Put(POOLS, row)]


__all__ = ["pool_sized"]
