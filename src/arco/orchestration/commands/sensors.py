"""Commands about sensors: define those of a project, switch one, ask it, move its cursor, send it
a message.

A command returns a decision; deciding twice is harmless. Must not know who looks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.errors import ArcoError, Conflict, Invalid, NotFound, TooManyRequests
from arco.ids import sha256
from arco.model import Decision, Event, State
from arco.orchestration.definitions import AssetDefinition, SensorDefinition
from arco.orchestration.selection import select_assets
from arco.orchestration.sensors import (
    CURSOR_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    MESSAGE_ID_MAX,
    MESSAGES_WAITING_MAX,
    SENSOR_MESSAGES,
    SENSORS,
    Sensor,
    SensorAsked,
    SensorCursorSet,
    SensorDisabled,
    SensorEnabled,
    SensorMessageReceived,
    SensorsDefined,
)

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
NAME_LENGTH_MAX = 200
INTERVAL_MS = (1_000, 30 * 86_400_000)
TIMEOUT_MS = (100, 3_600_000)
TOLERANCE_SECONDS = (1, 3_600)
REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")


class DefineSensors(msgspec.Struct, frozen=True, kw_only=True):
    """Make these the sensors of the project."""

    project: str
    deployment_id: str
    sensors: tuple[SensorDefinition, ...]
    actor: str = ""


class SendMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a sensor something, once per message id."""

    name: str
    message_id: str
    payload: str
    """As JSON."""
    actor: str = ""


def define_sensors(command: DefineSensors) -> Decision:
    """SensorsDefined; nothing when they are these already.

    Raises: Conflict SENSOR_TAKEN.
    """
    return partial(_define, command=command)


def enable_sensor(name: str, *, actor: str = "") -> Decision:
    """SensorEnabled; nothing when it is on. Raises: NotFound SENSOR_UNKNOWN."""
    return partial(_enable, name=name, actor=actor)


def disable_sensor(name: str, *, actor: str = "") -> Decision:
    """SensorDisabled; nothing when it is off. Raises: NotFound SENSOR_UNKNOWN."""
    return partial(_disable, name=name, actor=actor)


def ask_sensor(name: str, *, actor: str) -> Decision:
    """SensorAsked; nothing when somebody asked already.

    Raises: NotFound SENSOR_UNKNOWN; Conflict SENSOR_NEEDS_MESSAGE.
    """
    return partial(_ask, name=name, actor=actor)


def set_sensor_cursor(name: str, cursor: str, *, actor: str = "") -> Decision:
    """SensorCursorSet; nothing when it stands there.

    Raises: NotFound SENSOR_UNKNOWN; Invalid SENSOR_CURSOR_INVALID.
    """
    return partial(_set_cursor, name=name, cursor=cursor, actor=actor)


def send_message(command: SendMessage) -> Decision:
    """SensorMessageReceived; nothing when this message came before. Idempotent: by message id.

    Raises: NotFound SENSOR_UNKNOWN; Invalid MESSAGE_INVALID; Conflict SENSOR_POLLS,
    MESSAGE_CONFLICT; TooManyRequests MESSAGES_WAITING.
    """
    return partial(_send, command=command)


def find_sensor(state: State, name: str) -> Sensor:
    """The sensor of the name. Raises: NotFound SENSOR_UNKNOWN."""
    row = state.get(SENSORS, name)
    if row is None or row.removed:
        raise NotFound(
            "SENSOR_UNKNOWN",
            f"There is no sensor {name!r}.",
            hint="`arco sensor list` names those there are.",
        )
    return row


def cursor_problem(cursor: str) -> str:
    """Why the text is no cursor; empty: it is one."""
    if len(cursor.encode()) > CURSOR_BYTES_MAX:
        return f"it has more than {CURSOR_BYTES_MAX} bytes"
    try:
        value = msgspec.json.decode(cursor) if cursor else None
    except msgspec.DecodeError as error:
        return f"it is no JSON: {error}"
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        return "it is a text, a whole number or nothing"
    return ""


def sensor_problems(
    sensors: Sequence[SensorDefinition], assets: Mapping[str, AssetDefinition]
) -> Iterator[tuple[SensorDefinition, str]]:
    """Everything that keeps these sensors from being deployed beside the assets."""
    counts = Counter(each.name for each in sensors)
    for each in sensors:
        if counts[each.name] > 1:
            yield each, f"sensor {each.name} is defined {counts[each.name]} times"
        for problem in (*_own_problems(each), *_selection_problems(each, assets)):
            yield each, f"sensor {each.name}: {problem}"


def _own_problems(sensor: SensorDefinition) -> Iterator[str]:
    if not NAME.fullmatch(sensor.name) or len(sensor.name) > NAME_LENGTH_MAX:
        yield "its name is lower-case letters, digits and _, starting with a letter"
    for what, value, (low, high) in (
        ("interval_seconds", sensor.interval_ms, INTERVAL_MS),
        ("timeout_seconds", sensor.timeout_ms, TIMEOUT_MS),
    ):
        if not low <= value <= high:
            yield f"{what} is {value / 1000:g}; it is {low / 1000:g} to {high / 1000:g}"
    webhook = sensor.webhook
    if webhook is None:
        return
    if not REFERENCE.fullmatch(webhook.secret):
        yield "the secret of its webhook is given as env:NAME or file:PATH, never as its value"
    low, high = TOLERANCE_SECONDS
    if not low <= webhook.tolerance_seconds <= high:
        yield f"tolerance_seconds is {webhook.tolerance_seconds}; it is {low} to {high}"


