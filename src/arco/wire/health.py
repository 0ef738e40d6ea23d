"""How a server says it is: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class LeaderSummary(msgspec.Struct, frozen=True):
    """The process that performs effects: it dispatches tasks and publishes runs."""

    epoch: int
    writer: str
    address: str
    taken_at: datetime


class Alert(msgspec.Struct, frozen=True):
    """Something that a healthy server never meets."""

    code: str
    """The error that goes with it: docs/reference/errors.md lists what to do."""
    message: str
    """What was met."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is. `read_only`: it answers questions and refuses changes."""

    status: Literal["ok", "read_only"]
    version: str
    seq: int
    leader: LeaderSummary | None
    alerts: list[Alert] = []
    """What an operator must look at."""


__all__ = ["Alert", "Health", "LeaderSummary"]
