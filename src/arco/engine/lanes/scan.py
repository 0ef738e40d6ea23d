"""Looking for lanes that nobody announced: one shelf of names a step, with a cursor.

A repair, never a way to be correct: a lane is registered before it is written. Law L8: it runs
beside requests, and lists at most a thirty-second part of all lanes at a time. Must not know what
any fact means.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from arco.engine.database import Database
from arco.engine.lanes.lane import known_roster
from arco.engine.lanes.roster import Registration, Roster
from arco.engine.lanes.tables import LANES
from arco.ids import CROCKFORD
from arco.model import State
from arco.store import keys

ANNOUNCED_MAX = 16
LOG = logging.getLogger(__name__)


class Scan:
    """Remembers which shelf comes next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.cursor = 0

    async def step(self) -> list[str]:
        """The lanes of the next shelf that were not on the roster; they are now.

        Cost: 1 LIST of the shelf; 1 PUT for each lane found, at most 16 a step.
        """
        shelf = CROCKFORD[self.cursor % len(CROCKFORD)]
        self.cursor = (self.cursor + 1) % len(CROCKFORD)
        database = self._database
        entries = await database.store.list(keys.lane_shelf(shelf))
        lanes = sorted({entry.key.split("/")[2] for entry in entries})
        roster = Roster(database.store, database.runtime)
        start = await database.asked(known_roster)
        announced = {each.lane for each in await roster.after(start)}
        unknown = await database.asked(lambda state: _unknown(state, lanes))
        forgotten = [lane for lane in unknown if lane not in announced][:ANNOUNCED_MAX]
        for lane in forgotten:
            LOG.warning("lane %s was not on the roster", lane)
            registration = Registration(
                lane=lane, writer=database.writer, opened_at=database.runtime.now()
            )
            await roster.register(registration, start=start)
        return forgotten


def _unknown(state: State, lanes: Sequence[str]) -> list[str]:
    return [lane for lane in lanes if state.get(LANES, lane) is None]


__all__ = ["Scan"]
