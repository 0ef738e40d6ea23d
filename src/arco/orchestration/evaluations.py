"""Conditions that stand, and what each evaluation of them came to.

What held, what was asked for and what waits are facts in an event: "why did this run, why did that
not" is a look-up. Must not know how a condition is judged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from arco.model import Payload, Table
from arco.orchestration.backfills import Boxes
from arco.orchestration.conditions import Condition, ConditionDefinition

EVALUATIONS_KEPT = 100
"""Of each asset; older ones are dropped as new ones come."""
BOXES_SHOWN = 100
"""A set that an evaluation tells of is cut after so many ranges; its count is always whole."""
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""When something happened that a condition looks at: it is due, whatever the clock says."""


class HeldBack(StrEnum):
    """Why a partition of which the condition holds is not asked for."""

    ASKED = "ASKED"
    """A run was asked for before, and nothing that the condition looks at changed since."""
    RUNNING = "RUNNING"
    """A run that has not ended makes it already."""
    UPSTREAM_MISSING = "UPSTREAM_MISSING"
    """Something that it is made from holds no data."""
    UPSTREAM_RUNNING = "UPSTREAM_RUNNING"
    """Something that it is made from is being made."""
    LATER = "LATER"
    """One run takes a thousand; this one comes with the next."""


class StandingCondition(msgspec.Struct, frozen=True, kw_only=True):
    """The condition of one asset as it is defined now, and how it stands."""

    asset: str
    project: str
    deployment_id: str
    definition: ConditionDefinition
    """The condition, and what it watches."""
    enabled: bool = True
    """Whether it starts runs."""
    removed: bool = False
    since: datetime
    """When it was defined or switched on: ticks of the clock before that are not its own."""
    due_at: datetime | None = None
    """When it is looked at next; 1970: at once; null: when something changes."""
    evaluations: int = 0
    """How often it was evaluated."""
    memory: tuple[Boxes, ...] = ()
    """Of each `since` in it: the partitions of which it holds."""
    shape: str = ""
    """What the ordinals in `memory` depend on."""
    last_run_id: str = ""
    """The newest run it started."""


class DueCondition(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions in the order in which they are looked at."""

    due_at: datetime
    """When it is looked at; 1970: at once."""
    asset: str


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """An asset with a condition, by an asset that the condition looks at; itself among them."""

    upstream: str
    """The asset that is looked at."""
    asset: str


class TermSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """The partitions of which one term of the condition held."""

    count: int = 0
    """How many they are."""
    boxes: Boxes = ()
    """Their ordinals, the first hundred ranges of them."""


class Holding(msgspec.Struct, frozen=True, omit_defaults=True):
    """Partitions of which the condition held, and that were not asked for."""

    reason: HeldBack
    """Why."""
    count: int
    """How many they are."""
    examples: tuple[str, ...] = ()
    """The first three of their keys."""


class RequestedPartition(msgspec.Struct, frozen=True):
    """A partition that a run was asked for, and a hash of what made the condition hold."""

    partition_key: str
    cause: str
    """While it stays the same, no other run is asked for."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a condition came to."""

    asset: str
    number: int
    """Counts the evaluations of the asset's condition."""
    evaluated_at: datetime
    """The moment it was judged at."""
    condition: Condition
    """The condition that was judged."""
    judged: int = 0
    """How many partitions were looked at."""
    sets: tuple[TermSet, ...] = ()
    """For each term, the partitions of which it held; the last is the whole."""
    requested: int = 0
    """How many partitions its run makes."""
    examples: tuple[str, ...] = ()
    """The first three of their keys."""
    held_back: tuple[Holding, ...] = ()
    """Those of which it held and that its run does not make."""
    run_id: str = ""
    message: str = ""


class PartitionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest run that a condition asked for, by partition, while the condition holds of it."""

    asset: str
    partition_key: str
    cause: str
    """A hash of what made the condition hold."""
    run_id: str


class ConditionsDefined(Payload, frozen=True):
    """A project's conditions were replaced by these."""

    project: str
    deployment_id: str
    conditions: tuple[ConditionDefinition, ...]
    """One for each asset that has one."""
    defined_at: datetime
    """When they were."""


class ConditionEnabled(Payload, frozen=True):
    """Somebody switched an asset's condition on."""

    asset: str
    enabled_at: datetime
    """When it was."""


class ConditionDisabled(Payload, frozen=True):
    """Somebody switched an asset's condition off: it is not looked at and starts nothing."""

    asset: str
    disabled_at: datetime
    """When it was."""


class ConditionEvaluated(Payload, frozen=True):
    """A condition was judged at a moment: what held, what was asked for, what waits."""

    asset: str
    number: int
    """Counts the evaluations of the asset's condition."""
    evaluated_at: datetime
    """The moment it was judged at."""
    next_at: datetime | None = None
    """When time alone may change what holds; null: only something that happens can."""
    judged: int = 0
    """How many partitions were looked at."""
    sets: tuple[TermSet, ...] = ()
    """For each term, the partitions of which it held; the last is the whole."""
    memory: tuple[Boxes, ...] = ()
    """Of each `since` in it: the partitions of which it holds."""
    shape: str = ""
    """What the ordinals in `memory` depend on."""
    requested: tuple[RequestedPartition, ...] = ()
    """What its run makes."""
    released: tuple[str, ...] = ()
    """Partitions that were asked for and of which it holds no more."""
    held_back: tuple[Holding, ...] = ()
    """Those of which it held and that its run does not make."""
    run_id: str = ""
    message: str = ""


EVENTS: tuple[type[Payload], ...] = (
    ConditionsDefined,
    ConditionEnabled,
    ConditionDisabled,
    ConditionEvaluated,
)

CONDITIONS = Table("orchestration.conditions", StandingCondition, ("asset",))
DUE_CONDITIONS = Table(
    "orchestration.due_conditions", DueCondition, ("due_at", "asset"), public=False
)
WATCHES = Table("orchestration.watches", Watch, ("upstream", "asset"), public=False)
EVALUATIONS = Table("orchestration.evaluations", Evaluation, ("asset", "number"))
PARTITION_REQUESTS = Table(
    "orchestration.partition_requests",
    PartitionRequest,
    ("asset", "partition_key"),
    public=False,
)
TABLES = (CONDITIONS, DUE_CONDITIONS, WATCHES, EVALUATIONS, PARTITION_REQUESTS)

__all__ = [
    "AT_ONCE",
    "BOXES_SHOWN",
    "CONDITIONS",
    "DUE_CONDITIONS",
    "EVALUATIONS",
    "EVALUATIONS_KEPT",
    "EVENTS",
    "PARTITION_REQUESTS",
    "TABLES",
    "WATCHES",
    "ConditionDisabled",
    "ConditionEnabled",
    "ConditionEvaluated",
    "ConditionsDefined",
    "DueCondition",
    "Evaluation",
    "HeldBack",
    "Holding",
    "PartitionRequest",
    "RequestedPartition",
    "StandingCondition",
    "TermSet",
    "Watch",
]
