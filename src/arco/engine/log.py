"""The log: numbered, hash-chained slots, each created once by one winner.

Laws L1, L2, L7: a slot has one winner; an ambiguous answer is asked again with the same bytes until
it is definite; a loss is reported only once somebody else's bytes are known to stand there. Law L8:
nothing here lists.
Source: storage format, "Committing" and "Finding the head".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from arco.engine.commit import Commit, decode_commit, unreadable
from arco.engine.head import HINT_EVERY, Sighting, sight
from arco.errors import Corrupt, Forbidden
from arco.ids import sha256
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store, StoreFault
from arco.store.text import decoded_object

WINDOWS = (4, 8, 16)
RETRY_SECONDS = 0.05
RETRY_SECONDS_MAX = 5.0
REREADS = 3
SLOTS_AT_ONCE_MAX = 64
"""A reader that is further behind folds these before it reads on."""
TRIES_SILENT = 5
"""Within a second most troubles are over."""
LOG = logging.getLogger(__name__)


class Slot(msgspec.Struct, frozen=True):
    """A decoded commit with the hash of its bytes."""

    commit: Commit
    hash: str
    size_bytes: int


class Hint(msgspec.Struct, frozen=True):
    """Where somebody said the log ends: may be stale, lost, wrong or from the future."""

    seq: int
    hash: str = ""


class Log:
    """Reads and creates slots; remembers only what keeps it from creating one."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self.trouble: StoreFault | None = None
        """Why the slot that is being created has no answer yet."""

    async def read(self, seq: int) -> Slot | None:
        """The slot at `seq`, or None when it is free.

        Raises: Corrupt when its bytes are unreadable again and again. Cost: 1 GET.
        """
        for reread in range(REREADS):
            data = await self.bytes_of(seq)
            if data is None:
                return None
            try:
                return _decoded(data, seq)
            except Corrupt:
                if reread == REREADS - 1:
                    raise
                await self._pause(reread)
        raise unreadable(seq, "no attempt to read it succeeded")

    async def create(self, seq: int, data: bytes) -> Slot | None:
        """None: slot `seq` is ours and durable. A Slot: somebody else's commit stands there.

        Asks again for as long as the answer is ambiguous; only the caller's waiting has a deadline.
        Raises: StoreFault when this process must stop writing. Cost: 1 PUT; 1 GET more when
        contended.
        """
        tries = 0
        while True:
            try:
                created = await self._store.create(keys.slot(seq), data)
                self.trouble = None
                if created:
                    return None
                standing = await self.read(seq)
                if standing is not None:
                    await self._store.confirm(keys.slot(seq))
                    return None if standing.hash == sha256(data) else standing
            except StoreFault as fault:
                if fault.fatal:
                    raise
                self._remember(fault, tries)
            except (Corrupt, Forbidden) as unread:
                # What stands there may be ours: nobody may hear that it failed or be asked again.
                raise StoreFault(unread.message, hint=unread.hint) from unread
            await self._pause(tries)
            tries += 1

    async def attach(self, name: str, data: bytes) -> None:
        """The object that a commit is going to name is durable; its name is nobody else's.

        Raises: StoreFault when this process must stop writing. Cost: 1 PUT.
        """
        tries = 0
        while True:
            try:
                if not await self._store.create(name, data):
                    await self._store.confirm(name)
                return
            except StoreFault as fault:
                if fault.fatal:
                    raise
            await self._pause(tries)
            tries += 1

    async def after(self, seq: int) -> list[Slot]:
        """The slots after `seq`, in order, made durable before they are built on; fewer than
        `SLOTS_AT_ONCE_MAX`: all there are.

        Cost: 1 GET when there is none; windows of 4, 8, 16 parallel GETs when behind.
        """
        first = await self.read(seq + 1)
        if first is None:
            return []
        found = [first]
        rounds = 0
        while len(found) < SLOTS_AT_ONCE_MAX:
            width = WINDOWS[min(rounds, len(WINDOWS) - 1)]
            start = found[-1].commit.seq + 1
            window = await self._runtime.gather(self.read(start + i) for i in range(width))
            for slot in window:
                if slot is None:
                    await self._confirm(found)
                    return found
                found.append(slot)
            rounds += 1
        await self._confirm(found)
        return found

    async def head(self) -> int:
        """The newest slot's number, -1 when the log is empty; the hint is only where the search
        starts. Cost: as `newest`, and 1 GET before it.
        """
        hint = await self.hint()
        return (await self.newest(hint)).seq

    async def newest(self, hint: Hint | None) -> Sighting:
        """Where the log ends, and the slots that were seen near its end.

        Cost: some 20 GETs together where the hint is right, which is one round trip; a few more
        round trips where it is not.
        """
        return await sight(self.bytes_of, self._runtime, start=hint.seq if hint else None)

    async def span(self, numbers: Iterable[int], *, seen: Mapping[int, bytes]) -> list[Slot]:
        """These slots, made durable before they are built on; bytes that were `seen` are not read
        again.

        Raises: Corrupt SLOT_MISSING. Cost: 1 GET for each of the others, all together.
        """
        found = await self._runtime.gather(self._standing(seq, seen.get(seq)) for seq in numbers)
        await self._confirm(found)
        return found

    async def _standing(self, seq: int, data: bytes | None) -> Slot:
        if data is not None:
            with suppress(Corrupt):
                return _decoded(data, seq)
        slot = await self.read(seq)
        if slot is None:
            hint = "run `arco verify`"
            raise Corrupt("SLOT_MISSING", f"log slot {seq} is gone", hint=hint)
        return slot

    async def hint(self) -> Hint | None:
        """What the hint says; None when it says nothing that could be true. Cost: 1 GET."""
        data = await self._get(keys.HEAD)
        try:
            hint = decoded_object(data or b"", Hint, name=keys.HEAD)
        except Corrupt:
            return None
        return hint if hint.seq >= 0 else None

    async def write_hint(self, seq: int, hash: str) -> None:
        """Leave a hint for the next process; failing is harmless."""
        try:
            await self._store.put(keys.HEAD, msgspec.json.encode({"seq": seq, "hash": hash}))
        except StoreFault:
            return

    async def bytes_of(self, seq: int) -> bytes | None:
        """What stands at `seq`, whatever it is. Cost: 1 GET."""
        return await self._get(keys.slot(seq))

    async def _get(self, key: str) -> bytes | None:
        tries = 0
        while True:
            try:
                return await self._store.get(key)
            except StoreFault as fault:
                if fault.fatal or tries >= 20:
                    raise
            await self._pause(tries)
            tries += 1

    async def _pause(self, tries: int) -> None:
        ceiling = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** min(tries, 10))
        await self._runtime.sleep(ceiling * (0.5 + self._runtime.entropy(16) / 131072))

    def _remember(self, fault: StoreFault, tries: int) -> None:
        self.trouble = fault
        if tries == TRIES_SILENT:
            LOG.warning("nothing can be written now: %s; %s", fault.message, fault.hint)

    async def _confirm(self, slots: Sequence[Slot]) -> None:
        folders: dict[int, int] = {}
        for slot in slots:
            folders[slot.commit.seq // keys.SLOTS_PER_FOLDER] = slot.commit.seq
        for seq in folders.values():
            await self._store.confirm(keys.slot(seq))


def _decoded(data: bytes, seq: int) -> Slot:
    return Slot(decode_commit(data, seq), sha256(data), len(data))


__all__ = ["HINT_EVERY", "REREADS", "SLOTS_AT_ONCE_MAX", "Hint", "Log", "Slot"]
