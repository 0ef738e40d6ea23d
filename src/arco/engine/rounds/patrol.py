"""The patrol: reads everything that is stored, a bounded piece at a time, and says what is damaged.

Anybody may patrol: an advance names the cursor it goes on from, so two that race waste work and
nothing else. Must not know any business word.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from arco.engine.database import Database
from arco.engine.rounds.lane_pieces import LanePieces
from arco.engine.rounds.log_pieces import LogPieces
from arco.engine.rounds.pieces import Look, Piece
from arco.engine.rounds.snapshot_pieces import SnapshotPieces
from arco.engine.rounds.stray_pieces import StrayPieces
from arco.engine.rounds.tables import DAMAGES_MAX, ROUNDS, Round, RoundAdvanced
from arco.model import Event, State

STRAYS = "strays"
STRAYS_EVERY = timedelta(hours=1)
CLOCK_LEAD_MAX = timedelta(minutes=5)
LOG = logging.getLogger(__name__)


class Patrol:
    """Goes round the store for one process; how far it came stands in the state."""

    def __init__(self, database: Database, *, every: timedelta) -> None:
        self._database = database
        self._every = every
        self._looks: Mapping[str, Look] = {
            "log": LogPieces(database),
            "snapshots": SnapshotPieces(database),
            "lanes": LanePieces(database),
            STRAYS: StrayPieces(database),
        }

    async def step(self) -> bool:
        """True when a piece was looked at, False when no round is due.

        Raises: StoreFault, Unavailable. Cost: reads at most 256 objects, about 16 MiB; 1 PUT.
        """
        database = self._database
        await database.refresh()
        due = partial(self._due, now=database.runtime.now())
        name = await database.asked(due)
        if name is None:
            return False
        before = await database.asked(lambda state: state.get(ROUNDS, name))
        piece = await self._looks[name](before.cursor if before else "")
        self._tell(piece)
        await database.transact(partial(_advance, name=name, before=before, piece=piece))
        return True

    def _due(self, state: State, *, now: datetime) -> str | None:
        """The first round that is under way or due."""
        for name in self._looks:
            row = state.get(ROUNDS, name)
            every = min(self._every, STRAYS_EVERY) if name == STRAYS else self._every
            if row is None or row.cursor:
                return name
            if not now - every < row.began_at <= now + CLOCK_LEAD_MAX:
                return name
        return None

    def _tell(self, piece: Piece) -> None:
        for found in piece.found:
            level = logging.WARNING if found.is_mended else logging.ERROR
            LOG.log(level, "%s: %s", found.subject, found.problem)


def _advance(
    state: State, now: datetime, *, name: str, before: Round | None, piece: Piece
) -> list[Event]:
    if state.get(ROUNDS, name) != before:
        # Somebody else looked at this piece meanwhile.
        return []
    under_way = before if before is not None and before.cursor else None
    room = DAMAGES_MAX - (under_way.damages if under_way else 0)
    advanced = RoundAdvanced(
        name=name,
        number=(before.number if before else 0) + (0 if under_way else 1),
        cursor_from=under_way.cursor if under_way else "",
        cursor=piece.cursor,
        objects=piece.objects,
        size_bytes=piece.size_bytes,
        moved_at=now,
        damages=len(piece.found),
        found=piece.found[: max(0, room)],
    )
    return [Event(advanced)]


__all__ = ["Patrol"]
