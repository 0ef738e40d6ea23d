"""Limits of runs as requests and answers name them: one declaration for server and clients."""

from __future__ import annotations

from typing import Annotated

import msgspec

from arco.orchestration.commands.run_limits import NAME_LENGTH_MAX, RUNS_MAX
from arco.orchestration.run_limits import PRIORITY_MAX
from arco.service.run_limits import LimitSummary

Priority = Annotated[int, msgspec.Meta(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]


class LimitList(msgspec.Struct, frozen=True):
    """Limits by name."""

    limits: list[LimitSummary]
    """Those that were set."""


class LimitRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the runs that a limit covers may be under way at once."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)]
    """`*`: every run; `tag:NAME`, `tag:NAME=VALUE`, `asset:KEY`: runs with such an asset."""
    runs_max: Annotated[int, msgspec.Meta(ge=0, le=RUNS_MAX)] | None
    """0: none starts; null: there is no such limit any more."""


class PriorityRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a run stands among those that wait."""

    priority: Priority
    """Higher goes first; 0 is what every run has."""


__all__ = ["LimitList", "LimitRequest", "Priority", "PriorityRequest"]
