"""A large table as it stands, for who reads columns: the snapshot files that hold it, and the lines
that changed above them.

Law L4: both are of one slot. Law L6: no byte of a file is handed on whose hash differs. Must not
know who reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from arco.engine.index import File, TableFiles
from arco.engine.parquet import Changed, give_back_memory
from arco.engine.reader import Reader
from arco.engine.tables import Tables
from arco.model import State, Table
from arco.runtime import Runtime

FILES_AT_ONCE = 4
"""A file is read whole: of large tables it has some megabytes."""
ABOVE_ALL = 2**63 - 1
"""The slot of lines that no file has: above every other."""


class Columnar(msgspec.Struct, frozen=True, eq=False):
    """The files, and what stands above them."""

    files: TableFiles
    changed: tuple[Changed, ...]


def columnar(state: State, table: Table[Any]) -> Columnar | None:
    """The table of a state as files; None where its rows are few or all in memory, or where the
    state is none of files.
    """
    memory = state.memory.get(table.name) if isinstance(state, Tables) else None
    if memory is None or memory.stored is None or memory.stored.is_small:
        return None
    changed = (Changed(key, row, ABOVE_ALL) for key, row in memory.rows.items())
    return Columnar(memory.stored.files, tuple(changed))


async def listed(reader: Reader, files: TableFiles) -> tuple[File, ...]:
    """Every file: the base in key order, then the deltas, oldest first."""
    return (*await reader.base(files), *files.deltas)


async def contents(
    reader: Reader, files: tuple[File, ...], *, runtime: Runtime
) -> AsyncIterator[bytes]:
    """The bytes of each file. Cost: one GET each; a few of them are in memory at once.

    Raises: Corrupt OBJECT_DAMAGED.
    """
    for start in range(0, len(files), FILES_AT_ONCE):
        together = files[start : start + FILES_AT_ONCE]
        for data in await runtime.gather(reader.file(file) for file in together):
            yield data
    give_back_memory()


__all__ = ["Columnar", "columnar", "contents", "listed"]
