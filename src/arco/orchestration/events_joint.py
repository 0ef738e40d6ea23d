"""What can happen to several tasks of a run at once: one function makes the data of all.

An attempt belongs to one of them; the others end with it. Must not know how rows come about.
"""

from __future__ import annotations

import msgspec

from arco.model import Payload
from arco.orchestration.events import TaskFailed, TaskSucceeded
from arco.orchestration.outcomes import CheckResult, Observation, Output


class OtherTask(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an attempt came to for another task of its run: one function makes both."""

    index: int
    output: Output | None = None
    observation: Observation | None = None
    """Without output: what there is to say all the same."""
    checks: tuple[CheckResult, ...] = ()


class TaskSucceededV3(TaskSucceeded, frozen=True):
    """An attempt ended well, and with its task those that its function makes at once."""

    VERSION = 3
    observation: Observation | None = None
    """Without output: what there is to say all the same."""
    others: tuple[OtherTask, ...] = ()


class TaskFailedV2(TaskFailed, frozen=True):
    """An attempt ended with an error that is also one of these tasks: one function makes all."""

    VERSION = 2
    others: tuple[OtherTask, ...] = ()


EVENTS: tuple[type[Payload], ...] = (TaskSucceededV3, TaskFailedV2)

__all__ = ["EVENTS", "OtherTask", "TaskFailedV2", "TaskSucceededV3"]
