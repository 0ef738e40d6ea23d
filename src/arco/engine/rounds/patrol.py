"""The patrol: reads everything that is stored, a bounded piece at a time, and says what is damaged.

Anybody may patrol: an advance names the cursor it goes on from, so two that race waste work and
nothing else. Must not know any business word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from arco.engine.database import Database
from arco.engine.rounds.lane_pieces import LanePieces
from arco.engine.rounds.log_pieces import LogPieces
from arco.engine.rounds.pieces import Look, Piece
from arco.engine.rounds.snapshot_pieces import SnapshotPieces
from arco.engine.rounds.stray_pieces import StrayPieces
from arco.engine.rounds.tables import DAMAGES_MAX, ROUNDS, Round, RoundAdvanced
from arco.errors import ArcoError
from arco.model import Event, State

STRAYS = "strays"
STRAYS_EVERY = timedelta(hours=1)
CHECK_SECONDS = 60.0
"""So often is looked whether a round is due."""
PIECE_SECONDS = 1.0
REST = 9
"""So many times as long as a piece took is rested before the next one."""
CLOCK_LEAD_MAX = timedelta(minutes=5)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LOG = logging.getLogger(__name__)


class Patrol:
    """Goes round the store for one process; how far it came stands in the state."""

    def __init__(self, database: Database, *, every: timedelta) -> None:
        self._database = database
        self._runtime = database.runtime
        self._every = every
        self._looks: Mapping[str, Look] = {
            "log": LogPieces(database),
            "snapshots": SnapshotPieces(database),
            "lanes": LanePieces(database),
            STRAYS: StrayPieces(database),
        }

    async def run(self, may_act: Callable[[], bool]) -> None:
        """Go round for ever, with a tenth of a core at most; `may_act` says that it is our turn."""
        pause = CHECK_SECONDS
        while True:
            await self._runtime.sleep(pause)
            began = self._runtime.monotonic()
            looked = await self._try_step() if may_act() else False
            took = self._runtime.monotonic() - began
            pause = max(PIECE_SECONDS, REST * took) if looked else CHECK_SECONDS

    async def _try_step(self) -> bool:
        try:
            return await self.step()
        except ArcoError as error:
            LOG.warning("what is stored was not checked: %s", error)
        except Exception:
            LOG.exception("what is stored was not checked")
        return False

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
        """The round that waits longest of those that are under way or due."""
        waiting = {name: state.get(ROUNDS, name) for name in self._looks}
        due = [name for name, row in waiting.items() if self._is_due(name, row, now=now)]
        order = {name: _order(row, now) for name, row in waiting.items()}
        return min(due, key=lambda name: order[name], default=None)

    def _is_due(self, name: str, row: Round | None, *, now: datetime) -> bool:
        every = min(self._every, STRAYS_EVERY) if name == STRAYS else self._every
        if row is None or row.cursor:
            return True
        return not now - every < row.began_at <= now + CLOCK_LEAD_MAX

    def _tell(self, piece: Piece) -> None:
        for found in piece.found:
            level = logging.WARNING if found.is_mended else logging.ERROR
            LOG.log(level, "%s: %s", found.subject, found.problem)


def _order(row: Round | None, now: datetime) -> tuple[datetime, int]:
    """When its turn comes, against others; one that a wrong clock began has waited longest."""
    if row is None:
        return EARLIEST, 0
    return (EARLIEST if row.began_at > now + CLOCK_LEAD_MAX else row.began_at), row.number


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
