"""The edges of a relation as arrays: for each node where its edges go to, and where they come from.

A cache of rows that stand in snapshot files, never a second truth; it never changes. Nodes are
numbered in the order of their names. Must not know what an edge means.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from arco.engine.parquet import OPERATION
from arco.model import Key, Relation, Table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Numbers: TypeAlias = npt.NDArray[Any]

LINKS_AT_ONCE = 4096
NUMBERS_REMEMBERED_MAX = 20_000
Link: TypeAlias = tuple[Key, Key]
"""The end that was asked about, and the other one."""


class Adjacency:
    """All edges of the files it was made of."""

    def __init__(self, nodes: Nodes, *, forward: Side, backward: Side) -> None:
        self.nodes = nodes
        self.forward = forward
        self.backward = backward

    @property
    def size_bytes(self) -> int:
        """What it holds in memory."""
        sides = self.forward.size_bytes + self.backward.size_bytes
        return self.nodes.size_bytes + sides

    def links(self, side: Side, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges of the nodes on one side, in the order of the nodes, then by name.

        Cost: what is taken of them; a few thousand are made at a time.
        """
        pairs = [(node, self.nodes.number(node)) for node in nodes]
        known = [(node, number) for node, number in pairs if number is not None]
        for places, numbers in side.batches([number for _, number in known]):
            for place, far in zip(places, self.nodes.names(numbers), strict=True):
                yield known[place][0], far


class Nodes:
    """The names of all nodes, in order. A name has as many parts as an end of an edge has."""

    def __init__(self, words: Sequence[pa.Array], codes: Numbers) -> None:
        """`words`: what each part may be, in order; `codes`: the words of a node as one number."""
        self.words = words
        self.codes = codes
        self._known: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def size_bytes(self) -> int:
        """What it holds in memory."""
        return int(self.codes.nbytes) + sum(int(words.nbytes) for words in self.words)

    def number(self, node: Key) -> int | None:
        """The number of the node; None when it has no edges."""
        known = self._known.get(node)
        if known is not None:
            return known
        code = 0
        for words, part in zip(self.words, node, strict=True):
            place = _place(words, part)
            if place is None:
                return None
            code = code * len(words) + place
        found = int(self.codes.searchsorted(code))
        is_there = found < len(self.codes) and int(self.codes[found]) == code
        return found if is_there else None

    def names(self, numbers: Numbers) -> list[Key]:
        """The names of the nodes with these numbers."""
        import numpy as np

        codes, parts = self.codes[numbers], []
        for words in reversed(self.words):
            codes, places = np.divmod(codes, np.uint64(len(words)))
            parts.append(_texts(words, places.astype(np.int64)))
        names: list[Key] = list(zip(*reversed(parts), strict=True))
        if len(self._known) > NUMBERS_REMEMBERED_MAX:
            self._known.clear()
        self._known.update(zip(names, numbers.tolist(), strict=True))
        return names


class Side:
    """The far ends of every node's edges, side by side, and where those of each node begin."""

    def __init__(self, starts: Numbers, far: Numbers) -> None:
        self.starts = starts
        self.far = far

    @property
    def size_bytes(self) -> int:
        """What it holds in memory."""
        return int(self.starts.nbytes + self.far.nbytes)

    def batches(self, numbers: Sequence[int]) -> Iterator[tuple[list[int], Numbers]]:
        """For each edge of these nodes the place of its node among them, and its far end."""
        import numpy as np

        chosen = np.array(numbers, np.int64)
        first = self.starts[chosen]
        counts = self.starts[chosen + 1] - first
        places = np.repeat(np.arange(len(chosen)), counts)
        before = np.cumsum(counts) - counts
        positions = np.repeat(first - before, counts) + np.arange(len(places))
        for start in range(0, len(places), LINKS_AT_ONCE):
            stop = start + LINKS_AT_ONCE
            yield places[start:stop].tolist(), self.far[positions[start:stop]]


def _place(words: pa.Array, part: str) -> int | None:
    """Where the word stands among words in order; None when it does not."""
    place = bisect_left(range(len(words)), part, key=lambda at: str(words[at]))
    return place if place < len(words) and str(words[place]) == part else None


