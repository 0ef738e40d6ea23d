"""Publishing snapshots: the changed rows become delta runs, runs become larger runs, and at last
the base.

A published index names the one it was built on; if another came between, it is built again, never
rebased. Law F7: a process that met an unknown event publishes nothing. Law F6: nothing is published
but folded rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.derived import derived, lacking
from arco.engine.domain import NEWEST, SNAPSHOTS, Snapshot
from arco.engine.events import SnapshotPublishedV2
from arco.engine.garbage import first_condemned
from arco.engine.index import Index, file_names
from arco.engine.parquet import Changed
from arco.engine.writing import Attempt
from arco.errors import Corrupt
from arco.ids import sha256
from arco.model import Event, Key, State
from arco.store import keys
from arco.store.creating import create_alone

TAIL_COMMITS_MAX = 64
TAIL_BYTES_MAX = 1024 * 1024
REBUILDS_MAX = 5


def is_due(database: Database, *, age_seconds_max: float) -> bool:
    """True when the tail is long, large or old enough to be worth a snapshot, or the newest one is
    damaged.
    """
    if database.replay.damage is not None:
        return True
    tail = database.tail
    if tail.commits == 0:
        return False
    age = database.runtime.monotonic() - tail.since_seconds
    too_long = tail.commits >= TAIL_COMMITS_MAX or tail.size_bytes >= TAIL_BYTES_MAX
    return too_long or age >= age_seconds_max


async def is_incomplete(database: Database) -> bool:
    """True when the newest snapshot lacks what this release derives from rows."""
    newest = await database.asked(_newest)
    index = await _index_before(database, newest)
    return index is not None and lacking(database.derivations, index)


async def publish(database: Database) -> bool:
    """True when a snapshot of the present state was published; False when another process did it
    first.

    Cost: one PUT per changed table, one for the index, one commit.
    """
    if database.unknown is not None:
        return False
    newest = await database.asked(_newest)
    try:
        written = await _written(database)
    except Corrupt as found:
        await database.refresh()
        if await database.asked(_newest) != newest:
            # Another process published; what we were building on may be collected by now.
            return False
        # What the new files would be laid over cannot be read: they are built from the rows alone.
        await database.footing.rebuild(found)
        written = await _written(database)
    receipt = await database.transact(lambda state, now: still_publishable(state, written))
    if receipt.events and database.replay.damage is written.damage:
        database.replay.damage = None
    return bool(receipt.events)


async def rebuild(database: Database) -> bool:
    """True when a snapshot stands that was made from the log alone, whatever the last one said.

    Memory: all rows. Cost: one GET a slot, then what `publish` costs.
    """
    await database.footing.refold()
    database.replay.damage = Corrupt(
        "SNAPSHOT_DISTRUSTED", "the snapshot was given up", hint="it is made again from the log"
    )
    for _ in range(REBUILDS_MAX):
        # False: another process published meanwhile; its snapshot is replaced as well.
        if await publish(database):
            return True
    return False


class Written(msgspec.Struct, frozen=True, eq=False):
    """A snapshot whose files stand, and which nobody knows of yet."""

    published: SnapshotPublishedV2
    names: tuple[str, ...]
    """Its index, every object that the index names, and everything else that was written."""
    damage: Corrupt | None
    """What it mends."""


async def _written(database: Database) -> Written:
    """What would publish the present state."""
    newest = await database.asked(_newest)
    position, damage = database.position, database.replay.damage
    changes = changed_rows(database, newest)
    before = await _index_before(database, newest)
    attempt = Attempt(database, position, f"{database.runtime.entropy(64):016x}")
    index = await attempt.write(before.tables if before else {}, changes)
    made = await derived(database.derivations, attempt, before=before, changes=changes)
    index = msgspec.structs.replace(index, derived=made)
    data = msgspec.json.encode(index, order="sorted")
    name = keys.data_folder("engine", position.seq, attempt.cid) + "index.json"
    await create_alone(database.store, database.runtime, key=name, data=data)
    database.replay.reader.remember(sha256(data), index)
    published = SnapshotPublishedV2(
        slot=position.seq,
        index=name,
        sha256=sha256(data),
        published_at=database.runtime.now(),
        built_on=newest.index if newest else "",
    )
    names = dict.fromkeys((name, *attempt.names, *file_names(index)))
    return Written(published, tuple(names), damage)


def changed_rows(database: Database, newest: Snapshot | None) -> dict[str, list[Changed]]:
    """Per table the keys that changed since the newest snapshot; every row when that one is
    damaged.
    """
    everything = database.replay.damage is not None
    assert not (everything and database.tables.is_cold), "a damaged snapshot holds no rows of ours"
    changes: dict[str, list[Changed]] = {}
    for name, memory in database.tables.memory.items():
        slots: Mapping[Key, int] = memory.changed(newest.slot if newest else -1)
        if everything:
            slots = dict.fromkeys(memory.rows, database.seq)
        if slots:
            changes[name] = [Changed(k, memory.rows.get(k), slots[k]) for k in sorted(slots)]
    return changes


def still_publishable(state: State, written: Written) -> list[Event]:
    """The event, unless another snapshot came between or one of the files is condemned: then the
    snapshot is built again, under new names.
    """
    newest = _newest(state)
    if (newest.index if newest else "") != written.published.built_on:
        return []
    if first_condemned(state, written.names) is not None:
        return []
    return [Event(written.published)]


def _newest(state: State) -> Snapshot | None:
    return state.get(SNAPSHOTS, NEWEST)


async def _index_before(database: Database, newest: Snapshot | None) -> Index | None:
    """What the next snapshot is laid over; None: nothing."""
    if newest is None or database.replay.damage is not None:
        return None
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    return await database.replay.reader.index(reference)


__all__ = [
    "Written",
    "changed_rows",
    "is_due",
    "is_incomplete",
    "publish",
    "rebuild",
    "still_publishable",
]