def _selection_problems(
    sensor: SensorDefinition, assets: Mapping[str, AssetDefinition]
) -> Iterator[str]:
    try:
        if sensor.selection:
            select_assets(assets, sensor.selection)
    except ArcoError as error:
        yield error.message


def _define(state: State, now: datetime, *, command: DefineSensors) -> Sequence[Event]:
    standing = {
        row.name: row.definition
        for row in state.range(SENSORS)
        if row.project == command.project and not row.removed
    }
    wanted = {each.name: each for each in command.sensors}
    if standing == wanted:
        return ()
    for name in wanted:
        row = state.get(SENSORS, name)
        if row is not None and row.project != command.project and not row.removed:
            raise Conflict(
                "SENSOR_TAKEN",
                f"Sensor {name} belongs to project {row.project!r}.",
                hint="Rename the sensor, or remove it from the other project first.",
            )
    defined = SensorsDefined(
        project=command.project,
        deployment_id=command.deployment_id,
        sensors=tuple(each for _, each in sorted(wanted.items())),
        defined_at=now,
    )
    return (Event(defined, command.actor),)


def _enable(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_sensor(state, name)
    enabled = SensorEnabled(name=name, enabled_at=now, version=row.version)
    return () if row.enabled else (Event(enabled, actor),)


def _disable(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_sensor(state, name)
    disabled = SensorDisabled(name=name, disabled_at=now, version=row.version)
    return (Event(disabled, actor),) if row.enabled else ()


def _ask(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_sensor(state, name)
    if row.definition.kind == "push":
        raise Conflict(
            "SENSOR_NEEDS_MESSAGE",
            f"Sensor {name} is asked about messages, and there is none.",
            hint=f"Send it one: `arco sensor send {name} JSON`.",
        )
    asked = SensorAsked(name=name, asked_at=now, actor=actor or "somebody")
    return () if row.asked_by else (Event(asked, actor),)


def _set_cursor(
    state: State, now: datetime, *, name: str, cursor: str, actor: str
) -> Sequence[Event]:
    row = find_sensor(state, name)
    problem = cursor_problem(cursor)
    if problem:
        raise Invalid(
            "SENSOR_CURSOR_INVALID",
            f"The cursor of {name} cannot be that: {problem}.",
            hint='A text is written "in quotes", a number is not.',
        )
    moved = SensorCursorSet(name=name, cursor=cursor, set_at=now, version=row.version)
    return () if row.cursor == cursor else (Event(moved, actor),)


def _send(state: State, now: datetime, *, command: SendMessage) -> Sequence[Event]:
    row = find_sensor(state, command.name)
    if row.definition.kind != "push":
        raise Conflict(
            "SENSOR_POLLS",
            f"Sensor {row.name} is looked at by the clock; it takes no messages.",
            hint="Declare it with @sensor(on='message'), or ask it: `arco sensor tick`.",
        )
    _refuse_message(command)
    digest = "sha256:" + sha256(command.payload.encode())
    known = state.get(SENSOR_MESSAGES, row.name, command.message_id)
    if known is not None and known.digest != digest:
        raise Conflict(
            "MESSAGE_CONFLICT",
            f"Message {command.message_id!r} of sensor {row.name} said something else before.",
            hint="Give every message an id of its own.",
        )
    if known is not None:
        return ()
    if row.waiting >= MESSAGES_WAITING_MAX:
        raise TooManyRequests(
            "MESSAGES_WAITING",
            f"{row.waiting} messages wait for sensor {row.name} already.",
            hint="Send it again later; `arco sensor show` says why they wait.",
            retry_after_seconds=60,
        )
    received = SensorMessageReceived(
        name=row.name,
        message_id=command.message_id,
        payload=command.payload,
        digest=digest,
        received_at=now,
        actor=command.actor,
    )
    return (Event(received, command.actor),)


def _refuse_message(command: SendMessage) -> None:
    problem = ""
    size = len(command.payload.encode())
    if not command.message_id or len(command.message_id) > MESSAGE_ID_MAX:
        problem = f"its id has 1 to {MESSAGE_ID_MAX} characters"
    elif size > MESSAGE_BYTES_MAX:
        problem = f"it has {size} bytes, and at most {MESSAGE_BYTES_MAX} are kept"
    if problem:
        raise Invalid(
            "MESSAGE_INVALID",
            f"The message cannot be taken: {problem}.",
            hint="Put large content where the sensor can read it, and send its address.",
        )


__all__ = [
    "DefineSensors",
    "SendMessage",
    "ask_sensor",
    "cursor_problem",
    "define_sensors",
    "disable_sensor",
    "enable_sensor",
    "find_sensor",
    "send_message",
    "sensor_problems",
    "set_sensor_cursor",
]
