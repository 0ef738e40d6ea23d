"""Arrow data as bytes: rows of ours, and tables of any kind.

Must not know what the bytes are for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from arco.engine.parquet import rows_to_arrow
from arco.model import Table

if TYPE_CHECKING:
    import pyarrow as pa


def rows_to_ipc(table: Table[Any], rows: Sequence[msgspec.Struct]) -> bytes:
    """The rows as an Arrow IPC stream, with the columns they have in snapshot files."""
    return ipc_of(rows_to_arrow(table, rows))


def ipc_of(data: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data)
    return sink.getvalue()


__all__ = ["ipc_of", "rows_to_ipc"]
