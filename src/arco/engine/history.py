"""History: bringing a state into memory from snapshot files, or from slot 0 when they are damaged.

Law F6: snapshot and tail together are the fold of the whole log. Every file is checked against the
hash its index names before a row of it is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec

from arco.engine.adjacency import Adjacency, adjacency_of, read_ends
from arco.engine.blocks import BlockId
from arco.engine.commit import Commit, Position, SnapshotReference, decode_events
from arco.engine.fold import decode, fold
from arco.engine.index import Index, TableFiles
from arco.engine.keeping_arrays import keep, kept, object_name, packed, unpacked
from arco.engine.log import Log, Slot
from arco.engine.parquet import give_back_memory
from arco.engine.reader import Reader
from arco.engine.registry import Registry, WireEvent
from arco.engine.relations import Unbuilt
from arco.engine.stored import Missing, Place
from arco.engine.tables import Overlay, Tables
from arco.errors import Corrupt
from arco.model import Change, Event, NotLoaded, Relation, State, Table, Unfinished
from arco.runtime import Runtime
from arco.store.port import Store

SLOTS_AT_ONCE = 16
Answer = TypeVar("Answer")
Question: TypeAlias = Callable[[State], Answer]
Load: TypeAlias = Callable[[NotLoaded], Awaitable[None]]


async def answer(question: Question[Answer], tables: Tables, *, load: Load) -> Answer:
    """The answer of `question`, asked until everything it needs is in memory."""
    try:
        return question(tables)
    except NotLoaded as missing:
        cold = missing
    while True:
        try:
            with tables.cache.held():
                return await _once_loaded(question, tables, load=load, cold=cold)
        except Unfinished as paused:
            # Nothing is held between its parts: what they found is noted.
            cold = paused


async def _once_loaded(
    question: Question[Answer], tables: Tables, *, load: Load, cold: NotLoaded
) -> Answer:
    while True:
        await load(cold)
        try:
            return question(tables)
        except Unfinished:
            raise
        except NotLoaded as missing:
            cold = missing


class Heard(msgspec.Struct, frozen=True):
    """A slot and its events, wherever they stood."""

    slot: Slot
    events: Sequence[Event]
    unknown: Sequence[WireEvent]
    """Those that this release does not know."""


class Replay:
    """Reads what a state is made of: payloads, indexes and snapshot files, each checked by hash."""

    def __init__(self, store: Store, runtime: Runtime, registry: Registry) -> None:
        self._store = store
        self._runtime = runtime
        self.registry = registry
        self.reader = Reader(store, runtime)
        self.index: Index | None = None
        """The snapshot the state stands on."""
        self.damage: Corrupt | None = None
        """Why the newest snapshot could not be used; the state was folded from slot 0 instead."""

    async def events(self, commit: Commit) -> Sequence[WireEvent]:
        """The commit's events, wherever they stand."""
        reference = commit.events_payload
        if reference is None:
            return commit.events
        return decode_events(await self.reader.checked(reference.name, reference.sha256))

    async def heard(self, slots: Sequence[Slot]) -> list[Heard]:
        """What these slots say, read together."""
        every = await self._runtime.gather(self.events(slot.commit) for slot in slots)
        said = [decode(self.registry, wires) for wires in every]
        return [Heard(slot, *both) for slot, both in zip(slots, said, strict=True)]

    def again(self) -> Replay:
        """One that knows nothing yet, of the same store and events."""
        return Replay(self._store, self._runtime, self.registry)

    async def load(self, tables: Tables, cold: NotLoaded) -> None:
        """Bring the rows that `cold` asked for, and others with it, into memory.

        Cost: one GET a file, however many of its blocks are missing.
        """
        places: dict[Table[Any], dict[BlockId, Place]] = {}
        for each in (cold, *cold.others):
            if isinstance(each, Unfinished):
                await self._runtime.sleep(0)
            elif isinstance(each, Missing) and each.places:
                wanted = places.setdefault(each.table, {})
                wanted |= {place.block: place for place in each.places}
            elif isinstance(each, Unbuilt):
                await self._index(tables, each.relation)
            else:
                await self._load_table(tables, each)
        for table, wanted in places.items():
            await self.reader.blocks(table, tuple(wanted.values()), into=tables.cache)

    async def _index(self, tables: Tables, relation: Relation) -> None:
        """The arrays of a relation are there: as they were kept, or made again.

        Cost: one GET, else every file of its forward table and one PUT.
        """
        stored = tables.memory[relation.forward.name].stored
        if stored is None:
            return
        name = object_name(relation.forward.name, stored.files)
        pending = tables.adjacencies.pending
        if name in pending:
            await pending[name].wait()
            return
        pending[name] = self._runtime.signal()
        try:
            found = await self._arrays(name, relation, files=stored.files)
            tables.adjacencies.put(relation.forward.name, stored.files, adjacency=found)
        finally:
            pending.pop(name).set()

    async def _arrays(self, name: str, relation: Relation, *, files: TableFiles) -> Adjacency:
        data = await kept(self._store, name)
        if data is not None:
            read = partial(unpacked, data, width=relation.width)
            found = await self._runtime.thread(read)
            if found is not None:
                return found
        made = await self._made(relation, files)
        await keep(self._store, name, data=await self._runtime.thread(packed, made))
        return made

    async def _made(self, relation: Relation, files: TableFiles) -> Adjacency:
        ends = []
        for file in (*await self.reader.base(files), *files.deltas):
            data = await self.reader.file(file)
            ends.append(await self._runtime.thread(read_ends, relation.forward, data))
        count = len(ends) - len(files.deltas)
        made = partial(adjacency_of, relation, ends[:count], deltas=ends[count:])
        adjacency = await self._runtime.thread(made)
        await self._runtime.thread(give_back_memory)
        return adjacency

    async def _load_table(self, tables: Tables, cold: NotLoaded) -> None:
        memory = tables.memory[cold.table.name]
        stored = memory.stored
        if stored is not None and stored.is_small:
            lines = await self.reader.newest_first(stored.table, stored.files)
            if memory.stored is stored:
                memory.complete(lines)
        elif stored is not None and not stored.is_open:
            stored.open(await self.reader.base(stored.files))

    async def fold_onto(self, tables: Tables, *, after: int, until: int) -> None:
        """`tables`, the state at slot `after`, become the state at slot `until`.

        Raises: Corrupt SLOT_MISSING. Cost: one GET a slot, `SLOTS_AT_ONCE` at a time.
        """
        async for slot in self.slots(after + 1, until):
            known, _ = decode(self.registry, await self.events(slot.commit))
            tables.apply(await self.changes(tables, known), slot.commit.seq)

    async def slots(self, first: int, last: int) -> AsyncIterator[Slot]:
        """Every slot from `first` to `last`.

        Raises: Corrupt SLOT_MISSING. Cost: one GET a slot, `SLOTS_AT_ONCE` at a time.
        """
        log = Log(self._store, self._runtime)
        for start in range(first, last + 1, SLOTS_AT_ONCE):
            numbers = range(start, min(start + SLOTS_AT_ONCE, last + 1))
            for seq, slot in zip(
                numbers, await self._runtime.gather(map(log.read, numbers)), strict=True
            ):
                if slot is None:
                    hint = "run `arco verify`"
                    raise Corrupt("SLOT_MISSING", f"log slot {seq} is gone", hint=hint)
                yield slot

    async def changes(self, tables: Tables, events: Sequence[Event]) -> list[Change]:
        """What `events` change on top of `tables`, which gain the rows that reducers looked at."""

        def folded(state: State) -> list[Change]:
            overlay = Overlay(state)
            fold(self.registry, overlay, events=events)
            return overlay.changes

        return await answer(folded, tables, load=partial(self.load, tables))


async def bootstrap(
    replay: Replay, tables: Tables, *, reference: SnapshotReference | None
) -> Position | None:
    """The position of the snapshot that `tables` now stand on, rows cold; None when there is none
    to use.
    """
    if reference is None:
        return None
    try:
        index = await replay.reader.index(reference)
    except Corrupt as damage:
        replay.damage = damage
        return None
    replay.index = index
    tables.begin(index)
    return Position(index.slot, index.hash, index.committed_at)


async def bring_up(
    replay: Replay,
    tables: Tables,
    *,
    reference: SnapshotReference | None,
    head: Callable[[], int],
) -> None:
    """`tables` are the state at the head, wherever that has come to meanwhile."""
    start = await bootstrap(replay, tables, reference=reference)
    reached = start.seq if start else -1
    while reached < (until := head()):
        await replay.fold_onto(tables, after=reached, until=until)
        reached = until


__all__ = ["Answer", "Heard", "Question", "Replay", "answer", "bootstrap", "bring_up"]
