"""Pools of a server: how many tasks that need the same thing may run at once."""

from __future__ import annotations

from arco.client.asking import Asked, Asker
from arco.client.run_operations import SHOW_POOLS, SIZE_POOL, UNSIZE_POOL
from arco.service.pools import PoolSummary
from arco.wire.pools import PoolRequest


class Pools:
    """What limits tasks. Every change takes a `key`, a UUIDv7 by which it is idempotent."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> list[PoolSummary]:
        """Pools by name."""
        return self._asker.ask(SHOW_POOLS).pools

    def size(self, name: str, slots: int, *, key: str = "") -> PoolSummary:
        """The pool, which has this many slots from now on; 0 closes it."""
        body = PoolRequest(name=name, slots=slots)
        return self._asker.ask(SIZE_POOL, Asked(body=body, key=key))

    def unsize(self, name: str, *, key: str = "") -> bool:
        """The pool is as if nobody had sized it: it has one slot. Raises: NotFound POOL_UNKNOWN."""
        return self._asker.ask(UNSIZE_POOL, Asked(place={"name": name}, key=key)).changed


__all__ = ["Pools"]
