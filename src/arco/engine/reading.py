"""How fresh a read is: as new as anything acknowledged, as a token asks, or nearly.

Law L2 for readers: what a token names is seen, or said to be lost. Must not know what is read.
Source: storage format, "Finding the head".
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from arco.engine.log import Log
from arco.engine.probing import Prober
from arco.engine.tokens import StateToken, Trail, history_rollback
from arco.runtime import Runtime

LOG = logging.getLogger(__name__)


class Reads:
    """Brings a process as far as a read needs it, with as few requests as that takes."""

    def __init__(
        self, runtime: Runtime, log: Log, *, catch_up: Callable[[], Awaitable[object]]
    ) -> None:
        self._prober = Prober(runtime, catch_up)
        self._log = log
        self.trail = Trail()
        self.rollback: StateToken | None = None
        """The last token that this history does not hold: a lost write, or a forgery."""

    async def newest(self) -> None:
        """Whatever was acknowledged before this call is applied.

        Cost: 1 GET when nothing is new, shared by all who ask at the same time.
        """
        await self._prober.look()

    async def recent(self, seconds: float) -> None:
        """Whatever was acknowledged before so long ago is applied.

        Cost: nothing when somebody looked since.
        """
        await self._prober.look_unless_recent(seconds)

    async def reach(self, token: StateToken) -> None:
        """The token's slot is applied.

        Raises: Precondition HISTORY_ROLLBACK when this history does not hold it.
        Cost: nothing when it was applied lately, 1 GET when it is ahead or long past.
        """
        if token.seq > self.trail.newest:
            await self._prober.look()
        if await self._held(token.seq) == token.hash:
            return
        self.rollback = token
        LOG.error("this history does not hold slot %s of a state token", token.seq)
        raise history_rollback(token, seq=self.trail.newest)

    async def _held(self, seq: int) -> str | None:
        known = self.trail.hash_at(seq)
        if known is None and seq <= self.trail.newest:
            slot = await self._log.read(seq)
            return slot.hash if slot else None
        return known


__all__ = ["Reads"]
