"""Files of a large table and the lines above them, put together where they are asked for.

Law: of each key the newest line counts, unless that is a drop; what a file lacks is what a row of
ours would have there. DuckDB reads from the files what a statement needs of them, and no more.
Source: storage format, "Reading with DuckDB alone".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from arco.query.protocol import Layered
from arco.query.stage import Stage
from arco.query.wording import quoted

OPERATION, SLOT = "_op", "_seq"


def query(stage: Stage, source: str, *, layered: Layered, frames: Sequence[bytes]) -> str:
    """A query whose rows are those of the table; `source` begins the names it reads."""
    base, rest = frames[: layered.base], frames[layered.base :]
    changed, defaults = (arrow_stream(frame) for frame in rest[layered.deltas :])
    stage.connection.register(f"{source}_changed", changed)
    stage.connection.register(f"{source}_defaults", defaults)
    stand = _Standing(stage, source, defaults=frozenset(defaults.column_names))
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

    def __init__(self, stage: Stage, source: str, *, defaults: frozenset[str]) -> None:
        self._stage = stage
        self._source = source
        self._defaults = defaults

    def files(self, layer: str, frames: Sequence[bytes], *, names: Sequence[str]) -> list[str]:
        """A query for each kind of file: those that lack the same columns are read together."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for number, frame in enumerate(frames):
            has = tuple(pq.read_schema(pa.BufferReader(frame)).names)
            place = self._stage.hand(f"{self._source}/{layer}/{number}.parquet", frame)
            alike.setdefault(has, []).append(place)
        return [self._alike(has, places, names=names) for has, places in alike.items()]

    def _alike(self, has: Sequence[str], places: Sequence[str], *, names: Sequence[str]) -> str:
        taken = ", ".join(quoted(name) if name in has else self._absent(name) for name in names)
        listed = ", ".join(f"'{place}'" for place in places)
        return f"SELECT {taken} FROM read_parquet([{listed}])"

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
