"""A round over snapshots: every file of every kept snapshot is there, with its hash.

Law L6. A file that a newer kept snapshot has too is looked at there. Must not know any row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.index import File, Index
from arco.engine.rounds.pieces import OBJECTS_MAX, Piece, check, check_some, piece_of
from arco.engine.snapshot_files import kept_snapshots
from arco.errors import Corrupt
from arco.model import State


class SnapshotPieces:
    """`Look` for snapshots. The cursor is `SLOT/NAME`: the files of that snapshot after a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, cursor: str) -> Piece:
        slot, _, after = cursor.partition("/")
        references = await self._database.asked(partial(_kept_from, slot=int(slot or 0)))
        if not references:
            return piece_of((), cursor="")
        reference = references[0]
        resumed = after if reference.slot == int(slot or 0) else ""
        piece = await self._piece(reference, references[1:], resumed)
        if not piece.found or reference in await self._still_kept():
            return piece
        # It was thinned out, and its files collected, while we looked.
        return Piece(cursor=piece.cursor, objects=piece.objects, size_bytes=piece.size_bytes)

    async def _piece(
        self, reference: SnapshotReference, newer: list[SnapshotReference], after: str
    ) -> Piece:
        following = f"{newer[0].slot}/" if newer else ""
        indexes: list[Index] = []
        read = partial(self._read_index, reference, into=indexes)
        checked = [await check(self._database.runtime, reference.index, read=read)]
        if not indexes:
            return piece_of(checked, cursor=following)
        elsewhere = await self._names(newer[0]) if newer else frozenset()
        files = [f for f in _files(indexes[0]) if f.name > after and f.name not in elsewhere]
        some = files[:OBJECTS_MAX]
        checked = await check_some(
            self._database.runtime, [(file.name, self._reader(file)) for file in some]
        )
        if len(checked) < len(files):
            following = f"{reference.slot}/{some[len(checked) - 1].name}"
        return piece_of(checked, cursor=following)

    async def _read_index(self, reference: SnapshotReference, *, into: list[Index]) -> int:
        into.append(await self._database.replay.read_index(reference))
        return 0

    async def _names(self, reference: SnapshotReference) -> frozenset[str]:
        """The files of a newer snapshot; none when it cannot be read: it is told in its turn."""
        try:
            index = await self._database.replay.read_index(reference)
        except Corrupt:
            return frozenset()
        return frozenset(file.name for file in _files(index))

    async def _still_kept(self) -> frozenset[SnapshotReference]:
        await self._database.refresh()
        return await self._database.asked(kept_snapshots)

    def _reader(self, file: File) -> Callable[[], Awaitable[int]]:
        async def size() -> int:
            return len(await self._database.replay.checked(file.name, file.sha256))

        return size


def _kept_from(state: State, *, slot: int) -> list[SnapshotReference]:
    kept = [reference for reference in kept_snapshots(state) if reference.slot >= slot]
    return sorted(kept, key=lambda reference: (reference.slot, reference.index))


def _files(index: Index) -> list[File]:
    files = [file for each in index.tables.values() for file in (*each.base, *each.deltas)]
    return sorted(files, key=lambda file: file.name)


__all__ = ["SnapshotPieces"]
