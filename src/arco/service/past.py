"""Moments as people name them, slots and times, and the state that stood there.

An empty moment is the present. Must not know who asks or how the answer is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from arco.engine.past import Past, state_at
from arco.engine.travel import slot_at
from arco.errors import Invalid
from arco.model import State
from arco.service.workspace import Workspace

Answer = TypeVar("Answer")

AGO = re.compile(r"(\d+)\s*([smhdw])(?:\s+ago)?\Z")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


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


def time_of(text: str, now: datetime) -> datetime:
    """The time that a text names: ISO 8601, UTC unless it says otherwise, or how long ago.

    Raises: Invalid MOMENT_INVALID.

    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> time_of("2h ago", noon).isoformat(), time_of("2026-02-28", noon).isoformat()
    ('2026-03-01T10:00:00+00:00', '2026-02-28T00:00:00+00:00')
    """
    ago = AGO.match(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "MOMENT_INVALID",
            f"{text!r} names no moment",
            hint="write a slot (120), a time (2026-03-01T12:30, UTC unless it says otherwise) "
            "or how long ago (90m, 2h, 3d)",
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


__all__ = ["Standing", "past_at", "slot_of", "standing_at", "time_of"]
