"""How sensors are defined, switched, asked, and move from look to look.

Laws F3 and F5: a repeated event changes nothing, and no event raises. A look counts once: its
number is the next one. Must not know clocks: when a sensor is due stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.definitions import SensorDefinition
from arco.orchestration.sensors import (
    DUE_SENSORS,
    EVALUATIONS_KEPT,
    SENSOR_EVALUATIONS,
    SENSOR_MESSAGES,
    SENSORS,
    WAITING_MESSAGES,
    DueSensor,
    EvaluationOutcome,
    MessageState,
    Sensor,
    SensorAsked,
    SensorCursorSet,
    SensorDisabled,
    SensorEnabled,
    SensorEvaluated,
    SensorEvaluation,
    SensorMessage,
    SensorMessageReceived,
    SensorsDefined,
    WaitingMessage,
)
from arco.orchestration.settling import Changes


def sensors_defined(state: State, event: SensorsDefined) -> Iterable[Change]:
    """The project's sensors are these; those it no longer names stop."""
    named = {each.name for each in event.sensors}
    changes: Changes = []
    for row in state.range(SENSORS):
        if row.project == event.project and row.name not in named and not row.removed:
            changes += _removed(state, row, event=event)
    for each in event.sensors:
        changes += _defined(state, each, event=event)
    return changes


def sensor_enabled(state: State, event: SensorEnabled) -> Iterable[Change]:
    """It is looked at again."""
    row = state.get(SENSORS, event.name)
    if row is None or row.enabled or row.version != event.version:
        return []
    return _moved(row, replace(row, enabled=True, version=row.version + 1))


def sensor_disabled(state: State, event: SensorDisabled) -> Iterable[Change]:
    """Nobody looks at it; a look that is under way counts no more."""
    row = state.get(SENSORS, event.name)
    if row is None or not row.enabled or row.version != event.version:
        return []
    return _moved(row, replace(row, enabled=False, version=row.version + 1))


def sensor_asked(state: State, event: SensorAsked) -> Iterable[Change]:
    """It is due now, though it is off."""
    row = state.get(SENSORS, event.name)
    if row is None or row.removed or row.asked_by or row.definition.kind == "push":
        return []
    return _moved(row, replace(row, asked_by=event.actor, next_at=event.asked_at))


def sensor_cursor_set(state: State, event: SensorCursorSet) -> Iterable[Change]:
    """The next look starts from there; one that is under way counts no more."""
    row = state.get(SENSORS, event.name)
    if row is None or row.version != event.version:
        return []
    return _moved(row, replace(row, cursor=event.cursor, version=row.version + 1))


def sensor_message_received(state: State, event: SensorMessageReceived) -> Iterable[Change]:
    """The message waits behind those before it; its id is taken."""
    row = state.get(SENSORS, event.name)
    known = state.get(SENSOR_MESSAGES, event.name, event.message_id)
    if row is None or row.removed or row.definition.kind != "push" or known is not None:
        return []
    number = row.messages + 1
    message = SensorMessage(
        sensor=row.name,
        message_id=event.message_id,
        number=number,
        state=MessageState.WAITING,
        digest=event.digest,
        received_at=event.received_at,
        actor=event.actor,
    )
    waiting = WaitingMessage(
        sensor=row.name, number=number, message_id=event.message_id, payload=event.payload
    )
    next_at = row.next_at if row.waiting else event.received_at
    moved = replace(row, messages=number, waiting=row.waiting + 1, next_at=next_at)
    return [Put(SENSOR_MESSAGES, message), Put(WAITING_MESSAGES, waiting), *_moved(row, moved)]


def sensor_evaluated(state: State, event: SensorEvaluated) -> Iterable[Change]:
    """The look is on record; one that counts moves the cursor and says when the next one is."""
    row = state.get(SENSORS, event.name)
    if row is None or row.removed or event.number != row.evaluations + 1:
        return []
    waiting = state.get(WAITING_MESSAGES, row.name, event.message_number)
    evaluation = _evaluation(row, event, message_id=waiting.message_id if waiting else "")
    changes: Changes = [Put(SENSOR_EVALUATIONS, evaluation)]
    oldest = next(iter(state.range(SENSOR_EVALUATIONS, row.name)), None)
    if oldest is not None and oldest.number <= event.number - EVALUATIONS_KEPT:
        changes.append(Drop(SENSOR_EVALUATIONS, (row.name, oldest.number)))
    seen = replace(
        row,
        evaluations=event.number,
        last_evaluated_at=event.evaluated_at,
        last_outcome=event.outcome,
        last_message=event.message,
    )
    if event.outcome is EvaluationOutcome.STALE:
        return [*changes, *_moved(row, seen)]
    moved = _counted(seen, event, left=row.waiting - (waiting is not None and event.is_last))
    return [*changes, *_handled(state, event, waiting=waiting), *_moved(row, moved)]


