"""Gathering: texts of the rows that belong to very many objects, in one look at a table's files.

Rows stand by keys, and objects are asked for in another order: reading the rows of each would read
most blocks again and again. Law F6: what is gathered of a key is its newest line. Must not know
what the rows mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from arco.engine import parquet
from arco.engine.parquet import OPERATION
from arco.model import Table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Numbers: TypeAlias = npt.NDArray[Any]

ABSENT = -1
"""Stands for a text that is null, and for an object that nobody asked for."""


class Gathered:
    """The texts of each object's rows, as numbers side by side."""

    def __init__(
        self, starts: Sequence[int], columns: Sequence[Numbers], texts: Sequence[str | None]
    ) -> None:
        self._starts = starts
        self._columns = columns
        self._texts = texts
        """The last one is None: what `ABSENT` stands for."""

    def of(self, place: int) -> list[tuple[Any, ...]]:
        """What each row of the object at this place says: a text or None for each field."""
        texts, rows = self._texts, slice(self._starts[place], self._starts[place + 1])
        columns = [[texts[number] for number in each[rows].tolist()] for each in self._columns]
        return list(zip(*columns, strict=True))


class Gathering:
    """The lines that are wanted of a table's files, which are added oldest first."""

    def __init__(self, table: Table[Any], fields: Sequence[str], *, of: Sequence[str]) -> None:
        """`table`: its keys begin with an id; `fields`: texts; `of`: ids."""
        self._table = table
        self._fields = fields
        self._places = {identity: place for place, identity in enumerate(of)}
        self._numbers: dict[str, int] = {}
        self._columns: list[list[Numbers]] = [[] for _ in (*table.key, *fields, OPERATION)]
        """In parts: the places of objects, the rest of keys, the fields, and which rows stand."""

    def add(self, data: bytes) -> None:
        """The lines of one file more."""
        import numpy as np

        names = dict.fromkeys((*self._table.key, *self._fields))
        for batch in parquet.read_fields(data, list(names)).to_batches():
            ids = batch.column(0)
            known = [self._places.get(each, ABSENT) for each in ids.dictionary.to_pylist()]
            places = np.array(known, np.int32)[_indices(ids)]
            wanted = np.flatnonzero(places != ABSENT)
            if len(wanted):
                told = [self._told(batch, each, wanted=wanted) for each in self._told_fields]
                parts = (places[wanted], *told, _stands(batch)[wanted])
                for column, part in zip(self._columns, parts, strict=True):
                    column.append(part)

    def end(self) -> Gathered:
        """What the newest lines say."""
        import numpy as np

        columns = [_joined(parts) for parts in self._columns]
        width = len(self._table.key)
        # Stable: of lines with equal keys the newest stays last.
        order = np.lexsort(columns[:width][::-1])
        newest = columns[-1][order]
        if len(order):
            keys = (each[order] for each in columns[:width])
            same = np.logical_and.reduce([each[1:] == each[:-1] for each in keys])
            newest[:-1] &= ~same
        order = order[newest]
        starts = np.searchsorted(columns[0][order], np.arange(len(self._places) + 1)).tolist()
        told = [each[order] for each in columns[width:-1]]
        return Gathered(starts, told, [*self._numbers, None])

    @property
    def _told_fields(self) -> Sequence[str]:
        return (*self._table.key[1:], *self._fields)

    def _told(self, batch: pa.RecordBatch, name: str, *, wanted: Numbers) -> Numbers:
        """A field of the lines as numbers; those of a text stand for it."""
        import numpy as np

        at = batch.schema.get_field_index(name)
        if at < 0:
            return np.full(len(wanted), ABSENT, np.int32)
        column = batch.column(at)
        if not hasattr(column, "dictionary"):
            numbers: Numbers = column.to_numpy(zero_copy_only=False)
            return numbers[wanted].astype(np.int32)
        found, places = np.unique(_indices(column)[wanted], return_inverse=True)
        texts, seen = column.dictionary, self._numbers
        known = [
            seen.setdefault(texts[at].as_py(), len(seen)) if at != ABSENT else ABSENT
            for at in found.tolist()
        ]
        return np.array(known, np.int32)[places]


def _joined(parts: list[Numbers]) -> Numbers:
    """The parts as one, which are not needed any more."""
    import numpy as np

    joined: Numbers = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    parts.clear()
    return joined


def _indices(column: pa.DictionaryArray) -> Numbers:
    """Per line where its text stands in the dictionary; `ABSENT` for null."""
    import numpy as np

    indices = column.indices
    if not indices.null_count:
        return np.asarray(indices.to_numpy())
    return np.asarray(indices.fill_null(ABSENT).to_numpy())


def _stands(batch: pa.RecordBatch) -> Numbers:
    """Per line whether its row stands: lines of a delta file may drop one."""
    import numpy as np

    at = batch.schema.get_field_index(OPERATION)
    if at < 0:
        return np.ones(batch.num_rows, bool)
    column = batch.column(at)
    stands = [each != "drop" for each in column.dictionary.to_pylist()]
    return np.array(stands, bool)[_indices(column)]


__all__ = ["Gathered", "Gathering"]
