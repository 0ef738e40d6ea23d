"""A past state: the rows at one slot, from a snapshot that is kept and the log after it.

Law F6: any kept snapshot at or before the slot gives the same rows, and so does the log alone.
"""

from __future__ import annotations

from functools import partial

from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.history import Answer, Question, Replay, answer, bootstrap
from arco.engine.tables import Tables


class Past:
    """All tables at one slot; rows are read when they are asked for."""

    def __init__(self, replay: Replay, tables: Tables) -> None:
        self._replay = replay
        self._tables = tables

    async def asked(self, question: Question[Answer]) -> Answer:
        """The answer of `question`, asked until everything it needs is in memory.

        Raises: Corrupt when a snapshot file is gone or damaged.
        """
        load = partial(self._replay.load, self._tables)
        return await answer(question, self._tables, load=load)


async def read_past(
    database: Database, slot: int, *, snapshot: SnapshotReference | None = None
) -> Past:
    """The state at `slot`, which stands; `snapshot` is where folding begins, or slot 0.

    Cost: one index, one GET a slot between the snapshot and `slot`, and the files that are asked
    for.
    """
    assert slot <= database.seq and (snapshot is None or snapshot.slot <= slot)
    replay = Replay(database.store, database.runtime, database.registry)
    tables = Tables(
        database.registry.tables.values(), sizes=database.sizes, cache=database.tables.cache
    )
    start = await bootstrap(replay, tables, reference=snapshot)
    await replay.fold_onto(tables, after=start.seq if start else -1, until=slot)
    return Past(replay, tables)


__all__ = ["Past", "read_past"]
