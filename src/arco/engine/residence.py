"""Residence: when rows that stand in snapshot files leave memory.

Rows that were changed lately stay, however many snapshots were published since: only what stands
in a snapshot of some time ago is left to its files. Law L4: that is one step on the loop, and the
state is that of the same slot before and after it.
"""

from __future__ import annotations

import logging
from collections import deque

from arco.engine.commit import SnapshotReference
from arco.engine.domain import Snapshot
from arco.engine.history import Replay
from arco.engine.tables import Tables
from arco.errors import ArcoError
from arco.runtime import Runtime

SNAPSHOTS_MAX = 256
LOG = logging.getLogger(__name__)


class Residence:
    """The snapshots that were seen, and how much had been written by then."""

    def __init__(self, tables: Tables, replay: Replay, *, runtime: Runtime) -> None:
        self._tables = tables
        self._replay = replay
        self._runtime = runtime
        self._seen: deque[tuple[SnapshotReference, int]] = deque(maxlen=SNAPSHOTS_MAX)
        self._left = 0

    def published(self, row: Snapshot) -> None:
        """A snapshot was published; rows may leave memory soon."""
        reference = SnapshotReference(row.slot, row.index, row.sha256)
        self._tables.forget_changes(reference.slot)
        self._seen.append((reference, self._tables.written))
        due = self._due(self._tables.written)
        if due is not None:
            self._runtime.spawn(self._leave_to(due), "arco-residence")

    def _due(self, written: int) -> SnapshotReference | None:
        """The snapshot to stand on from now on: it leaves the newest changes in memory, and not
        many more; None while there are few.
        """
        hot = self._tables.sizes.hot_changes
        if written - self._left <= 2 * hot:
            return None
        fresh = [pair for pair in self._seen if pair[1] > self._left]
        cool = [pair for pair in fresh if written - pair[1] >= hot]
        chosen = cool[-1] if cool else None
        if fresh and written - (chosen[1] if chosen else self._left) > 4 * hot:
            chosen = fresh[-1]
        if chosen is None:
            return None
        self._left = chosen[1]
        return chosen[0]

    async def _leave_to(self, reference: SnapshotReference) -> None:
        try:
            index = await self._replay.reader.index(reference)
        except ArcoError as error:
            LOG.warning("rows stay in memory: %s", error)
            return
        standing = self._replay.index
        # While a snapshot is damaged the rows in memory are what the next one is built from.
        if self._replay.damage is None and (standing is None or standing.slot < index.slot):
            self._tables.stand_on(index)
            self._replay.index = index


__all__ = ["Residence"]
