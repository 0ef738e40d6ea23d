"""Sensors as people see them: what they are, when they are looked at next, what their looks came
to.

Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from arco.model import State
from arco.orchestration.commands.sensors import find_sensor
from arco.orchestration.definitions import CursorKind, SensorKind
from arco.orchestration.sensors import (
    SENSOR_EVALUATIONS,
    SENSOR_MESSAGES,
    SENSORS,
    EvaluationOutcome,
    Sensor,
    SensorEvaluation,
    SensorMessage,
)

EVALUATIONS_SHOWN = 10


class SensorSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor: how it is told, and how it stands."""

    name: str
    project: str
    kind: SensorKind
    """Looked at by the clock, or once for every message."""
    selection: list[str]
    """What its requests run that name nothing; empty: every asset."""
    interval_seconds: float
    """From the end of one look to the next, of one that is looked at by the clock."""
    timeout_seconds: float
    """How long a look may take."""
    cursor_kind: CursorKind
    """Whether its cursor only grows."""
    takes_webhook: bool
    """A sender outside may sign messages for it."""
    enabled: bool
    """It is looked at without being told to."""
    description: str
    cursor: str
    """What its last look remembered, as JSON; empty: nothing."""
    next_at: datetime | None
    """When it is looked at next; null: when a message comes."""
    failures: int
    """How many looks in a row failed."""
    waiting: int
    """How many messages wait."""
    last_evaluated_at: datetime | None
    """When the newest look began."""
    last_outcome: EvaluationOutcome | None
    """What it came to."""
    last_message: str
    """What it said."""
    last_run_id: str
    """The newest run it asked for."""


class SensorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor and its newest looks."""

    sensor: SensorSummary
    """How it stands."""
    evaluations: list[SensorEvaluation]
    """The newest ten looks, newest first."""


class MessageTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message."""

    sensor: str
    """The sensor's name."""
    message_id: str
    is_known: bool
    """It came before, and changes nothing."""


def sensors(state: State, *, after: str = "") -> Iterator[SensorSummary]:
    """Every sensor that is deployed, by name, behind the name `after`."""
    rows = state.range(SENSORS, after=(after,) if after else None)
    return (sensor_summary(row) for row in rows if not row.removed)


def sensor_summary(row: Sensor) -> SensorSummary:
    """The sensor in one line."""
    definition = row.definition
    return SensorSummary(
        name=row.name,
        project=row.project,
        kind=definition.kind,
        selection=list(definition.selection),
        interval_seconds=definition.interval_ms / 1000,
        timeout_seconds=definition.timeout_ms / 1000,
        cursor_kind=definition.cursor,
        takes_webhook=definition.webhook is not None,
        enabled=row.enabled,
        description=definition.description,
        cursor=row.cursor,
        next_at=row.next_at if row.enabled or row.asked_by else None,
        failures=row.failures,
        waiting=row.waiting,
        last_evaluated_at=row.last_evaluated_at,
        last_outcome=row.last_outcome,
        last_message=row.last_message,
        last_run_id=row.last_run_id,
    )


def sensor_detail(state: State, name: str) -> SensorDetail:
    """One sensor with what came of it.

    Raises: NotFound SENSOR_UNKNOWN.
    """
    row = find_sensor(state, name)
    return SensorDetail(
        sensor=sensor_summary(row), evaluations=newest_evaluations(state, name)[:EVALUATIONS_SHOWN]
    )


def newest_evaluations(state: State, name: str) -> list[SensorEvaluation]:
    """The looks that are kept, newest first; at most a thousand."""
    return list(state.range(SENSOR_EVALUATIONS, name))[::-1]


def message_of(state: State, name: str, *, message_id: str) -> SensorMessage | None:
    """The message of this id, if it came."""
    return state.get(SENSOR_MESSAGES, name, message_id)


def as_cursor(value: Any) -> str:
    """How a cursor is kept: as JSON, and nothing as an empty text.

    >>> as_cursor(7), as_cursor("a"), as_cursor(None)
    ('7', '"a"', '')
    """
    return "" if value is None else msgspec.json.encode(value).decode()


__all__ = [
    "MessageTaken",
    "SensorDetail",
    "SensorSummary",
    "as_cursor",
    "message_of",
    "newest_evaluations",
    "sensor_detail",
    "sensor_summary",
    "sensors",
]
