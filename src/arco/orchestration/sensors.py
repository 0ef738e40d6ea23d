"""Sensors: what looks at the world outside, what each look came to, and which messages wait.

A look is an effect without an intent: whoever leads looks at what is due, and only the first answer
about a version of the sensor counts. Must not know what a sensor's function does.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from arco.model import Payload, Table
from arco.orchestration.definitions import SensorDefinition

EVALUATIONS_KEPT = 1000
"""Of each sensor; older ones are dropped as newer ones come."""
REQUESTS_MAX = 1000
"""Runs that one look may ask for."""
CURSOR_BYTES_MAX = 16 * 1024
MESSAGE_BYTES_MAX = 256 * 1024
MESSAGE_ID_MAX = 200
"""Characters."""
MESSAGES_WAITING_MAX = 10_000
"""Of each sensor; more are refused until some were looked at."""


class EvaluationOutcome(StrEnum):
    """What a look came to."""

    REQUESTED = "REQUESTED"
    """It asked for runs."""
    NOTHING = "NOTHING"
    """It asked for nothing and said nothing."""
    SKIPPED = "SKIPPED"
    """It said why it asks for nothing."""
    FAILED = "FAILED"
    """It raised, took too long, or answered what cannot be: nothing of it counts."""
    STALE = "STALE"
    """The sensor was another one by then: nothing of it counts."""


class MessageState(StrEnum):
    """How a message stands."""

    WAITING = "WAITING"
    """Nobody has looked at it, or the look failed and is tried again."""
    HANDLED = "HANDLED"
    """The sensor was asked about it and answered."""
    FAILED = "FAILED"
    """The sensor failed at it, again and again."""
    REMOVED = "REMOVED"
    """It waited, and its sensor left the project."""


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor as it stands."""

    name: str
    project: str
    deployment_id: str
    definition: SensorDefinition
    enabled: bool
    """It is looked at without being told to."""
    removed: bool = False
    version: int = 1
    """Counts what a look depends on: answers, cursors, definitions, switches."""
    cursor: str = ""
    """As JSON, what its last look remembered; empty: nothing."""
    evaluations: int = 0
    """How many looks there were."""
    next_at: datetime | None = None
    """When it is looked at next; None: when a message comes."""
    asked_by: str = ""
    """Who wants it looked at now, though it is off."""
    failures: int = 0
    """How many looks in a row failed."""
    messages: int = 0
    """How many messages came."""
    waiting: int = 0
    """How many of them nobody has looked at."""
    last_evaluated_at: datetime | None = None
    """When the newest look began."""
    last_outcome: EvaluationOutcome | None = None
    """What it came to."""
    last_message: str = ""
    """What it said."""
    last_run_id: str = ""
    """The newest run it asked for."""


class SensorEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One look, and what came of it."""

    sensor: str
    """The sensor's name."""
    number: int
    """Counts the looks at this sensor."""
    outcome: EvaluationOutcome
    """What came of it."""
    evaluated_at: datetime
    """When it began."""
    ended_at: datetime
    """When its answer was there."""
    message: str = ""
    """Why there is nothing, what went wrong, or the first request that could not be planned."""
    message_id: str = ""
    """The message it was about."""
    cursor_before: str = ""
    """As JSON; empty: none."""
    cursor_after: str = ""
    """As JSON; empty: none."""
    requested: int = 0
    """How many runs it asked for."""
    started: int = 0
    """How many of them are new runs."""
    known: int = 0
    """How many stand for a run that an earlier request with that key started."""
    conflicted: int = 0
    """How many bring another request under a key that stands for a run."""
    fresh: int = 0
    """How many had nothing to run."""
    refused: int = 0
    """How many could not be planned."""
    run_ids: tuple[str, ...] = ()
    """The first of the new runs."""
    actor: str = ""
    """Who asked for it, when it was by hand."""


class DueSensor(msgspec.Struct, frozen=True, kw_only=True):
    """Sensors in the order in which they fall due."""

    due_at: datetime
    name: str


class SensorMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a sensor was sent; its id is taken for ever."""

    sensor: str
    """The sensor's name."""
    message_id: str
    number: int
    """Counts the messages of this sensor."""
    state: MessageState
    """How it stands."""
    digest: str
    """Of its payload: the same id with another one is another message."""
    received_at: datetime
    """When it came."""
    evaluation: int = 0
    """The look that handled it, or the last that failed at it."""
    actor: str = ""
    """Who sent it."""


class WaitingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits, with what it says."""

    sensor: str
    """The sensor's name."""
    number: int
    message_id: str
    payload: str
    """As JSON."""


class SensorsDefined(Payload, frozen=True):
    """A project's sensors were replaced by these."""

    project: str
    deployment_id: str
    sensors: tuple[SensorDefinition, ...]
    defined_at: datetime
    """When they were."""


class SensorEnabled(Payload, frozen=True):
    """Somebody switched a sensor on."""

    name: str
    enabled_at: datetime
    """When it was."""
    version: int
    """The sensor that was meant; another one is not changed."""


class SensorDisabled(Payload, frozen=True):
    """Somebody switched a sensor off: nobody looks at it, messages wait."""

    name: str
    disabled_at: datetime
    """When it was."""
    version: int
    """The sensor that was meant; another one is not changed."""


class SensorAsked(Payload, frozen=True):
    """Somebody wants a sensor to be looked at now."""

    name: str
    asked_at: datetime
    """When they said so."""
    actor: str


class SensorCursorSet(Payload, frozen=True):
    """Somebody moved a sensor's cursor."""

    name: str
    cursor: str
    """As JSON; empty: none."""
    set_at: datetime
    """When it was."""
    version: int
    """The sensor that was meant; another one is not changed."""


class SensorMessageReceived(Payload, frozen=True):
    """A sensor was sent a message."""

    name: str
    message_id: str
    payload: str
    """As JSON."""
    digest: str
    """Of its payload."""
    received_at: datetime
    """When it came."""
    actor: str = ""


class SensorEvaluated(Payload, frozen=True):
    """A look came to this; the runs it asked for are triggered in the same commit."""

    name: str
    number: int
    """One more than the looks before; another number changes nothing."""
    outcome: EvaluationOutcome
    """What came of it."""
    evaluated_at: datetime
    """When it began."""
    ended_at: datetime
    """When its answer was there."""
    next_at: datetime | None = None
    """When the sensor is looked at next; None: when the next message comes."""
    cursor: str = ""
    """What it remembers, as JSON; empty: nothing."""
    message: str = ""
    message_number: int = 0
    """The message it was about; 0: none."""
    is_last: bool = False
    """The message is not looked at again."""
    requested: int = 0
    """How many runs it asked for."""
    started: int = 0
    """How many of them are new runs."""
    known: int = 0
    """How many stand for an earlier run."""
    conflicted: int = 0
    """How many bring another request under a key that stands for a run."""
    fresh: int = 0
    """How many had nothing to run."""
    refused: int = 0
    """How many could not be planned."""
    run_ids: tuple[str, ...] = ()
    """The first of the new runs."""


EVENTS: tuple[type[Payload], ...] = (
    SensorsDefined,
    SensorEnabled,
    SensorDisabled,
    SensorAsked,
    SensorCursorSet,
    SensorMessageReceived,
    SensorEvaluated,
)

SENSORS = Table("orchestration.sensors", Sensor, ("name",))
SENSOR_EVALUATIONS = Table(
    "orchestration.sensor_evaluations", SensorEvaluation, ("sensor", "number")
)
SENSOR_MESSAGES = Table("orchestration.sensor_messages", SensorMessage, ("sensor", "message_id"))
DUE_SENSORS = Table("orchestration.due_sensors", DueSensor, ("due_at", "name"), public=False)
WAITING_MESSAGES = Table(
    "orchestration.waiting_messages", WaitingMessage, ("sensor", "number"), public=False
)
TABLES = (SENSORS, SENSOR_EVALUATIONS, SENSOR_MESSAGES, DUE_SENSORS, WAITING_MESSAGES)

__all__ = [
    "CURSOR_BYTES_MAX",
    "DUE_SENSORS",
    "EVALUATIONS_KEPT",
    "EVENTS",
    "MESSAGES_WAITING_MAX",
    "MESSAGE_BYTES_MAX",
    "MESSAGE_ID_MAX",
    "REQUESTS_MAX",
    "SENSORS",
    "SENSOR_EVALUATIONS",
    "SENSOR_MESSAGES",
    "TABLES",
    "WAITING_MESSAGES",
    "DueSensor",
    "EvaluationOutcome",
    "MessageState",
    "Sensor",
    "SensorAsked",
    "SensorCursorSet",
    "SensorDisabled",
    "SensorEnabled",
    "SensorEvaluated",
    "SensorEvaluation",
    "SensorMessage",
    "SensorMessageReceived",
    "SensorsDefined",
    "WaitingMessage",
]
