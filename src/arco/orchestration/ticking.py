"""What a tick of a schedule comes to: the run it asks for, and the outcome that is recorded.

Exactly one run per tick: its run key is the tick. Must not know which ticks are due, or who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.errors import ArcoError, Forbidden
from arco.ids import milliseconds, sha256, ulid
from arco.model import Decision, Event, State
from arco.orchestration.commands.runs import TriggerRun, triggered_run
from arco.orchestration.events import RunTriggered
from arco.orchestration.schedules import Schedule, ScheduleTicked, TickOutcome

ACTOR = "schedule"


class RunScope(msgspec.Struct, frozen=True):
    """Whose runs they are."""

    tenant: str
    workspace: str


def run_of_tick(schedule: Schedule, tick: ScheduleTicked, *, scope: RunScope) -> TriggerRun:
    """The run that a tick asks for, under a key and an id that only this tick has."""
    definition = schedule.definition
    unix_ms = milliseconds(tick.scheduled_for)
    by_hand = f"manual:{unix_ms}"
    run_key = f"sched:{schedule.name}:{by_hand if tick.actor else unix_ms // 1000}"
    return TriggerRun(
        run_id=ulid(unix_ms, int(sha256(run_key.encode()), 16)),
        tenant=scope.tenant,
        workspace=scope.workspace,
        selection=definition.selection,
        partition=definition.partition,
        which=definition.which,
        run_key=run_key,
        actor=tick.actor or f"{ACTOR}:{schedule.name}",
    )


def fired(
    state: State, tick: ScheduleTicked, *, command: TriggerRun, trigger: Decision
) -> Sequence[Event]:
    """The run of the tick, and the tick with its outcome; a run that cannot be planned is one.

    Raises: Forbidden when who asked for it may not run it.
    """
    try:
        events = list(trigger(state, tick.decided_at))
        standing = None if events else triggered_run(state, command)
    except Forbidden:
        raise
    except ArcoError as error:
        refused = f"{error.message} {error.hint}".strip()
        return [ticked(tick, outcome=TickOutcome.REFUSED, message=refused)]
    triggered = any(isinstance(event.payload, RunTriggered) for event in events)
    run_id = command.run_id if triggered else standing or ""
    outcome = TickOutcome.STARTED if run_id else TickOutcome.FRESH
    return [*events, ticked(tick, outcome=outcome, run_id=run_id)]


def undecided(schedule: Schedule, scheduled_for: datetime, *, now: datetime) -> ScheduleTicked:
    """A tick before it is known what becomes of it."""
    return ScheduleTicked(
        name=schedule.name,
        scheduled_for=scheduled_for,
        decided_at=now,
        outcome=TickOutcome.QUEUED,
    )


def ticked(tick: ScheduleTicked, **told: Any) -> Event:
    """The event that tells what became of it."""
    return Event(msgspec.structs.replace(tick, **told), tick.actor or ACTOR)


__all__ = ["ACTOR", "RunScope", "fired", "run_of_tick", "ticked", "undecided"]
