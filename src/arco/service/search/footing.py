"""Footing: the segments that a state stands on, brought up to its slot.

A snapshot's segments, and those in memory of what changed since. Law L4: what is asked is answered
of exactly the slot that is read, however long ago segments were published. Must not know what is
asked.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import TypeAlias
from weakref import WeakKeyDictionary

from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.past import Past
from arco.engine.tables import Tables
from arco.errors import Corrupt, Unavailable
from arco.model import State
from arco.service.search.documents import KINDS, TOUCHED, Object, all_objects, touched
from arco.service.search.gathering import told_of
from arco.service.search.publishing import NAME, VERSION, SearchFiles, stored_shelves
from arco.service.search.shelves import Shelves

UNPUBLISHED_MAX = 10_000
"""So many objects are looked at afresh while no segments are published."""
LOG = logging.getLogger(__name__)
Standing: TypeAlias = Database | Past


class Moved(Exception):
    """Rows were left to a newer snapshot: the segments have to be those of that one."""


class Footing:
    """Segments, and the slot of whose state they tell."""

    def __init__(self, shelves: Shelves, reached: int, published: str) -> None:
        self.published = published
        """The hash of the index that names the segments; empty: none does."""
        self._shelves = shelves
        self._reached = reached

    def shelves(self, tables: Tables, seq: int) -> Shelves:
        """The segments of the state at slot `seq`, which `tables` are.

        Raises: Moved; NotLoaded. Cost: what changed since this was asked last.
        """
        objects: dict[Object, None] = {}
        for name in TOUCHED:
            memory = tables.memory[name]
            if memory.since > self._reached:
                raise Moved
            for key in memory.changed(self._reached):
                objects.update(dict.fromkeys(touched(tables, name, key=key)))
        if objects:
            self._shelves.lay(told_of(tables, objects))
        self._reached = seq
        return self._shelves


class Footings:
    """The footing of the present state and of past ones, made when they are asked for."""

    def __init__(self, database: Database, files: SearchFiles) -> None:
        self._database = database
        self._files = files
        self._known: WeakKeyDictionary[Standing, Footing] = WeakKeyDictionary()

    async def of(self, standing: Standing) -> Footing:
        """The footing of a state, on the newest snapshot it may stand on.

        Raises: Unavailable SEARCH_NOT_PUBLISHED. Cost: nothing, or an index after a snapshot.
        """
        reference = await _reference(standing)
        known = self._known.get(standing)
        published = reference.sha256 if reference is not None else ""
        if known is None or known.published != published:
            known = await self._made(standing, reference)
            self._known[standing] = known
        return known

    def distrust(self, standing: Standing, damage: Corrupt) -> None:
        """A file of the segments is damaged: they are made anew, by who leads."""
        LOG.warning("search is built again: %s", damage)
        self._files.is_distrusted = True
        self.forget(standing)

    def forget(self, standing: Standing) -> None:
        """The footing is made again."""
        self._known.pop(standing, None)

    async def _made(self, standing: Standing, reference: SnapshotReference | None) -> Footing:
        if reference is not None and not self._files.is_distrusted:
            index = await standing.replay.reader.index(reference)
            derived = index.derived.get(NAME)
            if derived is not None and derived.version == VERSION:
                shelves = await stored_shelves(standing, derived)
                return Footing(shelves, index.slot, reference.sha256)
        published = reference.sha256 if reference is not None else ""
        return await standing.asked(lambda state: _afresh(state, standing.seq, published=published))


async def _reference(standing: Standing) -> SnapshotReference | None:
    """The snapshot whose segments are nearest to the state."""
    if isinstance(standing, Past):
        return standing.snapshot
    newest = await standing.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    return SnapshotReference(newest.slot, newest.index, newest.sha256) if newest else None


def _afresh(state: State, seq: int, *, published: str) -> Footing:
    """The segments of a state of which none are published."""
    objects = [
        each for kind in KINDS for each in islice(all_objects(state, kind), UNPUBLISHED_MAX + 1)
    ]
    if len(objects) > UNPUBLISHED_MAX:
        raise Unavailable(
            "SEARCH_NOT_PUBLISHED",
            "there are too many objects to search before what they are found by is published",
            hint="the process that leads publishes it within minutes: ask again, or start one",
        )
    shelves = Shelves()
    shelves.lay(told_of(state, objects))
    return Footing(shelves, seq, published)


__all__ = ["Footing", "Footings", "Moved", "Standing"]
