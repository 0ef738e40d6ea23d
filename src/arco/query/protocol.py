"""What travels between the control plane and a query worker.

Frames are a four-byte big-endian length and that many bytes: a header is JSON, and bytes it
announces follow as frames of their own. Never pickle. Must not know sockets, DuckDB or Arrow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from arco.orchestration.definitions import Format as TableFormat
from arco.query.names import TableName

FRAME_BYTES_MAX = 2**31


class Format(StrEnum):
    """How the rows of a result are spelled."""

    ARROW = "arrow"
    JSON = "json"
    CSV = "csv"
    TEXT = "text"


class Limits(msgspec.Struct, frozen=True):
    """What one query may cost."""

    sql_bytes_max: int = 64 * 1024
    rows_max: int = 100_000
    result_bytes_max: int = 64 * 1024 * 1024
    seconds_max: float = 30.0


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Run one SELECT."""

    sql: str
    parameters: list[Any] | dict[str, Any] | None = None
    """Values for `?` and `$1` (a list) or `$name` (a dict)."""
    limits: Limits = Limits()
    format: Format = Format.ARROW


class Inline(msgspec.Struct, frozen=True):
    """A small table, handed over as an Arrow IPC stream."""

    ipc: bytes


class Framed(msgspec.Struct, frozen=True, tag="framed"):
    """`Inline` on the wire: the bytes are the next frame."""


class Layers(msgspec.Struct, frozen=True, eq=False):
    """A large table of ours: Parquet files whose bytes were checked, and what changed above them.

    Of each key the newest line counts, unless that is a drop.
    """

    key: tuple[str, ...]
    base: int
    deltas: int
    files: Callable[[], AsyncIterator[bytes]]
    """The bytes of each: the base, then the deltas, oldest first."""
    changed: bytes
    """Lines that stand in no file yet, as an Arrow IPC stream; its schema is the table's."""
    defaults: bytes
    """One row of what stands in columns that older files lack, as an Arrow IPC stream."""


class Restriction(msgspec.Struct, frozen=True):
    """What of a table is left for the asker; it is applied before the query sees a row."""

    columns: tuple[str, ...] = ()
    """The only columns; none: all."""
    predicate: str = ""
    """The rows; empty: all."""
    masks: dict[str, str] = {}
    """Column -> the expression that stands in its place."""
    caller: str = ""
    groups: tuple[str, ...] = ()


class PinnedTable(msgspec.Struct, frozen=True, tag="pinned"):
    """A table at one version."""

    location: str
    version: int
    entry: str = ""
    """The hash of that version's log entry, if it was recorded."""
    format: TableFormat = "delta"
    restriction: Restriction | None = None


class Layered(msgspec.Struct, frozen=True, tag="layered"):
    """`Layers` on the wire: the next frames are the base files, the delta files, the changed lines
    and the defaults.
    """

    key: tuple[str, ...]
    base: int
    deltas: int


class ParquetFolder(msgspec.Struct, frozen=True, tag="folder"):
    """The Parquet files that stand in a folder now, as one table."""

    location: str
    restriction: Restriction | None = None


class IcebergTable(msgspec.Struct, frozen=True, tag="iceberg"):
    """An Iceberg table of others, at one version of its metadata."""

    location: str
    version: int
    restriction: Restriction | None = None


class ViewText(msgspec.Struct, frozen=True, tag="view"):
    """A query that stands for a table; what it reads is needed next."""

    text: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """There is no such table, or the asker must not see it."""

    close: tuple[str, ...] = ()
    """Dotted names the query may have meant; only ones the asker may see."""
    hint: str = ""


UsersTable: TypeAlias = PinnedTable | ParquetFolder | IcebergTable
OnWire: TypeAlias = Framed | Layered | UsersTable | ViewText | Missing


class Provide(msgspec.Struct, frozen=True, tag="provide"):
    """What stands behind each needed name, in the order of `Needs.tables`."""

    provisions: tuple[OnWire, ...]


class Abandon(msgspec.Struct, frozen=True, tag="abandon"):
    """The tables cannot be provided: forget the query."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The engine is loaded and the sandbox is closed."""

    pid: int


class Needs(msgspec.Struct, frozen=True, tag="needs"):
    """The tables that the query, or a view it reads, reads besides those provided already: each
    once, in order of appearance.
    """

    tables: tuple[TableName, ...]


class Column(msgspec.Struct, frozen=True):
    """A column of a result; `type` is spelled as SQL spells it."""

    name: str
    type: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The answer; its body is the next frame."""

    columns: tuple[Column, ...]
    rows: int
    truncated: bool


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The query was refused or went wrong; `kind` names a class of `arco.errors`."""

    kind: str
    code: str
    message: str
    hint: str = ""


Provision: TypeAlias = Inline | Layers | UsersTable | ViewText | Missing
ToWorker: TypeAlias = Ask | Provide | Abandon
FromWorker: TypeAlias = Ready | Needs | Done | Failed


def frames_behind(provision: OnWire) -> int:
    """How many frames follow for what is provided."""
    if isinstance(provision, Layered):
        return provision.base + provision.deltas + 2
    return 1 if isinstance(provision, Framed) else 0


def framed(body: bytes) -> bytes:
    """The bytes with their length in front."""
    return len(body).to_bytes(4, "big") + body


def encode(message: ToWorker | FromWorker) -> bytes:
    """The message as one frame."""
    return framed(msgspec.json.encode(message))


__all__ = [
    "FRAME_BYTES_MAX",
    "Abandon",
    "Ask",
    "Column",
    "Done",
    "Failed",
    "Format",
    "Framed",
    "FromWorker",
    "IcebergTable",
    "Inline",
    "Layered",
    "Layers",
    "Limits",
    "Missing",
    "Needs",
    "OnWire",
    "ParquetFolder",
    "PinnedTable",
    "Provide",
    "Provision",
    "Ready",
    "Restriction",
    "ToWorker",
    "UsersTable",
    "ViewText",
    "encode",
    "framed",
    "frames_behind",
]
