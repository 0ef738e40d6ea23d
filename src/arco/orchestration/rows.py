"""The rows of the orchestrator's projections.

The same word names the same thing in event, row, column and page. Rows hold no cycles, so the
garbage collector need not look at them. Must not know how rows come about.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.outcomes import Observation, Output, Read, TaskError
from arco.orchestration.states import PublicationState, RunState, TaskState


class Project(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The deployment a project's assets are defined by now."""

    project: str
    deployment_id: str
    fingerprint: str
    deployed_at: datetime


class Deployment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted manifest."""

    deployment_id: str
    project: str
    fingerprint: str
    deployed_at: datetime
    assets: int
    added: int = 0
    removed: int = 0
    actor: str = ""


class Asset(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One asset as it is defined now; ids stay when it is removed and comes back."""

    key: str
    asset_id: str
    table_id: str
    project: str
    deployment_id: str
    definition: AssetDefinition
    removed: bool = False


class DynamicPartition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One value of a partition set that grows at run time."""

    name: str
    value: str
    position: int
    """Values stand in the order in which they were added."""
    added_at: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One run; the counters equal a recount of its tasks."""

    run_id: str
    number: int
    """Counts runs in the order of the log; the only order runs have."""
    state: RunState
    cancel_requested: bool = False
    selection: tuple[str, ...] = ()
    partition: str = ""
    actor: str = ""
    run_key: str = ""
    parent: str = ""
    fingerprint: str = ""
    triggered_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: int = 0
    staged: int = 0
    """Succeeded tasks that staged output, which success must publish."""
    publication: PublicationState | None = None
    message: str = ""
    settings: dict[str, dict[str, Any]] | None = None
    """Name of the settings -> field -> value that holds for this run alone; null: none does."""


