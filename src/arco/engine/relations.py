"""Relations of which many edges stand in files: arrays of those files, and what changed since.

Law F6: the same edges as the tables have, at the same slot. Nothing is kept up by commits: what
changed is looked up when somebody asks, and arrays that lost track are made again.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from arco.engine.adjacency import Adjacency, Link, Side
from arco.engine.index import TableFiles
from arco.engine.memory import MemoryTable
from arco.engine.stored import Missing
from arco.model import Key, NotLoaded, Relation
from arco.runtime import Signal

KEPT_BYTES_MAX = 256 * 1024 * 1024
"""Arrays of so many bytes stay in memory: about 20 bytes an edge, and every name once."""
CHANGES_MAX = 65_536
Changes: TypeAlias = dict[Key, dict[Key, bool]]
"""A node, the far end of an edge of it, and whether that edge stands now."""
FilesKey: TypeAlias = tuple[str, ...]


class Unbuilt(NotLoaded):
    """The arrays of a relation have to be made first."""

    def __init__(self, relation: Relation) -> None:
        super().__init__(relation.forward, ())
        self.relation = relation


class Adjacencies:
    """Arrays by the files they were made of; those that were used last are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[FilesKey, Adjacency] = OrderedDict()
        self.pending: dict[str, Signal] = {}
        """Object name -> set once its arrays are there, or nobody is at it any more."""

    @property
    def size_bytes(self) -> int:
        """What they hold in memory."""
        return sum(each.size_bytes for each in self._kept.values())

    def get(self, name: str, files: TableFiles) -> Adjacency | None:
        """The arrays of these files of a table."""
        key = _key_of(name, files)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, name: str, files: TableFiles, *, adjacency: Adjacency) -> None:
        """These are the arrays of these files."""
        self._kept[_key_of(name, files)] = adjacency
        while len(self._kept) > 1 and self.size_bytes > KEPT_BYTES_MAX:
            self._kept.popitem(last=False)


class Relations:
    """What is known of the relations of one state."""

    def __init__(self, adjacencies: Adjacencies) -> None:
        self._adjacencies = adjacencies
        self._indexed: dict[str, Indexed] = {}

    def indexed(self, relation: Relation, memory: MemoryTable) -> Indexed | None:
        """The edges as the table has them now; None when all of its rows are in memory.

        Raises: NotLoaded. Cost: what changed since somebody asked last.
        """
        stored, name = memory.stored, relation.forward.name
        if stored is None:
            self._indexed.pop(name, None)
            return None
        if stored.is_small:
            raise Missing(relation.forward, ())
        known = self._indexed.get(name)
        if known is not None and known.caught_up(memory):
            return known
        adjacency = self._adjacencies.get(name, stored.files)
        if adjacency is None:
            raise Unbuilt(relation)
        found = self._indexed[name] = Indexed(
            relation, adjacency, memory=memory, files=stored.files
        )
        return found


class Indexed:
    """The arrays of some files, and over them every edge that changed since."""

    def __init__(
        self, relation: Relation, adjacency: Adjacency, *, memory: MemoryTable, files: TableFiles
    ) -> None:
        self._adjacency = adjacency
        self._width = relation.width
        self._memory = memory
        self._made_of = self._files = files
        self._slot = memory.since
        self._below: Changes = {}
        self._above: Changes = {}
        self.changes = 0
        self._apply(list(memory.rows))

    def caught_up(self, memory: MemoryTable) -> bool:
        """True when these are the edges of the table as it is now; False when that is not known."""
        if memory is not self._memory or memory.stored is None:
            return False
        files = memory.stored.files
        if files is not self._files and files != self._files and memory.since > self._slot:
            return False
        self._files = files
        self._slot = max(self._slot, memory.since)
        self._apply(list(memory.changed(self._slot)))
        return self.changes <= CHANGES_MAX or files == self._made_of

    def below(self, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that come from the nodes."""
        return self._links(self._adjacency.forward, nodes, changes=self._below)

    def above(self, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that go to the nodes."""
        return self._links(self._adjacency.backward, nodes, changes=self._above)

    def _apply(self, keys: Sequence[Key]) -> None:
        width, rows, slots = self._width, self._memory.rows, self._memory.slots
        for key in keys:
            near, far, stands = key[:width], key[width:], rows.get(key) is not None
            self._below.setdefault(near, {})[far] = stands
            self._above.setdefault(far, {})[near] = stands
        self._slot = max(self._slot, max(map(slots.__getitem__, keys), default=-1))
        self.changes += len(keys)

    def _links(self, side: Side, nodes: Sequence[Key], *, changes: Changes) -> Iterator[Link]:
        plain: list[Key] = []
        for node in nodes:
            if node in changes:
                yield from self._adjacency.links(side, plain)
                plain = []
                yield from _changed(
                    node, self._adjacency.links(side, [node]), changed=changes[node]
                )
            else:
                plain.append(node)
        yield from self._adjacency.links(side, plain)


def _changed(node: Key, links: Iterator[Link], *, changed: dict[Key, bool]) -> Iterator[Link]:
    kept = (far for _, far in links if far not in changed)
    more = sorted(far for far, stands in changed.items() if stands)
    yield from ((node, far) for far in heapq.merge(kept, more))


def _key_of(name: str, files: TableFiles) -> FilesKey:
    return (name, *(each.sha256 for each in files.listed))


__all__ = ["Adjacencies", "Indexed", "Relations", "Unbuilt"]
