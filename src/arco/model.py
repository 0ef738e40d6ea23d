"""The whole vocabulary of folding: Event, Table, Put, Drop, State, Domain.

A reducer returns changes; a decision returns events. Must not know
files, logs, clocks or any business word.
"""

from __future__ import annotations

import functools
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import msgspec
import msgspec.inspect

Key: TypeAlias = tuple[Any, ...]
Row = TypeVar("Row", bound=msgspec.Struct)
_FIELD_TYPES: dict[type[msgspec.Struct], dict[str, Any]] = {}
_TIME_FIELDS: dict[type[msgspec.Struct], tuple[str, ...]] = {}


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event says. One subclass per event; its name is the event's type, past tense."""

    VERSION: ClassVar[int] = 1


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fact: what happened (`payload`), and who made it happen (`actor`)."""

    payload: Payload
    actor: str = ""
    trace: str = ""


class Table(msgspec.Struct, Generic[Row], frozen=True, eq=False):
    """A projection: rows of one struct type under a unique key; all else derives from this line."""

    name: str
    row: type[Row]
    key: tuple[str, ...]
    public: bool = True

    def key_of(self, row: Row) -> Key:
        """The row's key, in the order of `key`."""
        key_of = _KEYS.get(self)
        if key_of is None:
            key_of = _KEYS[self] = _key_getter(self.key)
        return key_of(row)


def _key_getter(fields: tuple[str, ...]) -> Callable[[Any], Key]:
    if len(fields) == 1:
        only = attrgetter(fields[0])
        return lambda row: (only(row),)
    return attrgetter(*fields)


_KEYS: dict[Table[Any], Callable[[Any], Key]] = {}


class Relation(msgspec.Struct, frozen=True, eq=False):
    """Edges: each stands in both tables, whose keys are its two ends, near and far.

    `forward` is keyed by where an edge comes from, `backward` by where it goes to.
    """

    forward: Table[Any]
    backward: Table[Any]

    @property
    def width(self) -> int:
        """How many parts of a key are one end."""
        return len(self.forward.key) // 2


class Put(msgspec.Struct, frozen=True, gc=False):
    """The row now stands under its key."""

    table: Table[Any]
    row: msgspec.Struct


class Drop(msgspec.Struct, frozen=True, gc=False):
    """No row stands under the key any more."""

    table: Table[Any]
    key: Key


Change: TypeAlias = Put | Drop


class State(Protocol):
    """All tables at one slot."""

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        """The row under `key`, or None."""
        ...

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        """Rows whose key starts with `prefix`, in key order; past the full key `after` if given."""
        ...


class Noting(Protocol):
    """A state that says when rows moved, so that what was worked out from them can be kept."""

    notes: dict[str, Any]
    """What was worked out, by who did it; it says nothing that the rows do not."""

    def mark(self, table: Table[Any], first: Any) -> object:
        """Another object each time a row whose key begins with `first` has moved; None: whatever is
        worked out from these rows must not be kept.
        """
        ...


def noting(state: State) -> Noting | None:
    """The state, if it keeps notes."""
    # A hundred times cheaper than asking whether it is an instance of the protocol.
    return typing.cast("Noting", state) if hasattr(state, "mark") else None


class AsRow(msgspec.Struct, frozen=True, eq=False):
    """The reducer of a fact that is a row: the fields of `table`'s row are taken from the fact.

    Law F8: of facts with one key the one stands that is larger by its `newest` fields, then by its
    JSON; so order never matters, and a repeated fact changes nothing. The engine folds such facts
    many at a time; this is what they mean.
    """

    table: Table[Any]
    newest: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        info = typing.cast("msgspec.inspect.StructType", msgspec.inspect.type_info(self.table.row))
        for field in info.fields:
            assert _is_bounded(field.type), f"{self.table.name}.{field.name} has no bounds"
            optional = isinstance(field.type, msgspec.inspect.UnionType)
            assert not (optional and field.name in self.newest), f"{field.name} may be null"

    def __call__(self, state: State, fact: Payload) -> Iterator[Change]:
        row = self.row_of(fact)
        known = state.get(self.table, *self.table.key_of(row))
        if known is None or self.rank(row) > self.rank(known):
            yield Put(self.table, row)

    def row_of(self, fact: Payload) -> Any:
        """The row that the fact is, times in UTC."""
        row: Any = fact
        if type(fact) is not self.table.row:
            row = msgspec.convert(fact, self.table.row, from_attributes=True)
        for name in time_fields(self.table.row):
            moment = getattr(row, name)
            if moment is not None and moment.tzinfo is not UTC:
                row = msgspec.structs.replace(row, **{name: moment.astimezone(UTC)})
        return row

    def rank(self, row: msgspec.Struct) -> tuple[Any, ...]:
        """What decides between two rows of one key."""
        return (*(getattr(row, name) for name in self.newest), msgspec.json.encode(row))


