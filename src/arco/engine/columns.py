"""Columns of lines as the values of fields: Arrow holds them, and Python gets those it asks for.

Must not know files: `parquet` reads and writes them.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, overload

import msgspec

from arco.model import Key, Table, field_types

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES_REMEMBERED_MAX = 4096
SCALARS = (bool, int, float, str, bytes, date, datetime)


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


def keys_of(table: Table[Any], lines: pa.Table) -> list[Key]:
    """The key of every line. Equal parts of keys are one object, but for the last part."""
    types = field_types(table.row)
    parts = [values_of(lines.column(name), types[name]) for name in table.key]
    return list(zip(*(_shared(values) for values in parts[:-1]), parts[-1], strict=True))


class ColumnKeys(Sequence[Key]):
    """The keys of lines, made when they are asked for: there are very many, and few are.

    Those that were made stay: who looks for one looks at the same few on the way as all before.
    """

    def __init__(self, parts: Sequence[Column]) -> None:
        self._parts = parts
        self._known: dict[int, Key] = {}

    @property
    def known(self) -> int:
        """How many of them were made."""
        return len(self._known)

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
        known = self._known
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            if not all(position in known for position in range(start, stop)):
                parts = zip(*(part.between(start, stop) for part in self._parts), strict=True)
                known.update(enumerate(parts, start))
            return [known[position] for position in range(start, stop)]
        key = known.get(at)
        if key is None:
            key = known[at] = tuple([part.at(at) for part in self._parts])
        return key


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


def values_of(
    column: pa.ChunkedArray, kind: Any, *, only: Sequence[int] | None = None
) -> list[Any]:
    """The values of a field in all lines, or in those at the positions `only`."""
    values = _pylist(column, kind)
    picked = values if only is None else [values[position] for position in only]
    return _values(picked, kind)


def optional(kind: Any) -> tuple[Any, bool]:
    """A field's type without None, and whether it may be None."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType) and type(None) in arguments:
        rest = [argument for argument in arguments if argument is not type(None)]
        return (rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]), True  # noqa: UP007
    return kind, False


def is_list(kind: Any) -> bool:
    """True for a tuple of any length of one kind of scalar."""
    arguments = typing.get_args(kind)
    variadic = len(arguments) == 2 and arguments[1] is Ellipsis
    return typing.get_origin(kind) is tuple and variadic and arguments[0] in SCALARS


def is_native(kind: Any) -> bool:
    """True for what a column holds as it is; the rest is text."""
    return kind in SCALARS or is_list(kind) or (isinstance(kind, type) and issubclass(kind, str))


def _pylist(column: pa.ChunkedArray, kind: Any) -> list[Any]:
    values: list[Any] = _one_array(column, kind).to_pylist()
    if optional(kind)[0] is datetime:
        return [None if n is None else _time(n) for n in values]
    return values


def _one_array(column: pa.ChunkedArray, kind: Any) -> pa.Array:
    """The values in one piece; times as integers, because Arrow's own way loads pandas."""
    import pyarrow as pa

    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.view(pa.int64()) if optional(kind)[0] is datetime else array


@functools.lru_cache(TIMES_REMEMBERED_MAX)
def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _values(values: list[Any], kind: Any) -> list[Any]:
    if optional(kind)[0] is datetime:
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
    kind, _ = optional(kind)
    if kind is datetime:
        return _time
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member_of(kind)
    if is_list(kind):
        return tuple
    if is_native(kind):
        return None
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    return decoder.decode


__all__ = [
    "Column",
    "ColumnKeys",
    "columns_of",
    "is_list",
    "is_native",
    "keys_of",
    "keys_to_look_up",
    "optional",
    "values_of",
]