def _texts(words: pa.Array, places: Numbers) -> list[str]:
    """The words at these places, from their bytes: Arrow's `take` would load a whole library."""
    import numpy as np

    if not len(places):
        return []
    _, offsets, content = words.buffers()
    bounds = np.frombuffer(offsets, np.int32)[words.offset :]
    text, first, last = memoryview(content), bounds[places].tolist(), bounds[places + 1].tolist()
    return [str(text[start:end], "utf-8") for start, end in zip(first, last, strict=True)]


def read_ends(table: Table[Any], data: bytes) -> pa.Table:
    """The keys of a file's lines, and `_op` where it has one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(table.key)
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=names)
    wanted = [*names, OPERATION] if OPERATION in file.schema_arrow.names else names
    return file.read(columns=wanted, use_threads=False)


def adjacency_of(
    relation: Relation, base: Sequence[pa.Table], *, deltas: Sequence[pa.Table]
) -> Adjacency:
    """The edges of these lines, as `read_ends` reads them; deltas stand oldest first."""
    import numpy as np

    nodes, numbers = _numbered(relation, [*base, *deltas])
    half = len(numbers) // 2
    edges = (numbers[:half] << np.uint64(32)) | numbers[half:]
    count = sum(part.num_rows for part in base)
    if half > count:
        stands = np.concatenate([_stands(part) for part in deltas])
        edges = _newest(edges[:count], edges[count:], stands=stands)
    turned = (edges << np.uint64(32)) | (edges >> np.uint64(32))
    forward, backward = (_side(each, len(nodes)) for each in (edges, turned))
    return Adjacency(nodes, forward=forward, backward=backward)


def _side(edges: Numbers, nodes: int) -> Side:
    """`edges`: the number of the near end in the upper half, of the far end in the lower."""
    import numpy as np

    ordered = np.sort(edges)
    starts = np.zeros(nodes + 1, np.int64)
    near = (ordered >> np.uint64(32)).astype(np.int64)
    np.cumsum(np.bincount(near, minlength=nodes), out=starts[1:])
    return Side(starts, ordered.astype(np.uint32))


def _numbered(relation: Relation, lines: Sequence[pa.Table]) -> tuple[Nodes, Numbers]:
    """Every node once, in order; and the numbers of the near ends, then of the far ones."""
    import numpy as np

    key, width = relation.forward.key, relation.width
    codes, words = np.zeros(1, np.uint64), []
    for near, far in zip(key[:width], key[width:], strict=True):
        known, places = _coded([part.column(name) for name in (near, far) for part in lines])
        words.append(known)
        codes = codes * np.uint64(len(known)) + places
    if width == 1:
        return Nodes(words, np.arange(len(words[0]), dtype=np.uint64)), codes
    nodes, numbers = np.unique(codes, return_inverse=True)
    return Nodes(words, nodes), numbers.astype(np.uint64)


def _coded(columns: Sequence[pa.ChunkedArray]) -> tuple[pa.Array, Numbers]:
    """What stands in the columns, once and in order, and for each line its place there."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks = [chunk for column in columns for chunk in column.chunks]
    if not chunks:
        return pa.array([], pa.string()), np.zeros(0, np.uint64)
    unified = pa.chunked_array(chunks).unify_dictionaries()
    words = unified.chunk(0).dictionary
    order = pc.sort_indices(words)
    ranks = np.empty(len(words), np.uint64)
    ranks[order.to_numpy()] = np.arange(len(words), dtype=np.uint64)
    return words.take(order), ranks[np.concatenate([each.indices for each in unified.chunks])]


def _stands(part: pa.Table) -> Numbers:
    """Which lines of a delta are rows; the others drop one."""
    import numpy as np

    return np.array([each == "put" for each in part.column(OPERATION).to_pylist()], bool)


def _newest(base: Numbers, changed: Numbers, *, stands: Numbers) -> Numbers:
    """The edges that stand: of a key's lines the last one counts."""
    import numpy as np

    keys, place = np.unique(changed[::-1], return_index=True)
    is_row = stands[::-1][place]
    spots = np.searchsorted(keys, base)
    spots[spots == len(keys)] = 0
    kept = base[keys[spots] != base]
    return np.concatenate([kept, keys[is_row]])


__all__ = ["Adjacency", "Link", "Nodes", "Side", "adjacency_of", "read_ends"]