class Jointly(msgspec.Struct, frozen=True, eq=False):
    """The reducer of a fact of which many are cheaper at once than one after the other.

    Law F8: what `reduce` says of some facts is what it would say of each alone, in any order; each
    key at most once.
    """

    reduce: Callable[[State, Sequence[Any]], Iterable[Change]]

    def __call__(self, state: State, fact: Payload) -> Iterable[Change]:
        return self.reduce(state, (fact,))


class NotLoaded(Exception):
    """A cold row was asked for; the engine loads keys that start with `prefix` and asks again."""

    def __init__(self, table: Table[Any], prefix: Key) -> None:
        super().__init__(f"{table.name} {prefix!r} is not in memory")
        self.table = table
        self.prefix = prefix
        self.others: Sequence[NotLoaded] = ()
        """What was asked for beside it, and is loaded with it."""


class Unfinished(NotLoaded):
    """A long question stops, for others to have their turn, and goes on when it is asked again.

    What it found stands in the notes of the state: a state that keeps none is never asked in parts.
    """


class Misses:
    """What the parts of one question miss, each asked `with` this one after the other: all of it is
    loaded at once, so that the question is asked again as often as its deepest part misses.

    No row is ever made up: a part that misses one ends there, and what parts after it find out is
    not heard, refusals included.
    """

    def __init__(self) -> None:
        self._found: list[NotLoaded] = []

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, NotLoaded):
            self._found += (error, *error.others)
            return True
        return bool(self._found) and isinstance(error, Exception)

    @property
    def any(self) -> bool:
        """True once a part missed something."""
        return bool(self._found)

    def settle(self) -> None:
        """Nothing, when no part missed anything.

        Raises: NotLoaded.
        """
        if self._found:
            first, *others = self._found
            first.others = others
            raise first


def _is_bounded(kind: msgspec.inspect.Type) -> bool:
    """True when every value that a fact may bring fits the table's column."""
    if isinstance(kind, msgspec.inspect.UnionType):
        return all(_is_bounded(each) for each in kind.types)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _is_bounded(kind.item_type)
    if isinstance(kind, msgspec.inspect.IntType):
        return kind.ge is not None and kind.le is not None
    return not isinstance(kind, msgspec.inspect.DateTimeType) or kind.tz is True


def rows_under(state: State, table: Table[Row], *, keys: Iterable[Key]) -> dict[Key, Row]:
    """The rows that stand under these keys; cold ones are asked for together.

    Raises: NotLoaded.
    """
    found: dict[Key, Row] = {}
    misses = Misses()
    for key in keys:
        with misses:
            row = state.get(table, *key)
            if row is not None:
                found[key] = row
    misses.settle()
    return found


Reducer: TypeAlias = Callable[[State, Any], Iterable[Change]]
Names: TypeAlias = Callable[[State, Any], Iterable[str]]
Decision: TypeAlias = Callable[[State, datetime], Sequence[Event]]


class Domain(msgspec.Struct, frozen=True, eq=False):
    """One business area: its tables, one reducer for each of its events, one for each of its facts.

    Law F8: the reducers of facts commute. A fact comes by a lane, in whatever order lanes are read.
    """

    name: str
    tables: tuple[Table[Any], ...]
    reducers: Mapping[type[Payload], Reducer]
    names: Mapping[type[Payload], Names] = {}
    """The stored objects that an event refers to: one that is condemned refuses the event."""
    facts: Mapping[type[Payload], Reducer] = {}
    open_facts: frozenset[type[Payload]] = frozenset()
    """Facts that anybody may send; the others are recorded by our own processes alone."""

    def event_type(self, payload: type[Payload]) -> str:
        """`domain.noun_past_participle`, the event's name on the wire."""
        return f"{self.name}.{snake_case(payload.__name__)}"


@functools.cache
def snake_case(name: str) -> str:
    """The snake_case spelling of a CamelCase name; a version suffix is not part of an event's type.

    >>> snake_case("RunTriggered"), snake_case("RunTriggeredV2")
    ('run_triggered', 'run_triggered')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", re.sub(r"V\d+$", "", name)).lower()


def field_types(row: type[msgspec.Struct]) -> dict[str, Any]:
    """The resolved type of every field, in declaration order.

    >>> field_types(msgspec.defstruct("Entry", [("name", str)]))
    {'name': <class 'str'>}
    """
    known = _FIELD_TYPES.get(row)
    if known is None:
        hints = typing.get_type_hints(row)
        known = _FIELD_TYPES[row] = {name: hints[name] for name in row.__struct_fields__}
    return known


def time_fields(row: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that hold a time."""
    known = _TIME_FIELDS.get(row)
    if known is None:
        kinds = field_types(row).items()
        known = _TIME_FIELDS[row] = tuple(
            name for name, kind in kinds if datetime in (kind, *typing.get_args(kind))
        )
    return known


__all__ = [
    "AsRow",
    "Change",
    "Decision",
    "Domain",
    "Drop",
    "Event",
    "Jointly",
    "Key",
    "Misses",
    "Names",
    "NotLoaded",
    "Noting",
    "Payload",
    "Put",
    "Reducer",
    "Relation",
    "Row",
    "State",
    "Table",
    "Unfinished",
    "field_types",
    "noting",
    "rows_under",
    "snake_case",
    "time_fields",
]
