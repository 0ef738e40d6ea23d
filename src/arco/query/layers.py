"""Files of a large table and the lines above them, put together where they are asked for.

Law: of each key the newest line counts, unless that is a drop; what a file lacks is what a row of
ours would have there. DuckDB reads from the files what a statement needs of them, and no more.
Source: storage format, "Reading with DuckDB alone".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from arco.query.protocol import Layered
from arco.query.wording import quoted

OPERATION, SLOT = "_op", "_seq"
FORMAT = ds.ParquetFileFormat()


def query(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    *,
    layered: Layered,
    frames: Sequence[bytes],
) -> str:
    """A query whose rows are those of the table; `source` begins the names it reads."""
    base, rest = frames[: layered.base], frames[layered.base :]
    changed, defaults = (arrow_stream(frame) for frame in rest[layered.deltas :])
    connection.register(f"{source}_changed", changed)
    connection.register(f"{source}_defaults", defaults)
    stand = _Standing(connection, source, defaults=frozenset(defaults.column_names))
    names = [name for name in changed.column_names if name not in (OPERATION, SLOT)]
    files = stand.files("base", base, names=names)
    above = stand.files("delta", rest[: layered.deltas], names=changed.column_names)
    if changed.num_rows or not files:
        above.append(f"SELECT * FROM temp.main.{source}_changed")
    return _newest(files, above, names=names, key=layered.key)


def _newest(
    files: Sequence[str], above: Sequence[str], *, names: Sequence[str], key: Sequence[str]
) -> str:
    if not above:
        return _union(files)
    taken, keys = _list(names), _list(key)
    lines = _union(above)
    parts = [f"({each}) ANTI JOIN ({lines}) USING ({keys})" for each in files]
    order = f"OVER (PARTITION BY {keys} ORDER BY {SLOT} DESC) = 1"
    newest = f"SELECT * FROM ({lines}) QUALIFY row_number() {order}"
    kept = [f"SELECT {taken} FROM {part}" for part in parts]
    return _union([*kept, f"SELECT {taken} FROM ({newest}) WHERE {OPERATION} = 'put'"])


class _Standing:
    """Where files stand as sources of a query."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, source: str, *, defaults: frozenset[str]
    ) -> None:
        self._connection = connection
        self._source = source
        self._defaults = defaults

    def files(self, layer: str, frames: Sequence[bytes], *, names: Sequence[str]) -> list[str]:
        """A query for each kind of file: those that lack the same columns are read together."""
        alike: dict[tuple[str, ...], list[ds.Fragment]] = {}
        for frame in frames:
            fragment = FORMAT.make_fragment(pa.BufferReader(frame))
            alike.setdefault(tuple(fragment.physical_schema.names), []).append(fragment)
        return [
            self._alike(f"{self._source}_{layer}_{number}", fragments, names=names)
            for number, fragments in enumerate(alike.values())
        ]

    def _alike(self, source: str, fragments: list[ds.Fragment], *, names: Sequence[str]) -> str:
        schema = fragments[0].physical_schema
        self._connection.register(source, ds.FileSystemDataset(fragments, schema, FORMAT))
        taken = ", ".join(
            f"it.{quoted(name)}" if name in schema.names else self._absent(name) for name in names
        )
        return f"SELECT {taken} FROM temp.main.{source} AS it"

    def _absent(self, name: str) -> str:
        if name not in self._defaults:
            return f"NULL AS {quoted(name)}"
        read = f"(SELECT {quoted(name)} FROM temp.main.{self._source}_defaults)"
        return f"{read} AS {quoted(name)}"


def arrow_stream(data: bytes) -> pa.Table:
    """The table that an Arrow IPC stream holds."""
    return pa.ipc.open_stream(pa.py_buffer(data)).read_all()


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def _union(parts: Sequence[str]) -> str:
    return "\nUNION ALL BY NAME\n".join(parts)


__all__ = ["arrow_stream", "query"]
