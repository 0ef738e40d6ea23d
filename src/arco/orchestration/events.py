"""What can happen to assets, runs, tasks and publications; every id and time is inside.

Lean on purpose: tasks are named by their index in the run's plan, and nothing the rows already know
is repeated.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload
from arco.orchestration.definitions import Manifest
from arco.orchestration.outcomes import CheckResult, Observation, Output, Read, TaskError
from arco.orchestration.rows import PlannedTask, PreparedTable


class AssetIds(msgspec.Struct, frozen=True):
    """The identity given to an asset key that was never seen before."""

    key: str
    asset_id: str
    table_id: str


class Deployed(Payload, frozen=True):
    """A project's definitions were replaced by a manifest."""

    deployment_id: str
    manifest: Manifest
    fingerprint: str
    deployed_at: datetime
    new_assets: tuple[AssetIds, ...] = ()
    actor: str = ""


class DynamicPartitionsAdded(Payload, frozen=True):
    """Values joined a dynamic partition set."""

    name: str
    values: tuple[str, ...]
    added_at: datetime


class DynamicPartitionsRemoved(Payload, frozen=True):
    """Values left a dynamic partition set."""

    name: str
    values: tuple[str, ...]


class RunTriggered(Payload, frozen=True):
    """A run was asked for, with the plan it will follow."""

    run_id: str
    tasks: tuple[PlannedTask, ...]
    fingerprint: str
    triggered_at: datetime
    pins: dict[str, int] = msgspec.field(default_factory=dict)
    selection: tuple[str, ...] = ()
    partition: str = ""
    run_key: str = ""
    request: str = ""
    """The fingerprint of the request, when it had a run key."""
    parent: str = ""
    adopted: tuple[tuple[int, int], ...] = ()
    """(index here, index in the parent) of succeeded tasks whose staged output is taken over."""
    actor: str = ""


class RunKeyConflicted(Payload, frozen=True):
    """A request used a run key that stands for another request."""

    run_key: str
    request: str
    conflicted_at: datetime
    actor: str = ""


class TasksDispatched(Payload, frozen=True):
    """(index, attempt) pairs of one run were handed to the executor's outbox."""

    run_id: str
    tasks: tuple[tuple[int, int], ...]
    dispatched_at: datetime


class TaskStarted(Payload, frozen=True):
    """A worker began an attempt; its time limit counts from here."""

    run_id: str
    index: int
    attempt: int
    started_at: datetime


class TaskSucceeded(Payload, frozen=True):
    """An attempt ended well; what it staged is not yet published."""

    run_id: str
    index: int
    attempt: int
    ended_at: datetime
    started_at: datetime | None = None
    """None when `TaskStarted` said it."""
    output: Output | None = None
    checks: tuple[CheckResult, ...] = ()
    reads: tuple[Read, ...] = ()


class TaskSucceededV2(TaskSucceeded, frozen=True):
    """An attempt ended well, staged nothing, and says what its asset's data is all the same."""

    VERSION = 2
    observation: Observation = Observation()


class TaskFailed(Payload, frozen=True):
    """An attempt ended with an error; with `retry_at` there will be another."""

    run_id: str
    index: int
    attempt: int
    ended_at: datetime
    error: TaskError
    started_at: datetime | None = None
    checks: tuple[CheckResult, ...] = ()
    reads: tuple[Read, ...] = ()
    retry_at: datetime | None = None


class AttemptLost(Payload, frozen=True):
    """An attempt was given up because its worker died or fell silent."""

    run_id: str
    index: int
    attempt: int
    reason: str
    lost_at: datetime
    retry_at: datetime | None = None


class RetriesReleased(Payload, frozen=True):
    """(index, last attempt) pairs of one run have waited long enough."""

    run_id: str
    tasks: tuple[tuple[int, int], ...]
    released_at: datetime


class RetriesReleasedV2(RetriesReleased, frozen=True):
    """The same; and what these attempts came to is kept beside what their tasks come to next."""

    VERSION = 2


class TaskCancelled(Payload, frozen=True):
    """An attempt ended because its run is being cancelled, or because it cancelled itself."""

    run_id: str
    index: int
    attempt: int
    ended_at: datetime


class RunCancelRequested(Payload, frozen=True):
    """Somebody wants the run to stop; nothing new starts from here."""

    run_id: str
    requested_at: datetime
    actor: str = ""
    reason: str = ""


class RunFailed(Payload, frozen=True):
    """The run ended without success; nothing of it is published."""

    run_id: str
    ended_at: datetime
    message: str = ""


class RunCancelled(Payload, frozen=True):
    """The run ended because it was cancelled; nothing of it is published."""

    run_id: str
    ended_at: datetime


class RunSucceeded(Payload, frozen=True):
    """The run ended well and had no staged data to publish."""

    run_id: str
    ended_at: datetime


class LimitedRun(msgspec.Struct, frozen=True):
    """A run, and the limits that it counts under."""

    run_id: str
    limits: tuple[str, ...]
    """Their names."""