class PlannedTask(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One asset partition to materialize; `upstreams` are indices of earlier tasks of the plan."""

    asset: str
    partition_key: str = ""
    upstreams: tuple[int, ...] = ()
    priority: int = 0

    @property
    def key(self) -> str:
        """`namespace/name[partition]:materialize`; no brackets when unpartitioned."""
        return task_key(self.asset, self.partition_key)


class PlanRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a run does, as adjacency both ways, and the table versions it reads from outside."""

    run_id: str
    tasks: tuple[PlannedTask, ...]
    downstreams: tuple[tuple[int, ...], ...]
    pins: dict[str, int] = {}
    """Upstream asset -> table version published when the run was triggered."""
    memoized: tuple[int, ...] | None = None
    """The tasks that are left out when they would come out as they did, in order."""


class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One task of a run and what its newest attempt came to."""

    run_id: str
    index: int
    task_key: str
    asset: str
    partition_key: str = ""
    state: TaskState
    attempt: int = 0
    user_attempts: int = 0
    """Ended attempts that count against the asset's `max_attempts`."""
    infra_attempts: int = 0
    """Attempts lost to us, which have a budget of their own."""
    code_version: str = ""
    dispatched_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    retry_at: datetime | None = None
    rows: int | None = None
    error: TaskError | None = None
    output: Output | None = None
    reads: tuple[Read, ...] = ()
    cause: int | None = None
    """The index of the task whose end skipped or cancelled this one."""
    adopted_from: str = ""
    """The run whose attempt succeeded, when this run took its output over."""
    observation: Observation | None = None
    """What the attempt said about data that it did not stage."""
    settings_version: str | None = None
    """What identifies the run's own settings that it read; null: it read none."""
    memoized_from: str | None = None
    """The run that made what this one would make again; null: the task is performed."""
    made_by: int | None = None
    """The index of the task whose attempt made this one's output together with its own."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What user code said about its output, or without one."""
        said = self.output or self.observation
        return said.metadata if said else {}


class PastAttempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attempt that was not the last of its task, and what it came to."""

    run_id: str
    index: int
    attempt: int
    task_key: str
    asset: str
    partition_key: str = ""
    code_version: str = ""
    dispatched_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: TaskError | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task that may be dispatched, in dispatch order: rank is the negated priority."""

    rank: int
    run_number: int
    index: int
    run_id: str
    attempt: int
    """The attempt a dispatch starts."""


class ActiveRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run that has not ended."""

    number: int
    run_id: str


class SettledRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run whose tasks have all ended, and which has to end or to be published."""

    run_id: str


class NewestRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The list of runs, newest first: rank is the negated run number."""

    rank: int
    run_id: str


class Sequence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last number given out under a name."""

    name: str
    last: int


class Dispatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The outbox: an attempt that an executor must hold until it ends."""

    dispatch_id: str
    run_id: str
    index: int
    attempt: int
    dispatched_at: datetime


class Retry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task that becomes ready again at `due_at`."""

    due_at: datetime
    run_id: str
    index: int
    attempt: int


class Materialization(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The published content of one partition; only success moves it."""

    run_id: str
    index: int
    code_version: str
    data_version: str
    materialized_at: datetime
    """When a run published it."""
    table_version: int | None = None
    """None when the attempt succeeded without staging data."""
    rows: int | None = None
    reads: dict[str, dict[str, str]] = {}
    """Upstream asset -> partition key -> data version that was read."""
    cursor: str | None = None
    """What the asset remembers for its next attempt, as JSON."""
    settings_version: str | None = None
    """What identifies the settings of one run that made it; null: the project's made it."""
    confirmed_at: datetime | None = None
    """When a later run last found that it would come out the same; null: none did."""


class Attempted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the last attempt at a partition ended, whatever the outcome."""

    run_id: str
    index: int
    state: TaskState
    ended_at: datetime


class PartitionStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The two truths about a partition, independent of each other."""

    asset: str
    partition_key: str
    materialization: Materialization | None = None
    attempt: Attempted | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one check on one partition in one run."""

    asset: str
    partition_key: str
    name: str
    run_id: str
    passed: bool
    blocking: bool
    checked_at: datetime
    message: str = ""
    metadata: dict[str, Any] = {}


class RunKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The run that a run key stands for, and what was asked under it first."""

    run_key: str
    run_id: str
    fingerprint: str


class RunKeyConflict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that used a taken run key for something else."""

    run_key: str
    fingerprint: str
    run_id: str
    run_fingerprint: str
    conflicted_at: datetime
    actor: str = ""


class PreparedTable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The next version of one table: the sha256 of its log entry, and where its bytes are."""

    table_id: str
    asset: str
    version: int
    sha256: str
    prepared: str = ""


class Publication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far a run's output is on its way into its tables."""

    run_id: str
    state: PublicationState
    table_ids: tuple[str, ...]
    tables: tuple[PreparedTable, ...] = ()
    requested_at: datetime
    started_at: datetime | None = None
    published_at: datetime | None = None
    standing: tuple[PreparedTable, ...] | None = None
    """Once it is abandoned: the entries that `tables` take back."""
    message: str | None = None
    """Once it is abandoned: what the run ends with."""


class WaitingPublication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A requested publication, in the order of the runs."""

    number: int
    run_id: str
    table_ids: tuple[str, ...]


class Publishing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The run, or the restore, that moves a table now; others wait."""

    table_id: str
    run_id: str


class Pin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The table version that readers of an asset see."""

    asset: str
    table_id: str
    version: int
    run_id: str
    published_at: datetime
    compaction_id: str | None = None
    """The compaction that made this version of what the run published; null: none did."""


def task_key(asset: str, partition_key: str) -> str:
    """`namespace/name[partition]:materialize`; no brackets when unpartitioned.

    >>> task_key("raw.flights", ""), task_key("raw.flights", "date=d:2025-01-15")
    ('raw/flights:materialize', 'raw/flights[date=d:2025-01-15]:materialize')
    """
    path = asset.replace(".", "/", 1)
    return f"{path}[{partition_key}]:materialize" if partition_key else f"{path}:materialize"


__all__ = [
    "ActiveRun",
    "Asset",
    "Attempted",
    "Check",
    "Deployment",
    "Dispatch",
    "DynamicPartition",
    "Materialization",
    "NewestRun",
    "PartitionStatus",
    "PastAttempt",
    "Pin",
    "PlanRow",
    "PlannedTask",
    "PreparedTable",
    "Project",
    "Publication",
    "Publishing",
    "Ready",
    "Retry",
    "Run",
    "RunKey",
    "RunKeyConflict",
    "Sequence",
    "SettledRun",
    "Task",
    "WaitingPublication",
    "task_key",
]
