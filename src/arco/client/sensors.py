"""Sensors of a server: what looks at the world outside, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arco.client.asking import Asked, Asker
from arco.client.paging import paged
from arco.client.sensor_operations import (
    ASK_SENSOR,
    DISABLE_SENSOR,
    ENABLE_SENSOR,
    SEND_SENSOR_MESSAGE,
    SET_SENSOR_CURSOR,
    SHOW_EVALUATIONS,
    SHOW_SENSOR,
    SHOW_SENSORS,
)
from arco.errors import Unavailable
from arco.orchestration.sensors import SensorEvaluation
from arco.runtime import Runtime
from arco.service.sensors import MessageTaken, SensorDetail, SensorSummary
from arco.wire.sensors import CursorRequest, MessageRequest

LOOK_SECONDS_MAX = 120.0
POLL_SECONDS = 0.1


class Sensors:
    """What asks for runs. Every change takes a `key`, a UUIDv7 by which it is idempotent."""

    def __init__(self, asker: Asker, runtime: Runtime) -> None:
        self._asker = asker
        self._runtime = runtime

    def list(self) -> Iterator[SensorSummary]:
        """Sensors by name."""
        return paged(self._asker, SHOW_SENSORS, rows=lambda page: page.sensors)

    def get(self, name: str) -> SensorDetail:
        """One sensor, with its newest looks."""
        return self._asker.ask(SHOW_SENSOR, Asked(place={"name": name}))

    def evaluations(self, name: str) -> Iterator[SensorEvaluation]:
        """What the looks at it came to, newest first."""
        return paged(
            self._asker,
            SHOW_EVALUATIONS,
            place={"name": name},
            rows=lambda page: page.evaluations,
        )

    def enable(self, name: str, *, key: str = "") -> SensorDetail:
        """The sensor, which is looked at from now on."""
        return self._asker.ask(ENABLE_SENSOR, Asked(place={"name": name}, key=key))

    def disable(self, name: str, *, key: str = "") -> SensorDetail:
        """The sensor, which nobody looks at any more."""
        return self._asker.ask(DISABLE_SENSOR, Asked(place={"name": name}, key=key))

    def ask(self, name: str, *, key: str = "") -> SensorDetail:
        """The sensor, which is looked at as soon as whoever leads gets to it."""
        return self._asker.ask(ASK_SENSOR, Asked(place={"name": name}, key=key))

    def look(self, name: str, *, seconds_max: float = LOOK_SECONDS_MAX) -> SensorEvaluation:
        """What came of a look that is made now.

        Raises: Unavailable SENSOR_NOT_LOOKED_AT when nobody looked in time.
        """
        before = max((each.number for each in self.get(name).evaluations), default=0)
        self.ask(name)
        started = self._runtime.monotonic()
        while self._runtime.monotonic() - started < seconds_max:
            newest = next(iter(self.get(name).evaluations), None)
            if newest is not None and newest.number > before:
                return newest
            self._asker.wait(POLL_SECONDS)
        raise Unavailable(
            "SENSOR_NOT_LOOKED_AT",
            f"nobody looked at {name} within {seconds_max:g} seconds",
            hint=f"it is still asked for: `arco sensor show {name}` tells when it was looked at",
        )

    def set_cursor(self, name: str, cursor: str | int | None, *, key: str = "") -> SensorDetail:
        """The sensor, whose next look starts from this cursor."""
        body = CursorRequest(cursor=cursor)
        return self._asker.ask(SET_SENSOR_CURSOR, Asked(place={"name": name}, body=body, key=key))

    def send(self, name: str, message_id: str, *, payload: Any, key: str = "") -> MessageTaken:
        """What became of the message. Idempotent: by its id."""
        body = MessageRequest(message_id=message_id, payload=payload)
        return self._asker.ask(SEND_SENSOR_MESSAGE, Asked(place={"name": name}, body=body, key=key))


__all__ = ["Sensors"]
