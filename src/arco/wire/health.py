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


class FactsSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How far facts that were taken are from being visible; what is null is not known."""

    lag_seconds: float | None
    """How long the oldest one that is not visible has waited."""
    waiting_batches: int | None
    """How many batches are not folded."""
    open_lanes: int | None
    """How many lanes may still grow."""


class VerificationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What reading everything stored, a piece at a time, has found."""

    verified_at: datetime | None
    """Everything stored was read and checked since; null: not yet."""
    damages: int
    """How many objects somebody has to look at, as far as they are told."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is. `read_only`: it answers questions and refuses changes."""

    status: Literal["ok", "read_only"]
    version: str
    seq: int
    leader: LeaderSummary | None
    """Null while nobody ever led, and for who may know of a part of the workspace only."""
    facts: FactsSummary
    verification: VerificationSummary
    alerts: list[Alert] = []
    """What an operator must look at."""


__all__ = ["Alert", "FactsSummary", "Health", "LeaderSummary", "VerificationSummary"]
