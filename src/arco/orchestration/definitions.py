"""What a project declares, as data: the manifest that deploying compiles and planning reads.

Values only, no behaviour and no user code. Durations are whole milliseconds: a manifest is hashed
as canonical JSON, which has no floats. There are many of these values and none can hold itself, so
Python's garbage collector need not look at them (`gc=False`).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from arco.orchestration.partitions import PartitionMapping, Partitions, dimensions

WriteMode: TypeAlias = Literal["replace", "append", "merge"]
"""What becomes of the rows that are there: of the partition, or of the table without partitions."""
SchemaPolicy: TypeAlias = Literal["strict", "evolve", "overwrite"]
Which: TypeAlias = Literal["stale", "refresh", "all"]
"""`refresh`: what is stale, and sources: only they can know whether the world outside moved on."""
Unchanged: TypeAlias = Literal["skip", "perform"]
"""What a run does with a task of a memoized asset that would come out as it did."""
Overlap: TypeAlias = Literal["skip", "queue_one", "queue_all", "cancel_running", "allow"]
Executor: TypeAlias = Literal["pool", "http", "ray"]
"""Who performs attempts: processes of the leading server, worker services, or a Ray cluster."""
DEFAULT_EXECUTOR: Executor = "pool"
AssetKind: TypeAlias = Literal["python", "sql", "external"]
"""`external`: somebody else writes the data; a run looks at it and records its version."""
Format: TypeAlias = Literal["delta", "parquet", "none"]
"""What the data is kept as. `none`: it is not kept. `parquet`: external folders of files only."""
SensorKind: TypeAlias = Literal["poll", "push"]
"""Looked at by the clock, or once for every message that somebody sends."""
CursorKind: TypeAlias = Literal["ordered", "opaque"]
"""`ordered`: numbers and texts that only grow; `opaque`: anything goes."""
Channel: TypeAlias = Literal["webhook", "slack", "teams", "email"]
NewsKind: TypeAlias = Literal[
    "run_failed",
    "run_recovered",
    "backfill_ended",
    "freshness_missed",
    "freshness_recovered",
    "breach",
    "breach_ended",
]
WebhookFormat: TypeAlias = Literal["standard", "github"]
"""How a sender signs: Standard Webhooks with id and time, or GitHub's hash of the body."""

FilesMin = Annotated[int, msgspec.Meta(ge=2, le=100_000)]
Megabytes = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Versions = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=525_600)]


class SourceLine(msgspec.Struct, frozen=True, gc=False):
    """Where the user wrote it: a path relative to the project, and a line."""

    file: str
    line: int


class CodeReference(msgspec.Struct, frozen=True, gc=False):
    """Which function a worker calls, and a hash of it and of the project functions it calls."""

    module: str
    qualname: str
    version: str


class RetryPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often and when a failed attempt is tried again."""

    max_attempts: int = 1
    delay_ms: int = 0
    backoff: Literal["constant", "exponential"] = "constant"
    cap_ms: int = 3_600_000
    jitter_percent: int = 0


class CheckDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A test of an asset's staged data; a blocking one keeps bad data from being published."""

    name: str
    code: CodeReference
    source: SourceLine
    blocking: bool = True
    description: str = ""


