"""Moments as people name them, slots and times, and the state that stood there.

An empty moment is the present. Must not know who asks or how the answer is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from arco.engine.past import Past, state_at
from arco.engine.travel import slot_at
from arco.model import State
from arco.service.moments import time_of
from arco.service.workspace import Workspace

Answer = TypeVar("Answer")


class Standing(Protocol):
    """A state that answers questions: the present one, or one of the past."""

    @property
    def seq(self) -> int:
        """The slot it stands at."""
        ...

    async def asked(self, question: Callable[[State], Answer]) -> Answer:
        """The answer of `question`, asked until every row it needs is in memory."""
        ...


async def standing_at(workspace: Workspace, moment: str) -> Standing:
    """The state at a moment; the newest one for an empty moment.

    Raises: what `past_at` raises.
    """
    return await past_at(workspace, moment) if moment else workspace.database


async def past_at(workspace: Workspace, moment: str) -> Past:
    """The state at a moment. Cost: `slot_at` for a time, then `state_at`.

    Raises: Invalid MOMENT_INVALID; NotFound SLOT_NOT_FOUND.
    """
    return await state_at(workspace.database, await slot_of(workspace, moment))


async def slot_of(workspace: Workspace, moment: str) -> int:
    """The slot a moment means: a slot's number as it is, for a time the newest slot by then.

    Raises: Invalid MOMENT_INVALID; NotFound SLOT_NOT_FOUND.
    """
    if moment.isdecimal():
        return int(moment)
    return await slot_at(workspace.database, time_of(moment, workspace.runtime.now()))


__all__ = ["Standing", "past_at", "slot_of", "standing_at"]
