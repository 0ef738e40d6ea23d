"""What a sensor's function receives and returns: its context, run requests, a reason to skip.

Values only. Must not know how an answer becomes runs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import WebhookDefinition, WebhookFormat, Which

Cursor: TypeAlias = str | int | None


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A run that a sensor asks for."""

    run_key: str = ""
    """Asked for again under this key it is the same run; empty: every request is a run."""
    select: Any = ()
    """Terms of the selection language or decorated assets; nothing: what the sensor selects."""
    partition: str = ""
    """What `arco run --partition` takes."""
    which: Which = "refresh"
    """Which partitions run, when none is named."""


class SkipReason(msgspec.Struct, frozen=True):
    """Why a sensor asks for nothing."""

    message: str


class Message(msgspec.Struct, frozen=True):
    """What a sensor was sent."""

    id: str
    payload: Any
    """As JSON has it."""


class SensorContext:
    """What a sensor knows of itself; what it sets as `cursor` it finds there at its next look."""

    def __init__(
        self, name: str, *, now: datetime, cursor: Cursor = None, message: Message | None = None
    ) -> None:
        self.name = name
        self.now = now
        """When this look began."""
        self.message = message
        """The message that the look is about, of a sensor that is told by messages."""
        self._cursor = cursor

    @property
    def cursor(self) -> Cursor:
        """What the last look remembered; None: nothing yet."""
        return self._cursor

    @cursor.setter
    def cursor(self, value: Cursor) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise Invalid(
                "SENSOR_CURSOR_INVALID",
                f"a cursor is a text or a whole number, not {type(value).__name__}",
                hint="a time is remembered as a text: context.cursor = moment.isoformat()",
            )
        self._cursor = value


def webhook(
    secret: str, *, format: WebhookFormat = "standard", tolerance_seconds: int = 300
) -> WebhookDefinition:
    """Messages that a sender outside signs with a secret: `webhook("env:HOOK_SECRET")`.

    `secret` says where the server finds it, `env:NAME` or `file:PATH`. `format` is how the sender
    signs: `standard` (standardwebhooks.com) or `github`.
    """
    return WebhookDefinition(secret, format, tolerance_seconds)


__all__ = [
    "Cursor",
    "Message",
    "RunRequest",
    "SensorContext",
    "SkipReason",
    "webhook",
]