class Dependency(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An upstream asset, the parameter that receives it ("" for order only), and how partitions
    map.
    """

    upstream: str
    parameter: str = ""
    mapping: PartitionMapping | None = None
    """None: identity where both sides have the same partitions, else every upstream partition."""


class DeclaredSource(msgspec.Struct, frozen=True, gc=False):
    """The author says: `column` ("" for the rows as such) depends on a column of an upstream."""

    column: str
    upstream: str
    upstream_column: str


class SettingDefinition(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One field of a settings class."""

    name: str
    schema: str
    """What it takes, as JSON Schema."""
    secret: bool = False
    """It is or holds a secret, which only a worker looks up."""


class SettingsDefinition(msgspec.Struct, frozen=True, gc=False):
    """Settings that somebody reads under this name."""

    name: str
    fields: tuple[SettingDefinition, ...]


class AssetDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One asset: a table that code produces. `key` is `namespace.name`."""

    key: str
    code: CodeReference
    source: SourceLine
    kind: AssetKind = "python"
    sql: str = ""
    description: str = ""
    dependencies: tuple[Dependency, ...] = ()
    partitions: Partitions | None = None
    partition_columns: dict[str, str] = {}
    """Dimension -> column that carries it; a dimension without an entry is carried by
    `_{dimension}`.
    """
    checks: tuple[CheckDefinition, ...] = ()
    retry: RetryPolicy = RetryPolicy()
    timeout_ms: int = 3_600_000
    priority: int = 0
    pools: dict[str, int] = {}
    """Pool -> how many of its slots an attempt takes while it is out."""
    memory_bytes: int = 536_870_912
    cpu_millicores: int = 1000
    format: Format = "delta"
    location: str = ""
    """Of an external asset: where its data stands; empty: nowhere that can be read."""
    write_mode: WriteMode = "replace"
    merge_keys: tuple[str, ...] = ()
    """Of `merge`: the columns by which a row takes the place of one that is there."""
    schema_policy: SchemaPolicy = "evolve"
    tags: dict[str, str] = {}
    group: str = ""
    owners: tuple[str, ...] = ()
    executor: Executor = DEFAULT_EXECUTOR
    """Who performs its attempts: processes of the leading server, worker services, or a Ray
    cluster.
    """
    column_lineage: tuple[DeclaredSource, ...] = ()
    """Empty: the author says nothing; a query says it by itself."""
    settings: tuple[SettingsDefinition, ...] = ()
    """What it, its checks and their resources read, by name."""
    memoize: bool = False
    """Whether it is left out of runs in which it would come out as it did."""
    made_with: tuple[str, ...] = ()
    """Every asset that its function makes at once, itself included, sorted; empty: itself alone.
    The task of the first of them does the work.
    """

    @property
    def namespace(self) -> str:
        """The part before the first dot."""
        return self.key.split(".", 1)[0]

    @property
    def name(self) -> str:
        """The part after the first dot."""
        return self.key.split(".", 1)[1]

    @property
    def partition_carriers(self) -> dict[str, str]:
        """Dimension -> column, for every dimension of the asset's partitions."""
        named = self.partition_columns
        parts = dimensions(self.partitions)
        return {part.dimension: named.get(part.dimension, f"_{part.dimension}") for part in parts}


class ScheduleDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One schedule, as the project declares it."""

    name: str
    cron: str
    """Five fields, six with seconds first, or `@daily` and the like."""
    timezone: str = "UTC"
    selection: tuple[str, ...] = ()
    """Terms of the selection language; none: every asset."""
    partition: str = ""
    """What `--partition` takes; empty: `which` decides."""
    which: Which = "refresh"
    """Which of their partitions run."""
    overlap: Overlap = "skip"
    """What a tick does while the run of the one before has not ended."""
    catch_up_ms: int = 86_400_000
    """How late a tick may still be started."""
    catch_up_max: int = 1
    """How many late ticks are started, the newest; the others count as missed."""
    enabled: bool = True
    """Whether it is on when it is first deployed."""
    description: str = ""
    source: SourceLine = SourceLine("", 0)


class Freshness(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How fresh an asset has to be: never older than `max_age_ms`, made anew by every `by`."""

    max_age_ms: int = 0
    """How old its newest data may get; 0: any age."""
    by: str = ""
    """At each of these times it has to have been made since the one before; empty: at none."""
    timezone: str = "UTC"
    """The zone of `by`."""


class FreshnessDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The policy of one asset, as the project declares it."""

    asset: str
    policy: Freshness
    """How fresh it has to be."""
    source: SourceLine = SourceLine("", 0)


class WebhookDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages of a sender outside, who signs them instead of having a key of ours."""

    secret: str
    """Where the server finds it: `env:NAME` or `file:PATH`."""
    format: WebhookFormat = "standard"
    """How the sender signs."""
    tolerance_seconds: int = 300
    """How far the time that the sender signed may be from ours."""


class SensorDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A function that looks at the world outside and asks for runs."""

    name: str
    code: CodeReference
    kind: SensorKind = "poll"
    """Looked at by the clock, or once for every message."""
    selection: tuple[str, ...] = ()
    """What its requests run that name nothing: terms of the selection language; empty: every asset.
    """
    interval_ms: int = 30_000
    """From the end of one look to the next."""
    timeout_ms: int = 60_000
    """How long a look may take."""
    cursor: CursorKind = "ordered"
    """Whether its cursor only grows."""
    webhook: WebhookDefinition | None = None
    enabled: bool = True
    """Whether it is on when it is first deployed."""
    description: str = ""
    source: SourceLine = SourceLine("", 0)


class NotifierDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody who is told what happened. Where that is stands in the project's code alone."""

    name: str
    channel: Channel
    """In which form, and over what."""
    address: str
    """A URL, or of e-mail the server's; `env:NAME` or `file:PATH` says where it is found."""
    kinds: tuple[NewsKind, ...] = ("run_failed", "run_recovered", "backfill_ended")
    """What it is told. Where a log names nothing, it is these: what came later is always named."""
    secret: str = ""
    """Of webhooks: where the secret is found that they are signed with."""
    recipients: tuple[str, ...] = ()
    """Of e-mail."""
    sender: str = ""
    """Of e-mail."""
    source: SourceLine = SourceLine("", 0)


class MaintenancePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a table is worked on."""

    compact: bool = True
    """Whether small files are put together."""
    files_min: FilesMin = 8
    """So many small files of one partition are put together."""
    file_megabytes: Megabytes = 64
    """How large a file may become; one of half that size is small no more."""
    checkpoint_versions: Versions = 10
    """A checkpoint is due so many versions after the last one; 0: never."""


class TableMaintenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for some tables."""

    compact: bool | None = None
    files_min: FilesMin | None = None
    file_megabytes: Megabytes | None = None
    checkpoint_versions: Versions | None = None


class Maintenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.arco.maintenance]` of a project."""

    every_minutes: Minutes = 60
    """A leader looks at a table that changed no more often."""
    compact: bool = True
    files_min: FilesMin = 8
    file_megabytes: Megabytes = 64
    checkpoint_versions: Versions = 10
    tables: dict[str, TableMaintenance] = {}
    """Table, or a pattern of tables -> what is different for it; the first that fits counts."""

    def policy(self, asset: str) -> MaintenancePolicy:
        """The policy of one table; its own name goes before any pattern."""
        fits = [name for name in self.tables if fnmatchcase(asset, name)]
        chosen = self.tables.get(asset) or (self.tables[fits[0]] if fits else TableMaintenance())
        return MaintenancePolicy(
            **{
                name: _first(chosen, self, name=name)
                for name in MaintenancePolicy.__struct_fields__
            }
        )


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything one project declares, assets sorted by key."""

    project: str
    assets: tuple[AssetDefinition, ...]
    format: int = 1


def _first(chosen: TableMaintenance, otherwise: Maintenance, *, name: str) -> Any:
    found = getattr(chosen, name)
    return getattr(otherwise, name) if found is None else found


__all__ = [
    "DEFAULT_EXECUTOR",
    "AssetDefinition",
    "AssetKind",
    "Channel",
    "CheckDefinition",
    "CodeReference",
    "CursorKind",
    "DeclaredSource",
    "Dependency",
    "Executor",
    "FilesMin",
    "Format",
    "Freshness",
    "FreshnessDefinition",
    "Maintenance",
    "MaintenancePolicy",
    "Manifest",
    "Megabytes",
    "Minutes",
    "NewsKind",
    "NotifierDefinition",
    "Overlap",
    "RetryPolicy",
    "ScheduleDefinition",
    "SchemaPolicy",
    "SensorDefinition",
    "SensorKind",
    "SettingDefinition",
    "SettingsDefinition",
    "SourceLine",
    "TableMaintenance",
    "Unchanged",
    "Versions",
    "WebhookDefinition",
    "WebhookFormat",
    "Which",
    "WriteMode",
]
