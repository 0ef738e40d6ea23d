"""Noticing that history was rolled back: an older log stands where a newer one was.

What a process has seen itself stops its writing; what others claim (a state token, see `reading`,
or the hint) only refuses that request or is reported, because anybody can claim anything. Must not
repair.
Source: storage format, "Committing".
"""

from __future__ import annotations

from arco.engine.database import Database
from arco.engine.log import REREADS
from arco.errors import Corrupt
from arco.store.port import StoreFault

HINT = "an older copy of the store was put in its place: run `arco verify`, then restart"


async def check_history(database: Database) -> None:
    """The newest slot this process has applied still stands, as it was; else it stops writing.

    Raises: Corrupt HISTORY_LOST. Cost: 1 GET.
    """
    position = database.position
    if position.seq < 0:
        return
    for _ in range(REREADS):
        slot = await database.log.read(position.seq)
        if slot is not None and slot.hash == position.hash:
            return
    what = "is gone" if slot is None else "is another one"
    lost = Corrupt(
        "HISTORY_LOST", f"log slot {position.seq} {what}, and this process has seen it", hint=HINT
    )
    database.failed = StoreFault(lost.message, fatal=True, hint=HINT)
    raise lost


__all__ = ["check_history"]
