"""Later versions of the engine's events: a released pair of type and version never changes."""

from __future__ import annotations

from datetime import datetime

from arco.model import Payload


class SnapshotPublishedV2(Payload, frozen=True):
    """Files that hold the state at `slot` stand under `index`; they are kept when newer ones do."""

    VERSION = 2

    slot: int
    index: str
    sha256: str
    published_at: datetime
    built_on: str = ""


__all__ = ["SnapshotPublishedV2"]
