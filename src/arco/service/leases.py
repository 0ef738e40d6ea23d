"""Leadership: who may perform effects.

Anyone may commit; effects belong to the newest epoch, which is an event. On one machine a lock
that dies with its holder says at once that a leader is gone; the lock is a shortcut, the epoch
is the authority.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.engine.domain import LEADER, LEASES, LeaseTaken
from arco.model import Event, State
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Lock


class Lease(msgspec.Struct, frozen=True, eq=False):
    """Our leadership: the epoch we act in, and the lock that frees it when we die."""

    epoch: int
    lock: Lock

    def is_current(self, state: State) -> bool:
        """True while nobody has taken a newer epoch."""
        row = state.get(LEASES, LEADER)
        return row is not None and row.epoch == self.epoch


class Beacon(msgspec.Struct, frozen=True):
    """What `lead.json` says: a hint for people and other processes, never an authority."""

    epoch: int
    writer: str
    address: str


async def take_lease(workspace: Workspace, address: str) -> Lease | None:
    """The lease, or None while another process leads."""
    lock = await workspace.store.try_lock(keys.LOCK)
    if lock is None:
        return None
    try:
        epoch = await _take_epoch(workspace, address)
        await announce(workspace, epoch, address=address)
    except BaseException:
        lock.release()
        raise
    return Lease(epoch, lock)


async def announce(workspace: Workspace, epoch: int, *, address: str) -> None:
    """Tell other processes where the leader answers."""
    beacon = Beacon(epoch, workspace.database.writer, address)
    await workspace.store.put(keys.LEAD, msgspec.json.encode(beacon))


async def read_beacon(workspace: Workspace) -> Beacon | None:
    """Where the last leader said it answers."""
    data = await workspace.store.get(keys.LEAD)
    try:
        return msgspec.json.decode(data, type=Beacon) if data else None
    except msgspec.MsgspecError:
        return None


async def _take_epoch(workspace: Workspace, address: str) -> int:
    writer = workspace.database.writer

    def decide(state: State, now: datetime) -> list[Event]:
        row = state.get(LEASES, LEADER)
        epoch = row.epoch + 1 if row else 1
        taken = LeaseTaken(epoch=epoch, writer=writer, address=address, taken_at=now)
        return [Event(taken)]

    receipt = await workspace.database.transact(decide)
    taken = receipt.events[0].payload
    assert isinstance(taken, LeaseTaken)
    return taken.epoch


__all__ = ["Beacon", "Lease", "announce", "read_beacon", "take_lease"]
