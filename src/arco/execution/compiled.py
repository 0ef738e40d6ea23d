"""What a compile answers across its process boundary: definitions, or what is wrong with them.

Must not know how definitions are compiled: the control plane reads this and imports no user code.
"""

from __future__ import annotations

import msgspec

from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.definitions import (
    FreshnessDefinition,
    Manifest,
    NotifierDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from arco.sdk.problems import Problem


class Compiled(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of a compile: a manifest, or what is wrong."""

    manifest: Manifest | None = None
    schedules: tuple[ScheduleDefinition, ...] = ()
    conditions: tuple[ConditionDefinition, ...] = ()
    freshness: tuple[FreshnessDefinition, ...] = ()
    sensors: tuple[SensorDefinition, ...] = ()
    notifiers: tuple[NotifierDefinition, ...] = ()
    problems: tuple[Problem, ...] = ()


__all__ = ["Compiled"]
