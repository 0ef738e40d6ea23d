"""A round over snapshots: every object of every kept snapshot is there, with its hash.

Law L6. What a newer kept snapshot has too is looked at there. Must not know any row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.reader import Reader
from arco.engine.rounds.pieces import OBJECTS_MAX, Piece, check, check_some, piece_of
from arco.engine.snapshot_files import kept_snapshots
from arco.errors import Corrupt
from arco.model import State


class SnapshotPieces:
    """`Look` for snapshots. The cursor is `SLOT/NAME`: the objects of that one after a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, cursor: str) -> Piece:
        slot, _, after = cursor.partition("/")
        references = await self._database.asked(partial(_kept_from, slot=int(slot or 0)))
        if not references:
            return piece_of((), cursor="")
        reference = references[0]
        resumed = after if reference.slot == int(slot or 0) else ""
        piece = await self._piece(reference, references[1:], after=resumed)
        if not piece.found or reference in await self._still_kept():
            return piece
        # It was thinned out, and its files collected, while we looked.
        return Piece(cursor=piece.cursor, objects=piece.objects, size_bytes=piece.size_bytes)

    async def _piece(
        self, reference: SnapshotReference, newer: Sequence[SnapshotReference], *, after: str
    ) -> Piece:
        runtime = self._database.runtime
        following = f"{newer[0].slot}/" if newer else ""
        objects: dict[str, str] = {}
        listing = partial(self._listed, reference, into=objects)
        listed = await check(runtime, reference.index, read=listing)
        if listed.found is not None:
            return piece_of([listed], cursor=following)
        elsewhere = await self._names(newer[0]) if newer else frozenset()
        names = sorted(name for name in objects if name > after and name not in elsewhere)
        some = [(name, self._reader(name, objects[name])) for name in names[:OBJECTS_MAX]]
        checked = await check_some(runtime, some)
        if len(checked) < len(names):
            following = f"{reference.slot}/{names[len(checked) - 1]}"
        return piece_of(checked, cursor=following)

    async def _listed(self, reference: SnapshotReference, *, into: dict[str, str]) -> int:
        """Adds what the snapshot is made of; nothing that was read before is believed."""
        reader = Reader(self._database.store, self._database.runtime)
        into |= await reader.objects(await reader.index(reference))
        return 0

    async def _names(self, reference: SnapshotReference) -> frozenset[str]:
        """The objects of a newer snapshot; none when it cannot be read: it is told in its turn."""
        objects: dict[str, str] = {}
        try:
            await self._listed(reference, into=objects)
        except Corrupt:
            return frozenset()
        return frozenset(objects)

    async def _still_kept(self) -> frozenset[SnapshotReference]:
        await self._database.refresh()
        return await self._database.asked(kept_snapshots)

    def _reader(self, name: str, digest: str) -> Callable[[], Awaitable[int]]:
        async def size() -> int:
            return len(await self._database.replay.reader.checked(name, digest))

        return size


def _kept_from(state: State, *, slot: int) -> list[SnapshotReference]:
    kept = [reference for reference in kept_snapshots(state) if reference.slot >= slot]
    return sorted(kept, key=lambda reference: (reference.slot, reference.index))


__all__ = ["SnapshotPieces"]
