"""Opening: how a process that knows nothing comes to the newest slot, in three round trips.

What does not wait for an answer is asked together with what came before it: the hint with the
format, the slots where the log should end, the index with the slots after it. Laws L4 and L6 hold
as for any other reader. Must not know what is folded.
"""

from __future__ import annotations

from arco.engine.commit import Position, SnapshotReference
from arco.engine.format import check_format, is_written
from arco.engine.history import Replay, bootstrap
from arco.engine.log import SLOTS_AT_ONCE_MAX, Log, Slot
from arco.engine.tables import Tables
from arco.runtime import Runtime
from arco.store.port import Store


class Opening:
    """One way to the newest slot: where the log ends, where its snapshot stands, what is between.

    Cost: a hint and a format; some 20 GETs where the log ends; an index and the slots after it.
    """

    def __init__(self, store: Store, runtime: Runtime, log: Log) -> None:
        self._store = store
        self._runtime = runtime
        self._log = log
        self._seen: dict[int, bytes] = {}
        self._read: list[Slot] = []
        self.head = -1

    async def find(self) -> Slot | None:
        """The newest slot; None when there is none.

        Raises: Corrupt FORMAT_UNREADABLE or SLOT_UNREADABLE; Unavailable FORMAT_UNKNOWN.
        """
        early = self._runtime.spawn(is_written(self._store), "arco-format")
        sighting = await self._log.newest(await self._log.hint())
        self.head, self._seen = sighting.seq, sighting.seen
        is_known: bool = await early.join()
        if self.head < 0:
            return None
        if not is_known:
            await check_format(self._store, self._runtime)
        return (await self._span(self.head, self.head))[0]

    async def stand(self, newest: Slot, *, replay: Replay, tables: Tables) -> Position | None:
        """The position of the snapshot that `tables` now stand on; None when there is none to use.

        Raises: Corrupt SLOT_MISSING.
        """
        reference = newest.commit.snapshot
        if reference is None:
            return None
        after = self._runtime.spawn(self._read_ahead(reference), "arco-tail")
        try:
            return await bootstrap(replay, tables, reference=reference)
        finally:
            await after.join()

    async def following(self, seq: int) -> list[Slot]:
        """Some slots after `seq`, in order; none once the head is reached.

        Raises: Corrupt SLOT_MISSING. Cost: 1 GET for each that was not read yet, all together.
        """
        if self._read and self._read[0].commit.seq == seq + 1:
            found, self._read = self._read, []
            return found
        return await self._span(seq + 1, min(self.head, seq + SLOTS_AT_ONCE_MAX))

    async def _read_ahead(self, reference: SnapshotReference) -> None:
        self._read = await self.following(reference.slot)

    async def _span(self, first: int, last: int) -> list[Slot]:
        return await self._log.span(range(first, last + 1), seen=self._seen)


__all__ = ["Opening"]
