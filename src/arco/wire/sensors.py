"""Sensors as requests and answers name them: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from arco.orchestration.sensors import MESSAGE_ID_MAX, SensorEvaluation
from arco.service.sensors import SensorSummary


class SensorList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sensors by name."""

    sensors: list[SensorSummary]
    """Each with when it is looked at next."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class EvaluationList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Looks at a sensor, newest first."""

    evaluations: list[SensorEvaluation]
    """What each came to."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class CursorRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the next look starts from."""

    cursor: str | int | None
    """What the sensor finds as its cursor; null: nothing, as at its first look."""


class MessageRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sensor is told."""

    message_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MESSAGE_ID_MAX)]
    """Names this message: sent again it changes nothing."""
    payload: Any = None
    """What the sensor finds in `context.message.payload`."""


__all__ = ["CursorRequest", "EvaluationList", "MessageRequest", "SensorList"]
