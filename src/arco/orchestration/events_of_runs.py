"""What a run is triggered with besides its plan, and what of its plan is not performed.

Lean on purpose, as all events. Must not know how settings are judged, nor what is unchanged.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Payload
from arco.orchestration.events import RunTriggered


class RunTriggeredV2(RunTriggered, frozen=True):
    """The same, settings that hold for this run alone, and what may be left out."""

    VERSION = 2
    settings: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Name of the settings -> field -> value; no secret is among them."""
    memoized: tuple[int, ...] = ()
    """The tasks that are left out when they would come out as they did, in order."""


class TaskMemoized(Payload, frozen=True):
    """A task would come out as it did: it succeeded without being performed."""

    run_id: str
    index: int
    """The task's place in the plan."""
    made_by: str
    """The run that made what the partition holds."""
    data_version: str
    """What identifies that."""
    memoized_at: datetime
    """When its code, settings and inputs were compared."""


EVENTS: tuple[type[Payload], ...] = (RunTriggeredV2, TaskMemoized)

__all__ = ["EVENTS", "RunTriggeredV2", "TaskMemoized"]
