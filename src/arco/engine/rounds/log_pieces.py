"""A round over the log: the format stands, every slot is there, says what it always said, and
follows the one before.

Laws L5 and L6. The round ends where the log ended when it began. Must not know any event.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from arco.engine.commit import GENESIS_PREV
from arco.engine.database import Database
from arco.engine.format import standing_format
from arco.engine.log import Slot
from arco.engine.rounds.pieces import OBJECTS_MAX, Checked, Piece, check, check_some, piece_of
from arco.engine.rounds.tables import Found
from arco.errors import Corrupt
from arco.store import keys

MISSING = "it is missing"
RESTORE = "bring it back from a backup; until then no process can start from the log"


class LogPieces:
    """`Look` for the log. The cursor is `SLOT/LAST`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, cursor: str) -> Piece:
        first, last = map(int, cursor.split("/")) if cursor else (0, self._database.seq)
        read: dict[int, Slot] = {}
        numbers = range(first, min(last + 1, first + OBJECTS_MAX))
        if first:
            await self._before(first - 1, read)
        format = [] if first else [await self._format()]
        checked = await check_some(
            self._database.runtime, [(keys.slot(seq), self._reader(seq, read)) for seq in numbers]
        )
        following = first + len(checked)
        broken = [_broken(seq) for seq in range(first, following) if not _is_linked(seq, read)]
        cursor = f"{following}/{last}" if following <= last else ""
        return piece_of([*format, *checked], cursor=cursor, also=broken)

    async def _format(self) -> Checked:
        store, runtime = self._database.store, self._database.runtime
        return await check(runtime, keys.FORMAT, read=partial(standing_format, store, runtime))

    async def _before(self, seq: int, read: dict[int, Slot]) -> None:
        try:
            slot = await self._database.log.read(seq)
        except Corrupt:
            # The piece that it belongs to said so.
            return
        if slot is not None:
            read[seq] = slot

    def _reader(self, seq: int, read: dict[int, Slot]) -> Callable[[], Awaitable[int]]:
        async def size() -> int:
            slot = await self._database.log.read(seq)
            if slot is None:
                raise Corrupt("SLOT_MISSING", MISSING, hint=RESTORE)
            read[seq] = slot
            return slot.size_bytes + await self._payload(slot)

        return size

    async def _payload(self, slot: Slot) -> int:
        reference = slot.commit.events_payload
        if reference is None:
            return 0
        return len(await self._database.replay.reader.checked(reference.name, reference.sha256))


def _is_linked(seq: int, read: dict[int, Slot]) -> bool:
    """False when both slots can be read, and the second does not follow the first."""
    slot, before = read.get(seq), read.get(seq - 1)
    if slot is None or (before is None and seq > 0):
        return True
    return slot.commit.prev == (before.hash if before else GENESIS_PREV)


def _broken(seq: int) -> Found:
    problem = "it does not follow the slot before it: one of them was written again"
    return Found(keys.slot(seq), problem, RESTORE)


__all__ = ["LogPieces"]