class RunLimitSet(Payload, frozen=True):
    """So many runs that this limit covers may be under way from now on."""

    name: str
    version: int
    """One more than before, so that a repetition is told from a change."""
    set_at: datetime
    """When it was set."""
    runs_max: int | None = None
    """None: the limit is taken back."""
    covered: tuple[str, ...] = ()
    """Runs that have not ended and count under it from now on."""
    through: int = 0
    """Runs up to this number, and no others, were looked at for `covered`."""
    actor: str = ""


class RunsQueued(Payload, frozen=True):
    """Runs wait until their limits have room; others of these numbers have none and go on."""

    after: int
    """The newest run that was looked at before."""
    through: int
    """The newest run that was looked at."""
    queued_at: datetime
    """When they were looked at."""
    runs: tuple[LimitedRun, ...] = ()


class RunsAdmitted(Payload, frozen=True):
    """Runs that waited have room: their tasks may be handed out."""

    runs: tuple[str, ...]
    """Their ids."""
    admitted_at: datetime
    """When they were let in."""


class RunPrioritized(Payload, frozen=True):
    """A run goes before those of a lower priority when it waits in the queue."""

    run_id: str
    priority: int
    version: int
    """One more than before, so that a repetition is told from a change."""
    prioritized_at: datetime
    """When it was said."""
    actor: str = ""


class PublicationRequested(Payload, frozen=True):
    """Every task succeeded: the staged data of these tables is to be published."""

    run_id: str
    table_ids: tuple[str, ...]
    requested_at: datetime


class PublicationStarted(Payload, frozen=True):
    """The next version of each table and its bytes are fixed; from here only forward."""

    run_id: str
    tables: tuple[PreparedTable, ...]
    started_at: datetime


class PublicationRebased(Payload, frozen=True):
    """A foreign table version stood where ours was meant to go: these tables take a later one."""

    run_id: str
    tables: tuple[PreparedTable, ...]
    rebased_at: datetime


class PublicationAbandoned(Payload, frozen=True):
    """A foreign version made a table one that the run's data does not fit: the entries that stand
    already are taken back by these.
    """

    run_id: str
    tables: tuple[PreparedTable, ...]
    """The next version of each table whose log has an entry of the run: without it."""
    standing: tuple[PreparedTable, ...]
    """The entries that are taken back."""
    code: str
    """The refusal's code, such as `SCHEMA_CHANGED`."""
    message: str
    """What the run ends with."""
    abandoned_at: datetime
    """When the foreign version was met."""


class PublicationUndone(Payload, frozen=True):
    """No table holds anything of the abandoned publication: the run failed, its tables are free."""

    run_id: str
    undone_at: datetime
    """When the run ended."""


class PublishedTable(msgspec.Struct, frozen=True):
    """The version of a table that readers see from now on."""

    table_id: str
    asset: str
    version: int


class RunPublished(Payload, frozen=True):
    """The run's tables, materializations and success became visible in one commit."""

    run_id: str
    tables: tuple[PublishedTable, ...]
    published_at: datetime


class StagedOutputsExpired(Payload, frozen=True):
    """Output that runs up to this number staged and did not publish is given up."""

    through: int
    """The newest run's number; every earlier run is over, too."""
    expired_at: datetime
    """When it was given up."""


EVENTS: tuple[type[Payload], ...] = (
    Deployed,
    DynamicPartitionsAdded,
    DynamicPartitionsRemoved,
    RunTriggered,
    RunKeyConflicted,
    TasksDispatched,
    TaskStarted,
    TaskSucceeded,
    TaskSucceededV2,
    TaskFailed,
    AttemptLost,
    RetriesReleased,
    RetriesReleasedV2,
    TaskCancelled,
    RunCancelRequested,
    RunFailed,
    RunCancelled,
    RunSucceeded,
    RunLimitSet,
    RunsQueued,
    RunsAdmitted,
    RunPrioritized,
    PublicationRequested,
    PublicationStarted,
    PublicationRebased,
    PublicationAbandoned,
    PublicationUndone,
    RunPublished,
    StagedOutputsExpired,
)

__all__ = [
    "EVENTS",
    "AssetIds",
    "AttemptLost",
    "Deployed",
    "DynamicPartitionsAdded",
    "DynamicPartitionsRemoved",
    "LimitedRun",
    "PublicationAbandoned",
    "PublicationRebased",
    "PublicationRequested",
    "PublicationStarted",
    "PublicationUndone",
    "PublishedTable",
    "RetriesReleased",
    "RetriesReleasedV2",
    "RunCancelRequested",
    "RunCancelled",
    "RunFailed",
    "RunKeyConflicted",
    "RunLimitSet",
    "RunPrioritized",
    "RunPublished",
    "RunSucceeded",
    "RunTriggered",
    "RunsAdmitted",
    "RunsQueued",
    "StagedOutputsExpired",
    "TaskCancelled",
    "TaskFailed",
    "TaskStarted",
    "TaskSucceeded",
    "TaskSucceededV2",
    "TasksDispatched",
]
