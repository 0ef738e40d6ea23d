"""Promise: a queued run is let in as soon as all of its limits have room, higher priority and
earlier runs first.

Law C1: what is let in fills the room. Must not know what runs do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arco.model import Event, State
from arco.orchestration.events import RunsAdmitted
from arco.orchestration.run_limits import RUN_QUEUE, admissible


def decide(state: State, now: datetime) -> Sequence[Event]:
    """RunsAdmitted with every run that has room; nothing while nobody waits."""
    if next(iter(state.range(RUN_QUEUE)), None) is None:
        return ()
    runs = tuple(row.run_id for row in admissible(state))
    return (Event(RunsAdmitted(runs=runs, admitted_at=now)),) if runs else ()


__all__ = ["decide"]
