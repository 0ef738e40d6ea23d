"""What a compile answers across its process boundary: a manifest and schedules, or what is wrong.

Must not know how definitions are compiled: the control plane reads this and imports no user code.
"""

from __future__ import annotations

import msgspec

from arco.orchestration.definitions import Manifest, ScheduleDefinition
from arco.sdk.problems import Problem


class Compiled(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of a compile: a manifest, or what is wrong."""

    manifest: Manifest | None = None
    schedules: tuple[ScheduleDefinition, ...] = ()
    problems: tuple[Problem, ...] = ()


__all__ = ["Compiled"]
