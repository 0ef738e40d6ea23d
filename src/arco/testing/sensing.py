"""`evaluate_sensor`: one look at a sensor, in this process, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from arco.execution.evaluating import heard
from arco.execution.supplies import Supplies
from arco.execution.workshops import sensors_of
from arco.runtime import AsyncioRuntime
from arco.sdk.configuration import is_settings
from arco.sdk.declarations import SensorDeclaration, declared_by
from arco.sdk.parameters import annotations_of
from arco.sdk.sensing import Cursor, Message, RunRequest, SensorContext
from arco.testing.given import handed

MESSAGE_ID = "message"
NOTHING = object()


class SensorResult(msgspec.Struct, frozen=True):
    """What a look came to."""

    requests: tuple[RunRequest, ...]
    """The runs it asks for; of ten million only as many as may be asked for at once, and one."""
    cursor: Cursor
    """What it remembers."""
    skipped: str = ""
    """Why it asks for nothing, if it said so."""


def evaluate_sensor(
    sensor: Callable[..., Any],
    *,
    cursor: Cursor = None,
    message: Any = NOTHING,
    supplies: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> SensorResult:
    """What the sensor says when it finds this cursor, or this message; nothing is started.

    `supplies`: name -> what stands in for a resource, or settings. `now`: what the clock shows.

    Raises: what the sensor raised; Invalid SENSOR_ANSWER_INVALID, SENSOR_CURSOR_INVALID.
    """
    given = supplies or {}
    name, function = next(iter(sensors_of(_declared(sensor)).items()))
    settings = {name for name, kind in annotations_of(function).items() if is_settings(kind)}
    resources = {key: handed(key, value) for key, value in given.items() if key not in settings}
    config = {key: value for key, value in given.items() if key in settings}
    context = SensorContext(
        name,
        now=now or AsyncioRuntime().now(),
        cursor=cursor,
        message=None if message is NOTHING else Message(MESSAGE_ID, message),
    )
    tools = Supplies(resources, config, environment={}, folder=Path.cwd())
    with tools.task():
        said = heard(function, context, supplies=tools)
    tools.close()
    return SensorResult(said.requests, context.cursor, said.skipped)


def _declared(sensor: Callable[..., Any]) -> tuple[SensorDeclaration, ...]:
    found = tuple(each for each in declared_by(sensor) if isinstance(each, SensorDeclaration))
    if not found:
        raise TypeError(f"{sensor!r} is no sensor: put @sensor above the function")
    return found


__all__ = ["SensorResult", "evaluate_sensor"]
