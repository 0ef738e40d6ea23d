"""Snapshot files as an area of garbage: everything below `data/` that no kept snapshot names.

Kept are the newest snapshot, those that thinning left, and those that pins hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from arco.engine.collect import Area, Ask, Judge
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.garbage import PAST_SNAPSHOTS, PINS
from arco.engine.pins import snapshot_of
from arco.engine.retention import Policy
from arco.model import State
from arco.store import keys
from arco.store.port import Entry

NAME = "snapshots"


def snapshot_files(database: Database, policy: Policy) -> Area:
    """The area of a database's own snapshot files."""

    async def listed(ask: Ask) -> list[Entry]:
        entries = await database.store.list(keys.DATA)
        return [entry for entry in entries if keys.data_slot(entry.key) is not None]

    async def mark(ask: Ask, names: Sequence[str]) -> Judge:
        roots = await ask(kept_snapshots)
        needed = await database.replay.reader.named(roots)

        def judge(state: State, names: Sequence[str]) -> list[str] | None:
            if not kept_snapshots(state) <= roots:
                return None
            return [name for name in names if name not in needed]

        return judge

    return Area(name=NAME, grace=policy.grace, listed=listed, mark=mark, is_final=is_final)


def kept_snapshots(state: State) -> frozenset[SnapshotReference]:
    """The snapshots whose files somebody may still read."""
    past = state.range(PAST_SNAPSHOTS)
    kept = {SnapshotReference(row.slot, row.index, row.sha256) for row in past}
    held = {snapshot_of(pin) for pin in state.range(PINS)}
    newest = state.get(SNAPSHOTS, NEWEST)
    if newest is not None:
        kept.add(SnapshotReference(newest.slot, newest.index, newest.sha256))
    return frozenset(kept | {reference for reference in held if reference is not None})


def is_final(state: State, names: Sequence[str]) -> bool:
    """True once a snapshot of a slot as new as theirs stands: later ones are never built on or
    replaced by files of an earlier attempt.
    """
    newest = state.get(SNAPSHOTS, NEWEST)
    return newest is not None and all((keys.data_slot(n) or 0) <= newest.slot for n in names)


__all__ = ["NAME", "is_final", "kept_snapshots", "snapshot_files"]
