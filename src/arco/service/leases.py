"""Leadership: who may perform effects.

Anyone may commit; effects belong to the newest epoch, which is an event. Where the store has
locks, one that dies with its holder says at once that a leader is gone; elsewhere the leader moves
`lead.json`, and its silence says so. Both are shortcuts, the epoch is the authority.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

import msgspec

from arco.engine.database import Database
from arco.engine.domain import LEADER, LEASES, LeaseTaken
from arco.errors import ArcoError, Corrupt
from arco.model import Event, State
from arco.runtime import Spawned
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Lock
from arco.store.text import decoded_object

BEATS_PER_LEASE = 2
LOG = logging.getLogger(__name__)


class Beacon(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `lead.json` says: a hint for people and other processes, never an authority."""

    epoch: int
    writer: str
    address: str
    beat: int = 0
    """Counts up while the leader lives, where no lock says it."""
    ended: bool = False
    """The leader stopped in order: nobody has to wait for its silence."""


class Herald:
    """Says in `lead.json` who leads in our epoch, and where that process answers."""

    def __init__(self, workspace: Workspace, epoch: int, *, address: str) -> None:
        self._workspace = workspace
        self._epoch = epoch
        self._address = address
        self._beat = 0

    async def announce(self, address: str) -> None:
        """From now on other processes are told this address."""
        self._address = address
        await self.tell()

    async def tell(self) -> None:
        """Other processes know that we lead, as of now."""
        await self._put(Beacon(self._epoch, self._writer, self._address, self._beat))

    async def beat(self) -> None:
        """Other processes see that we live."""
        self._beat += 1
        await self.tell()

    async def tell_end(self) -> None:
        """Other processes need not wait for us."""
        await self._put(Beacon(self._epoch, self._writer, "", self._beat, ended=True))

    @property
    def _writer(self) -> str:
        return self._workspace.database.writer

    async def _put(self, beacon: Beacon) -> None:
        await self._workspace.store.put(keys.LEAD, msgspec.json.encode(beacon))


class Heartbeat:
    """What a leader holds in place of a lock: its beacon moves until it lets go or dies."""

    def __init__(self, workspace: Workspace, herald: Herald) -> None:
        self._workspace = workspace
        self._herald = herald
        self._beating: Spawned = workspace.runtime.spawn(self._beat_for_ever(), "arco-heartbeat")

    def release(self) -> None:
        """The beacon moves no more. Releasing twice does nothing."""
        self._beating.cancel()

    async def _beat_for_ever(self) -> None:
        seconds = self._workspace.settings.lease_seconds / BEATS_PER_LEASE
        while True:
            await self._workspace.runtime.sleep(seconds)
            try:
                await self._herald.beat()
            except ArcoError as error:
                LOG.warning("other processes were not told that this one leads: %s", error)


class Lease(msgspec.Struct, frozen=True, eq=False):
    """Our leadership: the epoch we act in, and what tells others that we live."""

    epoch: int
    lock: Lock
    herald: Herald

    def is_current(self, state: State) -> bool:
        """True while nobody has taken a newer epoch."""
        row = state.get(LEASES, LEADER)
        return row is not None and row.epoch == self.epoch

    async def resign(self, database: Database) -> None:
        """The next one may lead at once."""
        self.lock.release()
        if isinstance(self.lock, Heartbeat):
            # Without this word the next leader waits for our silence, and that is all.
            with suppress(ArcoError):
                if await database.asked(self.is_current):
                    await self.herald.tell_end()


async def take_lease(workspace: Workspace, address: str) -> Lease | None:
    """The lease by the store's lock, or None while another process leads."""
    lock = await workspace.store.try_lock(keys.LOCK)
    if lock is None:
        return None
    try:
        epoch = await _take_epoch(workspace, address, after=None)
        assert epoch is not None
        herald = Herald(workspace, epoch, address=address)
        await herald.tell()
    except BaseException:
        lock.release()
        raise
    return Lease(epoch, lock, herald)


async def take_vacant_lease(workspace: Workspace, address: str, *, after: int) -> Lease | None:
    """The lease that follows the epoch `after`; None when somebody was faster."""
    epoch = await _take_epoch(workspace, address, after=after)
    if epoch is None:
        return None
    herald = Herald(workspace, epoch, address=address)
    with suppress(ArcoError):
        # The epoch is ours whether or not others hear of it now: the next beat tells them.
        await herald.tell()
    return Lease(epoch, Heartbeat(workspace, herald), herald)


async def read_beacon(workspace: Workspace) -> Beacon | None:
    """Where the last leader said it answers."""
    data = await workspace.store.get(keys.LEAD)
    try:
        return decoded_object(data or b"", Beacon, name=keys.LEAD)
    except Corrupt:
        return None


async def _take_epoch(workspace: Workspace, address: str, *, after: int | None) -> int | None:
    """The next epoch is ours; None when `after` is not the newest one any more."""
    writer = workspace.database.writer

    def decide(state: State, now: datetime) -> list[Event]:
        row = state.get(LEASES, LEADER)
        newest = row.epoch if row else 0
        if after is not None and newest != after:
            return []
        return [Event(LeaseTaken(epoch=newest + 1, writer=writer, address=address, taken_at=now))]

    receipt = await workspace.database.transact(decide)
    taken = next((event.payload for event in receipt.events), None)
    assert taken is None or isinstance(taken, LeaseTaken)
    return taken.epoch if taken else None


__all__ = [
    "Beacon",
    "Heartbeat",
    "Herald",
    "Lease",
    "read_beacon",
    "take_lease",
    "take_vacant_lease",
]
