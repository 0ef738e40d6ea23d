"""Commands about looks at sensors: what is due, and what an answer comes to.

Law: an answer counts for the version of the sensor it was made for, and for no other; whoever comes
second is on record and changes nothing. Must not know processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

import msgspec

from arco.model import Decision, Event, State
from arco.orchestration.bridging import MESSAGE_CHARACTERS_MAX, Asking, RunAsked, bridged
from arco.orchestration.commands.sensors import cursor_problem
from arco.orchestration.definitions import SensorDefinition
from arco.orchestration.sensors import (
    DUE_SENSORS,
    REQUESTS_MAX,
    SENSORS,
    WAITING_MESSAGES,
    EvaluationOutcome,
    Sensor,
    SensorEvaluated,
)
from arco.orchestration.ticking import RunScope

ACTOR = "sensor"
MESSAGE_ATTEMPTS_MAX = 5
FAILED_SECONDS = 1.0
"""After its first failure a message is looked at again so soon; then twice as long, each time."""
FAILED_SECONDS_MAX = 600.0


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A look that is due: everything that whoever looks has to know."""

    sensor: str
    version: int
    definition: SensorDefinition
    cursor: str = ""
    """As JSON; empty: none."""
    message_number: int = 0
    message_id: str = ""
    payload: str = ""
    """As JSON, the message."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a sensor's function said."""

    requests: tuple[RunAsked, ...] = ()
    cursor: str = ""
    """As JSON, what it wants to remember; empty: nothing."""
    skipped: str = ""
    error: str = ""
    """Not empty: it failed, and nothing else counts."""


class RecordEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a look."""

    look: Look
    answer: Answer
    evaluated_at: datetime
    ended_at: datetime
    scope: RunScope


def due_looks(state: State, now: datetime) -> Iterator[Look]:
    """The looks that are due, those that wait longest first.

    Cost: the sensors that are due.
    """
    for due in takewhile(lambda row: row.due_at <= now, state.range(DUE_SENSORS)):
        row = state.get(SENSORS, due.name)
        if row is not None:
            yield look_at(state, row)


def following_look(state: State, now: datetime) -> datetime | None:
    """When more falls due than is due now; None: never, as far as is known."""
    later = (row.due_at for row in state.range(DUE_SENSORS) if row.due_at > now)
    return next(later, None)


def look_at(state: State, row: Sensor) -> Look:
    """A look at the sensor as it stands: at its oldest message, if it is told by messages."""
    waiting = None
    if row.definition.kind == "push":
        waiting = next(iter(state.range(WAITING_MESSAGES, row.name)), None)
    return Look(
        sensor=row.name,
        version=row.version,
        definition=row.definition,
        cursor=row.cursor,
        message_number=waiting.number if waiting else 0,
        message_id=waiting.message_id if waiting else "",
        payload=waiting.payload if waiting else "",
    )


def record_evaluation(command: RecordEvaluation) -> Decision:
    """SensorEvaluated and the runs that were asked for; nothing when the sensor is gone.

    Idempotent: by the version of the sensor that was looked at.
    """
    return partial(_record, command=command)


def _record(state: State, now: datetime, *, command: RecordEvaluation) -> Sequence[Event]:
    row = state.get(SENSORS, command.look.sensor)
    if row is None or row.removed:
        return ()
    if row.version != command.look.version:
        message = "the sensor was looked at, changed or switched meanwhile"
        return (_told(row, command, outcome=EvaluationOutcome.STALE, message=message),)
    problem = command.answer.error or _problem(row, command.answer)
    if problem:
        return (_failed(row, command, problem=problem, now=now),)
    asking = Asking(
        sensor=row.name,
        number=row.evaluations + 1,
        selection=row.definition.selection,
        scope=command.scope,
        evaluated_at=command.evaluated_at,
    )
    runs = bridged(state, now, requests=command.answer.requests, asking=asking)
    counted = msgspec.structs.asdict(runs)
    events = counted.pop("events")
    counted["message"] = command.answer.skipped[:MESSAGE_CHARACTERS_MAX] or runs.message
    evaluated = _told(
        row,
        command,
        outcome=_outcome(command.answer),
        cursor=command.answer.cursor,
        next_at=_next_at(row, now),
        message_number=command.look.message_number,
        is_last=True,
        **counted,
    )
    return (*events, evaluated)


def _outcome(answer: Answer) -> EvaluationOutcome:
    if answer.requests:
        return EvaluationOutcome.REQUESTED
    return EvaluationOutcome.SKIPPED if answer.skipped else EvaluationOutcome.NOTHING


def _problem(row: Sensor, answer: Answer) -> str:
    """Why the answer cannot be; empty: it can."""
    if len(answer.requests) > REQUESTS_MAX:
        return (
            f"it asked for more than {REQUESTS_MAX} runs at once: ask for some, and move the "
            "cursor so far; the next look asks for more"
        )
    problem = cursor_problem(answer.cursor)
    if problem:
        return f"its cursor cannot be that: {problem}"
    return "" if row.definition.cursor == "opaque" else _backwards(row.cursor, answer.cursor)


def _backwards(before: str, after: str) -> str:
    earlier, later = _value(before), _value(after)
    if earlier is None or earlier == later:
        return ""
    if type(earlier) is type(later) and later > earlier:
        return ""
    told = "was forgotten" if later is None else f"would become {after}"
    return (
        f"its cursor is {before} and {told}, which is not behind it: return one that is greater, "
        "declare the sensor with cursor='opaque', or move the cursor by `arco sensor cursor`"
    )


def _value(cursor: str) -> Any:
    return msgspec.json.decode(cursor) if cursor else None


def _failed(row: Sensor, command: RecordEvaluation, *, problem: str, now: datetime) -> Event:
    """The next look waits longer, the more of them failed; a message is given up at last."""
    number = command.look.message_number
    is_last = bool(number) and row.failures + 1 >= MESSAGE_ATTEMPTS_MAX
    is_poll = row.definition.kind == "poll"
    first = row.definition.interval_ms / 1000 if is_poll else FAILED_SECONDS
    wait_seconds = max(first, min(FAILED_SECONDS_MAX, first * 2.0 ** min(row.failures, 20)))
    return _told(
        row,
        command,
        outcome=EvaluationOutcome.FAILED,
        message=problem[:MESSAGE_CHARACTERS_MAX],
        next_at=now if is_last else now + timedelta(seconds=wait_seconds),
        message_number=number,
        is_last=is_last,
    )


def _next_at(row: Sensor, now: datetime) -> datetime | None:
    if row.definition.kind == "push":
        return now if row.waiting > 1 else None
    return now + timedelta(milliseconds=row.definition.interval_ms)


def _told(row: Sensor, command: RecordEvaluation, **told: Any) -> Event:
    evaluated = SensorEvaluated(
        name=row.name,
        number=row.evaluations + 1,
        evaluated_at=command.evaluated_at,
        ended_at=command.ended_at,
        **told,
    )
    return Event(evaluated, f"{ACTOR}:{row.name}")


__all__ = [
    "ACTOR",
    "MESSAGE_ATTEMPTS_MAX",
    "Answer",
    "Look",
    "RecordEvaluation",
    "due_looks",
    "following_look",
    "look_at",
    "record_evaluation",
]
