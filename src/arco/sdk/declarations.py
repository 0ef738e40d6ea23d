"""What the decorators remember until a project is compiled: a record per asset, check, schedule.

Law: declaring has no effect but the record; nothing is resolved or refused before the compile,
which sees everything. Must not know other declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from types import ModuleType
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

import msgspec

from arco.orchestration.conditions import Condition
from arco.orchestration.definitions import (
    CursorKind,
    Executor,
    Format,
    Freshness,
    NewsKind,
    Overlap,
    RetryPolicy,
    SchemaPolicy,
    SourceLine,
    WebhookDefinition,
    Which,
    WriteMode,
)
from arco.orchestration.partitions import PartitionMapping, Partitions

Function: TypeAlias = Callable[..., Any]
T = TypeVar("T")
MARK = "__arco_declaration__"
MARKS = "__arco_declarations__"
"""Of a function: its checks and schedules, which may be several."""


class AssetRef(msgspec.Struct, frozen=True):
    """An upstream and how its partitions map to the reader's."""

    asset: Any
    """`namespace.name`, a name, a decorated function, or what `sql_asset` returned."""
    mapping: PartitionMapping | None = None


class OutputOptions(TypedDict, total=False):
    """What `Output` accepts besides its name: of each table what it likes."""

    description: str
    partition_columns: Mapping[str, str]
    format: Format
    write_mode: WriteMode
    merge_keys: Sequence[str]
    schema_policy: SchemaPolicy
    tags: Mapping[str, str] | Sequence[str]
    group: str
    owners: Sequence[str]
    column_lineage: Mapping[str, str | Sequence[str]]
    condition: Condition
    freshness: Freshness | timedelta


class _WorkOptions(TypedDict, total=False):
    """What concerns the function and the task that runs it, whatever it makes."""

    namespace: str
    inputs: Mapping[str, Any]
    deps: Sequence[Any]
    partitions: Partitions
    retries: int | RetryPolicy
    retry_delay_seconds: float
    retry_backoff: Literal["constant", "exponential"]
    retry_jitter_percent: int
    timeout_seconds: float
    priority: int
    pools: Mapping[str, int]
    memory_bytes: int
    cpu_millicores: int
    executor: Executor
    code_version: str


class AssetOptions(OutputOptions, _WorkOptions, total=False):
    """What `@asset` and `sql_asset` accept besides the code."""

    name: str
    key: str
    memoize: bool


class MultiAssetOptions(OutputOptions, _WorkOptions, total=False):
    """What `@multi_asset` accepts besides its outputs: what holds for all of them, and for the one
    task that makes them.
    """


class ExternalOptions(TypedDict, total=False):
    """What `external_asset` accepts besides where the data is."""

    description: str
    retries: int | RetryPolicy
    retry_delay_seconds: float
    timeout_seconds: float
    priority: int
    pools: Mapping[str, int]
    tags: Mapping[str, str] | Sequence[str]
    group: str
    owners: Sequence[str]


class Elsewhere(msgspec.Struct, frozen=True):
    """Where data stands that somebody else writes; an empty location cannot be read."""

    location: str
    format: Format


class AssetDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One asset as it was written; `source.file` is still absolute."""

    source: SourceLine
    options: AssetOptions
    function: Function | None = None
    sql: str = ""
    elsewhere: Elsewhere | None = None
    """Of an external asset; its function, if it has one, says which version stands there."""
    replaces: AssetDeclaration | None = None
    """The declaration whose place it takes: whoever names that one means this one."""
    output: str = ""
    """Of a function that makes several: the name under which it returns this one."""
    family: Sequence[AssetDeclaration] = ()
    """Of a function that makes several: all of them in its order, this one included."""

    @property
    def label(self) -> str:
        """What to call the asset before its key is known."""
        own = self.function.__name__ if self.function else ""
        return self.options.get("key") or self.options.get("name") or own


class CheckDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One check as it was written."""

    source: SourceLine
    function: Function
    asset: Any
    name: str
    blocking: bool
    description: str


class ScheduleOptions(TypedDict, total=False):
    """What `schedule` accepts besides the expression."""

    name: str
    timezone: str
    select: Any
    """A term of the selection language, a decorated asset, or a sequence of these."""
    partition: str
    which: Which
    overlap: Overlap
    catch_up_seconds: float
    catch_up_max: int
    enabled: bool
    description: str


class ScheduleDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One schedule as it was written; it decorates the assets it runs, or selects them."""

    source: SourceLine
    cron: Any
    options: ScheduleOptions
    decorated: list[Any] = []

    def __call__(self, asset: T) -> T:
        """Runs the decorated asset, too."""
        self.decorated.append(asset)
        attach(asset, self)
        return asset


class SensorOptions(TypedDict, total=False):
    """What `@sensor` accepts."""

    name: str
    on: Literal["interval", "message"]
    select: Any
    """What its requests run that name nothing: a term, a decorated asset, or a sequence."""
    interval_seconds: float
    timeout_seconds: float
    cursor: CursorKind
    webhook: WebhookDefinition
    enabled: bool
    description: str


class SensorDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One sensor as it was written."""

    source: SourceLine
    function: Function
    options: SensorOptions

    @property
    def name(self) -> str:
        """What the sensor is called."""
        return self.options.get("name") or self.function.__name__


class NotifierOptions(TypedDict, total=False):
    """What `notify` accepts besides the name."""

    webhook: str
    """A URL, or `env:NAME` or `file:PATH` where it is found; so are the next two."""
    slack: str
    teams: str
    email: str | Sequence[str]
    """Who receives it."""
    smtp: str
    """`smtp://` or `smtps://`, or where it is found."""
    sender: str
    secret: str
    """Where the secret is found that webhooks are signed with."""
    on: NewsKind | Sequence[NewsKind]


class NotifierDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One notifier as it was written."""

    source: SourceLine
    name: str
    options: NotifierOptions


class ResourceDeclaration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One resource as it was written; its function returns the resource, or yields it once."""

    source: SourceLine
    function: Function
    name: str
    per: Literal["task", "worker"]


Declaration: TypeAlias = (
    AssetDeclaration
    | CheckDeclaration
    | ScheduleDeclaration
    | SensorDeclaration
    | NotifierDeclaration
    | ResourceDeclaration
)
DECLARED = (
    AssetDeclaration,
    CheckDeclaration,
    ScheduleDeclaration,
    SensorDeclaration,
    NotifierDeclaration,
    ResourceDeclaration,
)

_collected: ContextVar[list[Declaration] | None] = ContextVar("arco_declarations", default=None)


def record(declaration: Declaration) -> None:
    """Remember the declaration for whoever collects at the moment."""
    collected = _collected.get()
    if collected is not None:
        collected.append(declaration)


def attach(function: Any, declaration: Declaration) -> None:
    """The function carries one more declaration, if it can carry any."""
    if hasattr(function, "__dict__"):
        setattr(function, MARKS, (*getattr(function, MARKS, ()), declaration))


def declared_by(thing: Any) -> tuple[Declaration, ...]:
    """Every declaration that a thing is or carries; a module carries those of all its names."""
    if isinstance(thing, DECLARED):
        return (thing,)
    if isinstance(thing, ModuleType):
        found = [each for value in vars(thing).values() for each in _carried(value)]
        return tuple({id(each): each for each in found}.values())
    return _carried(thing)


def _carried(thing: Any) -> tuple[Declaration, ...]:
    if isinstance(thing, DECLARED):
        return (thing,)
    if not callable(thing) or isinstance(thing, type):
        return ()
    own = getattr(thing, MARK, None)
    return (*((own,) if own is not None else ()), *getattr(thing, MARKS, ()))


@contextmanager
def collecting() -> Iterator[list[Declaration]]:
    """A list that receives what is declared inside the block."""
    found: list[Declaration] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def declaration_of(thing: Any) -> Declaration | None:
    """The declaration a decorated function carries, or the one that `thing` is."""
    if isinstance(thing, AssetDeclaration | CheckDeclaration):
        return thing
    found = getattr(thing, MARK, None)
    return found if isinstance(found, AssetDeclaration | CheckDeclaration) else None


def family_of(thing: Any) -> tuple[AssetDeclaration, ...]:
    """What a decorated function makes that makes several; empty: it does not."""
    carried = getattr(thing, MARKS, ()) if callable(thing) else ()
    return tuple(each for each in carried if isinstance(each, AssetDeclaration))


__all__ = [
    "MARK",
    "MARKS",
    "AssetDeclaration",
    "AssetOptions",
    "AssetRef",
    "CheckDeclaration",
    "Declaration",
    "Elsewhere",
    "ExternalOptions",
    "Function",
    "MultiAssetOptions",
    "NotifierDeclaration",
    "NotifierOptions",
    "OutputOptions",
    "ResourceDeclaration",
    "ScheduleDeclaration",
    "ScheduleOptions",
    "SensorDeclaration",
    "SensorOptions",
    "attach",
    "collecting",
    "declaration_of",
    "declared_by",
    "family_of",
    "record",
]