def _counted(row: Sensor, event: SensorEvaluated, *, left: int) -> Sensor:
    """The sensor after a look that counts."""
    failed = event.outcome is EvaluationOutcome.FAILED
    return replace(
        row,
        version=row.version + 1,
        cursor=row.cursor if failed else event.cursor,
        failures=row.failures + 1 if failed and not event.is_last else 0,
        next_at=event.next_at,
        asked_by="",
        waiting=left,
        last_run_id=event.run_ids[-1] if event.run_ids else row.last_run_id,
    )


def _handled(state: State, event: SensorEvaluated, *, waiting: WaitingMessage | None) -> Changes:
    if waiting is None:
        return []
    message = state.get(SENSOR_MESSAGES, waiting.sensor, waiting.message_id)
    failed = event.outcome is EvaluationOutcome.FAILED
    ended = MessageState.FAILED if failed else MessageState.HANDLED
    told = ended if event.is_last else MessageState.WAITING
    changes: Changes = []
    if message is not None:
        moved = replace(message, state=told, evaluation=event.number)
        changes.append(Put(SENSOR_MESSAGES, moved))
    if event.is_last:
        changes.append(Drop(WAITING_MESSAGES, (waiting.sensor, waiting.number)))
    return changes


def _defined(state: State, definition: SensorDefinition, *, event: SensorsDefined) -> Changes:
    row = state.get(SENSORS, definition.name)
    if row is not None and row.project != event.project and not row.removed:
        return []
    first = event.defined_at if definition.kind == "poll" else None
    if row is None:
        fresh = Sensor(
            name=definition.name,
            project=event.project,
            deployment_id=event.deployment_id,
            definition=definition,
            enabled=definition.enabled,
            next_at=first,
        )
        return _moved(fresh, fresh)
    if not row.removed and row.definition == definition:
        return []
    switched = row.removed or row.definition.enabled != definition.enabled
    dropped = _unheard(state, row) if definition.kind == "poll" else []
    moved = replace(
        row,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        enabled=definition.enabled if switched else row.enabled,
        removed=False,
        version=row.version + 1,
        failures=0,
        waiting=0 if dropped else row.waiting,
        next_at=event.defined_at if row.waiting and not dropped else first,
    )
    return [*dropped, *_moved(row, moved)]


def _removed(state: State, row: Sensor, *, event: SensorsDefined) -> Changes:
    """It stops; what waited is dropped, and its cursor is kept in case it comes back."""
    gone = replace(
        row,
        removed=True,
        next_at=None,
        asked_by="",
        waiting=0,
        version=row.version + 1,
        deployment_id=event.deployment_id,
    )
    return [*_unheard(state, row), *_moved(row, gone)]


def _unheard(state: State, row: Sensor) -> Changes:
    """What waited is not looked at any more."""
    changes: Changes = []
    for waiting in state.range(WAITING_MESSAGES, row.name):
        changes.append(Drop(WAITING_MESSAGES, (row.name, waiting.number)))
        message = state.get(SENSOR_MESSAGES, row.name, waiting.message_id)
        if message is not None:
            changes.append(Put(SENSOR_MESSAGES, replace(message, state=MessageState.REMOVED)))
    return changes


def due_at(row: Sensor) -> datetime | None:
    """When somebody has to look at it; None: nobody has."""
    if row.removed or not (row.enabled or row.asked_by):
        return None
    return row.next_at if row.definition.kind == "poll" or row.waiting else None


def _moved(before: Sensor, after: Sensor) -> Changes:
    """The row, and its place among those that fall due."""
    changes: Changes = [Put(SENSORS, after)]
    earlier, due = due_at(before), due_at(after)
    if earlier is not None and earlier != due:
        changes.append(Drop(DUE_SENSORS, (earlier, before.name)))
    if due is not None:
        changes.append(Put(DUE_SENSORS, DueSensor(due_at=due, name=after.name)))
    return changes


def _evaluation(row: Sensor, event: SensorEvaluated, *, message_id: str) -> SensorEvaluation:
    counts = event.outcome not in (EvaluationOutcome.FAILED, EvaluationOutcome.STALE)
    return SensorEvaluation(
        sensor=row.name,
        number=event.number,
        outcome=event.outcome,
        evaluated_at=event.evaluated_at,
        ended_at=event.ended_at,
        message=event.message,
        message_id=message_id,
        cursor_before=row.cursor,
        cursor_after=event.cursor if counts else row.cursor,
        requested=event.requested,
        started=event.started,
        known=event.known,
        conflicted=event.conflicted,
        fresh=event.fresh,
        refused=event.refused,
        run_ids=event.run_ids,
        actor=row.asked_by,
    )


__all__ = [
    "due_at",
    "sensor_asked",
    "sensor_cursor_set",
    "sensor_disabled",
    "sensor_enabled",
    "sensor_evaluated",
    "sensor_message_received",
    "sensors_defined",
]
