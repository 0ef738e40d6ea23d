"""What a run is triggered with besides its plan.

Lean on purpose, as all events. Must not know how settings are judged.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arco.model import Payload
from arco.orchestration.events import RunTriggered


class RunTriggeredV2(RunTriggered, frozen=True):
    """The same, and settings that hold for this run alone."""

    VERSION = 2
    settings: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Name of the settings -> field -> value; no secret is among them."""


EVENTS: tuple[type[Payload], ...] = (RunTriggeredV2,)

__all__ = ["EVENTS", "RunTriggeredV2"]
