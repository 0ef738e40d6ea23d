"""Rows as Parquet and back: the schema is derived from the row struct, so a new table needs no
codec.

Same rows and same writer version, same bytes. Scalars are native columns, tuples of scalars are
lists, whatever is nested deeper is JSON text. The only file of the engine that knows pyarrow, which
loads on first use.
"""

from __future__ import annotations

import functools
import io
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import msgspec

from arco.model import Key, Row, Table, field_types

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_GROUP = 4096
ROWS_PER_FILE = 65536
OPERATION = "_op"
SLOT = "_seq"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES_REMEMBERED_MAX = 4096
SCALARS = (bool, int, float, str, bytes, date, datetime)


Lines: TypeAlias = Any
"""An Arrow table of lines, for those who only pass it on."""


class Changed(msgspec.Struct, frozen=True):
    """A key that changed: the row that stands there now, or None, and the slot that made it so."""

    key: Key
    row: msgspec.Struct | None
    seq: int


class Column(msgspec.Struct, frozen=True, eq=False):
    """One field of many lines: Arrow values, and what makes them those of the field."""

    name: str
    values: pa.Array
    convert: Callable[[Any], Any] | None

    def at(self, line: int) -> Any:
        """The field's value in this line."""
        value = self.values[line].as_py()
        return value if value is None or self.convert is None else self.convert(value)

    def between(self, start: int, stop: int) -> list[Any]:
        """The field's values in these lines."""
        values: list[Any] = self.values.slice(start, stop - start).to_pylist()
        convert = self.convert
        if convert is None:
            return values
        return [None if value is None else convert(value) for value in values]


def schema_of(table: Table[Any]) -> pa.Schema:
    """The Arrow schema of a table's rows."""
    import pyarrow as pa

    return pa.schema([_field(name, kind) for name, kind in field_types(table.row).items()])


