"""Who would lead, and how it learns that nobody does.

A lock answers at once. Where the store has none, a leader that neither moves its beacon nor commits
for the length of a lease, on our own monotonic clock, is taken to be gone. A leader that only slept
finds the newer epoch in the log; must not know what leading means.
"""

from __future__ import annotations

from arco.engine import domain
from arco.engine.database import Database
from arco.engine.domain import LEADER, LEASES
from arco.service.leases import Lease, read_beacon, take_lease, take_vacant_lease
from arco.service.workspace import Workspace
from arco.store import keys

LOOKS_PER_LEASE = 16


class Candidate:
    """A process that leads as soon as nobody else does."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._sign: tuple[int, int, int] | None = None
        self._moved_at = 0.0
        self._looked_at: float | None = None
        self._commit_seq = -1
        self.sees_leader = False
        """True once another process was seen to lead since we watch."""

    async def take(self, address: str) -> Lease | None:
        """The lease, or None while another process leads or may lead. Never waits."""
        if self._workspace.store.has_locks:
            lease = await take_lease(self._workspace, address)
            self.sees_leader = lease is None
            return lease
        after = await self.vacant_after()
        if after is None:
            return None
        lease = await take_vacant_lease(self._workspace, address, after=after)
        self.sees_leader = lease is None
        return lease

    async def vacant_after(self) -> int | None:
        """The epoch whose leader is known to be gone (0: nobody ever led); None otherwise.

        Cost: now and then a refresh, one GET, and one more after a commit; mostly nothing.
        """
        now = self._runtime.monotonic()
        lease_seconds = self._workspace.settings.lease_seconds
        if self._looked_at is not None and now < self._looked_at + lease_seconds / LOOKS_PER_LEASE:
            return None
        self._looked_at = now
        await self._database.refresh()
        row = await self._database.asked(lambda state: state.get(LEASES, LEADER))
        if row is None:
            return 0
        return row.epoch if await self._is_gone(row, now, silence=lease_seconds) else None

    async def _is_gone(self, row: domain.Lease, now: float, *, silence: float) -> bool:
        """`now` was read before the signs are: a pause in between never makes silence of life."""
        beacon = await read_beacon(self._workspace)
        ours = beacon is not None and beacon.epoch == row.epoch
        if beacon is not None and ours and beacon.ended:
            return True
        beat = beacon.beat if beacon is not None and ours else -1
        sign = (row.epoch, beat, await self._newest_commit_of(row.writer))
        if sign != self._sign:
            self.sees_leader = self._sign is not None
            self._sign = sign
            self._moved_at = self._runtime.monotonic()
            return False
        if now < self._moved_at + silence:
            return False
        self.sees_leader = False
        return True

    async def _newest_commit_of(self, writer: str) -> int:
        """The newest slot that we saw this process write."""
        seq = self._database.seq
        if seq > self._commit_seq:
            slot = await self._database.log.read(seq)
            if slot is not None and slot.commit.writer == writer:
                self._commit_seq = seq
        return self._commit_seq


def may_lead(database: Database) -> bool:
    """False for good once this process may not write: its store is not to be trusted, or a later
    release wrote what this one does not know.
    """
    return database.failed is None and database.unknown is None


async def is_led(workspace: Workspace) -> bool:
    """True while some process leads. Cost: without locks up to the length of a lease."""
    if workspace.store.has_locks:
        lock = await workspace.store.try_lock(keys.LOCK)
        if lock is not None:
            lock.release()
        return lock is None
    candidate = Candidate(workspace)
    while not candidate.sees_leader:
        if await candidate.vacant_after() is not None:
            return False
        await workspace.runtime.sleep(workspace.settings.lease_seconds / LOOKS_PER_LEASE)
    return True


__all__ = ["Candidate", "is_led", "may_lead"]
