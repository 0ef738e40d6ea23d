"""Housekeeping: what was dropped long enough ago is gone for good.

Law C1: asked again at the same instant, nothing is decided. C3: this is who moves dropped objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice, takewhile

from arco.catalog.events import ObjectsPurged
from arco.catalog.tables import DROPPED_UNTIL
from arco.model import Event, State

PURGED_AT_ONCE_MAX = 1000


def purge_dropped(state: State, now: datetime) -> Sequence[Event]:
    """ObjectsPurged for what may be purged by now, the oldest first."""
    due = takewhile(lambda row: row.purge_after <= now, state.range(DROPPED_UNTIL))
    ids = tuple(row.object_id for row in islice(due, PURGED_AT_ONCE_MAX))
    return (Event(ObjectsPurged(object_ids=ids, purged_at=now)),) if ids else ()


__all__ = ["PURGED_AT_ONCE_MAX", "purge_dropped"]