def rows_to_arrow(table: Table[Row], rows: Sequence[Row]) -> pa.Table:
    """The rows as one Arrow table, a column per field."""
    import pyarrow as pa

    schema = schema_of(table)
    columns = [
        pa.array(encoded_values(rows, name, kind=kind), schema.field(name).type)
        for name, kind in field_types(table.row).items()
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def arrow_to_rows(
    table: Table[Row], data: pa.Table, *, only: Sequence[int] | None = None
) -> list[Row]:
    """The rows of an Arrow table written by `rows_to_arrow`, or those at the positions `only`.

    A column that the data lacks takes the struct's default. The positions are picked in Python:
    Arrow's own `take` would load its compute library, and pandas with it.
    """
    columns: dict[str, list[Any]] = {}
    for name, kind in field_types(table.row).items():
        if name in data.column_names:
            values = _pylist(data.column(name), kind)
            picked = values if only is None else [values[position] for position in only]
            columns[name] = _values(picked, kind)
    names = tuple(columns)
    make = table.row
    return [
        make(**dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def write_base(table: Table[Row], rows: Sequence[Row]) -> bytes:
    """One base file: rows in key order, row groups of `ROWS_PER_GROUP`."""
    return _write(rows_to_arrow(table, rows))


def write_delta(table: Table[Any], changed: Sequence[Changed]) -> bytes:
    """One delta run: a line per changed key with `_op` and `_seq`; a dropped row keeps only its
    key.
    """
    return _write(changed_to_arrow(table, changed))


def changed_to_arrow(table: Table[Any], changed: Sequence[Changed]) -> pa.Table:
    """The lines of a delta run."""
    import pyarrow as pa

    rows = [item.row if item.row is not None else _tombstone(table, item.key) for item in changed]
    data = rows_to_arrow(table, rows).cast(nullable_schema(schema_of(table)))
    operations = ["drop" if item.row is None else "put" for item in changed]
    data = data.append_column(OPERATION, pa.array(operations, pa.string()))
    return data.append_column(SLOT, pa.array([item.seq for item in changed], pa.int64()))


def read_rows(table: Table[Row], data: bytes) -> list[Row]:
    """The rows of a base file."""
    return arrow_to_rows(table, read_groups(data, None))


def read_changed(table: Table[Any], data: bytes) -> list[Changed]:
    """The lines of a delta run."""
    lines = read_groups(data, None)
    operations = lines.column(OPERATION).to_pylist()
    slots = lines.column(SLOT).to_pylist()
    puts = [i for i, operation in enumerate(operations) if operation == "put"]
    rows = dict(zip(puts, arrow_to_rows(table, lines, only=puts), strict=True))
    keys = keys_of(table, lines)
    return [Changed(key, rows.get(i), slots[i]) for i, key in enumerate(keys)]


def read_groups(data: bytes, groups: Sequence[int] | None) -> pa.Table:
    """The lines of some row groups, or of all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    return file.read() if groups is None else file.read_row_groups(list(groups))


def read_fields(data: bytes, names: Sequence[str]) -> pa.Table:
    """Some fields of every line, and `_op` where lines have one; each text stands once, in a
    dictionary.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(pa.BufferReader(data))
    found = [name for name in (*names, OPERATION) if name in schema.names]
    texts = [name for name in found if schema.field(name).type == pa.string()]
    return pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(found)


def give_back_memory() -> None:
    """What reading needed for a while goes back to the system: Arrow would keep it for later."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def keys_of(table: Table[Any], lines: pa.Table) -> list[Key]:
    """The key of every line. Equal parts of keys are one object, but for the last part."""
    types = field_types(table.row)
    parts = [_values(_pylist(lines.column(name), types[name]), types[name]) for name in table.key]
    return list(zip(*(_shared(values) for values in parts[:-1]), parts[-1], strict=True))


class ColumnKeys(Sequence[Key]):
    """The keys of lines, made when they are asked for: there are very many, and few are."""

    def __init__(self, parts: Sequence[Column]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts[0].values)

    def made(self) -> list[Key]:
        """All of them, for who has asked for many: looking one up is several times faster then.
        Equal parts are one object, but for the last part.
        """
        values = [part.between(0, len(self)) for part in self._parts]
        return list(zip(*(_shared(each) for each in values[:-1]), values[-1], strict=True))

    @overload
    def __getitem__(self, at: int) -> Key: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Key]: ...
    def __getitem__(self, at: int | slice) -> Key | Sequence[Key]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            return list(zip(*(part.between(start, stop) for part in self._parts), strict=True))
        return tuple(part.at(at) for part in self._parts)


def keys_to_look_up(table: Table[Any], lines: pa.Table) -> ColumnKeys:
    """The key of every line, for who asks for few of them."""
    types = field_types(table.row)
    return ColumnKeys([_column(lines, name, kind=types[name]) for name in table.key])


def _shared(values: list[Any]) -> list[Any]:
    known: dict[Any, Any] = {}
    return [known.setdefault(value, value) for value in values]


def columns_of(table: Table[Any], lines: pa.Table) -> list[Column]:
    """The columns that hold fields of the row, in one piece each."""
    return [
        _column(lines, name, kind=kind)
        for name, kind in field_types(table.row).items()
        if name in lines.column_names
    ]


def _column(lines: pa.Table, name: str, *, kind: Any) -> Column:
    return Column(name, _one_array(lines.column(name), kind), _converter(kind))


def write_lines(lines: pa.Table, rows_per_group: int = ROWS_PER_GROUP) -> bytes:
    """A file of lines that stand in key order already."""
    return _write(lines, rows_per_group)


def _write(data: pa.Table, rows_per_group: int = ROWS_PER_GROUP) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(
        data.combine_chunks(),
        sink,
        row_group_size=rows_per_group,
        compression="zstd",
        store_schema=False,
    )
    return sink.getvalue()


def _tombstone(table: Table[Any], key: Key) -> Any:
    return _dropped(table)(**dict(zip(table.key, key, strict=True)))


@functools.cache
def _dropped(table: Table[Any]) -> type[types.SimpleNamespace]:
    """What stands for a row of the table of which only the key is left."""
    return type("Dropped", (types.SimpleNamespace,), dict.fromkeys(field_types(table.row)))


def nullable_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with every column nullable, as delta files have it."""
    import pyarrow as pa

    return pa.schema([field.with_nullable(True) for field in schema])


def _field(name: str, kind: Any) -> pa.Field:
    import pyarrow as pa

    kind, nullable = _optional(kind)
    return pa.field(name, _arrow_type(kind), nullable)


def _optional(kind: Any) -> tuple[Any, bool]:
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType) and type(None) in arguments:
        rest = [argument for argument in arguments if argument is not type(None)]
        return (rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]), True  # noqa: UP007
    return kind, False


def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    if isinstance(kind, type) and issubclass(kind, str | Enum):
        return pa.string()
    scalars = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        bytes: pa.binary(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    if kind in scalars:
        return scalars[kind]
    if _is_list(kind):
        return pa.list_(_arrow_type(typing.get_args(kind)[0]))
    return pa.string()


def _is_list(kind: Any) -> bool:
    arguments = typing.get_args(kind)
    variadic = len(arguments) == 2 and arguments[1] is Ellipsis
    return typing.get_origin(kind) is tuple and variadic and arguments[0] in SCALARS


def _is_native(kind: Any) -> bool:
    return kind in SCALARS or _is_list(kind) or (isinstance(kind, type) and issubclass(kind, str))


def encoded_values(rows: Sequence[Any], name: str, *, kind: Any) -> list[Any]:
    """One field of the rows, as Arrow holds it."""
    values = list(map(attrgetter(name), rows))
    kind, _ = _optional(kind)
    if _is_native(kind):
        return values
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return msgspec.json.encode(value, order="sorted").decode()


def _pylist(column: pa.ChunkedArray, kind: Any) -> list[Any]:
    values: list[Any] = _one_array(column, kind).to_pylist()
    if _optional(kind)[0] is datetime:
        return [None if n is None else _time(n) for n in values]
    return values


def _one_array(column: pa.ChunkedArray, kind: Any) -> pa.Array:
    """The values in one piece; times as integers, because Arrow's own way loads pandas."""
    import pyarrow as pa

    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.view(pa.int64()) if _optional(kind)[0] is datetime else array


@functools.lru_cache(TIMES_REMEMBERED_MAX)
def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _values(values: list[Any], kind: Any) -> list[Any]:
    if _optional(kind)[0] is datetime:
        return values
    convert = _converter(kind)
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


@functools.cache
def _member_of(kind: type[Enum]) -> Callable[[Any], Enum]:
    """What makes the enum's member of a value; it is asked for the same few very many times."""
    return functools.cache(kind)


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a plain value that of the field; None: it is that already."""
    kind, _ = _optional(kind)
    if kind is datetime:
        return _time
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member_of(kind)
    if _is_list(kind):
        return tuple
    if _is_native(kind):
        return None
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    return decoder.decode


__all__ = [
    "OPERATION",
    "ROWS_PER_FILE",
    "ROWS_PER_GROUP",
    "SLOT",
    "Changed",
    "Column",
    "ColumnKeys",
    "Lines",
    "arrow_to_rows",
    "changed_to_arrow",
    "columns_of",
    "encoded_values",
    "give_back_memory",
    "keys_of",
    "keys_to_look_up",
    "nullable_schema",
    "read_changed",
    "read_fields",
    "read_groups",
    "read_rows",
    "rows_to_arrow",
    "schema_of",
    "write_base",
    "write_delta",
    "write_lines",
]
