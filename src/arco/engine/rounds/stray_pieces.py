"""A round over the names below `lanes/`: what nobody announced is announced, what waits for ever is
told.

A repair, never a way to be correct: a lane is registered before it is written. Law L8: it runs
beside requests, a page of names at a time. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from arco.engine.database import Database
from arco.engine.lanes.lane import known_roster
from arco.engine.lanes.roster import Registration, Roster
from arco.engine.lanes.tables import LANES
from arco.engine.rounds.pieces import Piece
from arco.engine.rounds.tables import Found
from arco.model import State
from arco.store import keys
from arco.store.port import Entry

PAGE_NAMES = 200
PAGES_MAX = 8
WAITING = "it is missing, and later batches of its lane wait for it"
RESTORE = "restore that object from a backup: then the lane is folded on"


class StrayPieces:
    """`Look` for lanes that nobody knows. The cursor is a name: those after it come next.

    Cost: at most 8 LISTs of 200 names; 1 LIST more for each open lane among them, 1 PUT for each
    one that is announced.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, cursor: str) -> Piece:
        objects = 0
        lanes: list[str] = []
        for _ in range(PAGES_MAX):
            page = await self._page(cursor)
            objects += len(page)
            lanes += list(dict.fromkeys(_lane_of(entry) for entry in page))
            # Whatever else the last lane holds says nothing about other lanes.
            cursor = keys.lane_end(lanes[-1]) if page else ""
            if not page:
                break
        found = [*await self._announce(lanes), *await self._waiting(lanes)]
        return Piece(cursor=cursor, objects=objects, size_bytes=0, found=tuple(found))

    async def _page(self, after: str) -> list[Entry]:
        listed = await self._database.store.list(keys.LANES, after=after, limit=PAGE_NAMES)
        return [entry for entry in listed if not entry.key.startswith(keys.ROSTER)]

    async def _announce(self, lanes: Sequence[str]) -> list[Found]:
        """The lanes that were not on the roster; they are now."""
        database = self._database
        roster = Roster(database.store, database.runtime)
        await database.refresh()
        start = await database.asked(known_roster)
        announced: list[str] = []
        while batch := await roster.after(start + len(announced)):
            announced += [each.lane for each in batch]
        unknown = await database.asked(lambda state: _unknown(state, lanes))
        found = []
        for lane in unknown:
            if lane not in announced and await self._stands(lane):
                await roster.register(self._registration(lane), start=start)
                problem = "its lane was not on the roster: it is now, and is folded"
                found.append(Found(keys.lane_folder(lane), problem, is_mended=True))
        return found

    async def _stands(self, lane: str) -> bool:
        """False for a lane that was collected and forgotten: its first batch is gone. What a writer
        that came too late may have left behind it is nowhere that is read, and was sent again.
        """
        first = await self._database.store.list(keys.lane_folder(lane), limit=1)
        return [entry.key for entry in first] == [keys.lane_slot(lane, 0)]

    def _registration(self, lane: str) -> Registration:
        database = self._database
        return Registration(lane=lane, writer=database.writer, opened_at=database.runtime.now())

    async def _waiting(self, lanes: Sequence[str]) -> list[Found]:
        """The slots that open lanes wait for though later ones stand."""
        found = []
        for lane in lanes:
            following = await self._database.asked(partial(_next_of, lane=lane))
            if following is not None and await self._has_gap(lane, following):
                found.append(Found(keys.lane_slot(lane, following), WAITING, RESTORE))
        return found

    async def _has_gap(self, lane: str, following: int) -> bool:
        before = keys.lane_slot(lane, following - 1) if following else ""
        entries = await self._database.store.list(keys.lane_folder(lane), after=before, limit=1)
        if not entries or entries[0].key == keys.lane_slot(lane, following):
            return False
        # A fold and a pass of the collector may have come between.
        await self._database.refresh()
        return await self._database.asked(partial(_next_of, lane=lane)) == following


def _lane_of(entry: Entry) -> str:
    return entry.key.split("/")[2]


def _unknown(state: State, lanes: Sequence[str]) -> list[str]:
    return [lane for lane in lanes if state.get(LANES, lane) is None]


def _next_of(state: State, *, lane: str) -> int | None:
    """The slot that is folded next; None for a lane that has ended, or that nobody knows."""
    row = state.get(LANES, lane)
    return row.next_slot if row is not None and not row.is_sealed else None


__all__ = ["StrayPieces"]
