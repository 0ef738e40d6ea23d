"""Promise: whenever something changes that a condition looks at, it is judged, and what it asks for
is run once.

Law C1: judging takes a condition out of those that are due. Law C4: the evaluation tells what held
and what waits. Exactly one run per evaluation: its number is the run key. Must not know who
executes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, takewhile

import msgspec

from arco.errors import ArcoError
from arco.ids import milliseconds, sha256, ulid
from arco.model import Event, State
from arco.orchestration.asking import Asked, Busy, ask
from arco.orchestration.commands.runs import TriggerRun, answered, key_use, triggered
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.evaluations import (
    BOXES_SHOWN,
    CONDITIONS,
    DUE_CONDITIONS,
    ConditionEvaluated,
    StandingCondition,
    TermSet,
)
from arco.orchestration.judging import Judged, Remembered, judge, ticks
from arco.orchestration.partitions import PartitionSet
from arco.orchestration.partitions import spans as sets
from arco.orchestration.plan import upstream_first
from arco.orchestration.ticking import RunScope
from arco.orchestration.together import family, whole_families
from arco.orchestration.views import AssetView, asset_view

ACTOR = "condition"
TURN = 64
"""How many conditions are judged in one pass; the others are in the next."""


class Automator:
    """The controller of one workspace's conditions; run keys begin with `prefix`."""

    def __init__(self, scope: RunScope, *, prefix: str = "cond") -> None:
        self._scope = scope
        self._prefix = prefix

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """The evaluation of every condition that is due, and the runs they ask for.

        Those upstream come first, so that what is made from what they start waits for it.
        Cost: the conditions that are due; each looks at most at ten thousand partitions.
        """
        due = islice(takewhile(lambda row: row.due_at <= now, state.range(DUE_CONDITIONS)), TURN)
        rows = {row.asset: row for each in due if (row := state.get(CONDITIONS, each.asset))}
        if not rows:
            return ()
        view, busy = asset_view(state, now), Busy(state)
        known = [asset for asset in rows if asset in view.definitions]
        events: list[Event] = [
            Event(_evaluated(row, now, message="the asset is not deployed"), ACTOR)
            for asset, row in rows.items()
            if asset not in view.definitions
        ]
        for asset in upstream_first(view.definitions, known):
            events += self._judged(view, rows[asset], busy=busy)
        return events

    def _judged(self, view: AssetView, row: StandingCondition, *, busy: Busy) -> Iterator[Event]:
        definition, now = view.definitions[row.asset], view.at.now
        try:
            judged = judge(
                view,
                definition,
                condition=row.definition.condition,
                since=row.since,
                memory=Remembered(row.memory, row.shape),
            )
        except (ArcoError, ValueError) as error:
            yield Event(_evaluated(row, now, message=str(error)), ACTOR)
            return
        asked = ask(
            view, definition, keys=list(judged.sets[-1]), marks=_marks(view, row), busy=busy
        )
        evaluated = _told(row, now, judged=judged, asked=asked)
        if not asked.requested:
            yield Event(evaluated, ACTOR)
            return
        keys = tuple(each.partition_key for each in asked.requested)
        run_id, message, events = self._run(view, definition, keys=keys, number=evaluated.number)
        for member in family(definition):
            busy.start(member, keys if run_id else ())
        yield from events
        yield Event(msgspec.structs.replace(evaluated, run_id=run_id, message=message), ACTOR)

    def _run(
        self, view: AssetView, definition: AssetDefinition, *, keys: tuple[str, ...], number: int
    ) -> tuple[str, str, Sequence[Event]]:
        """The run of these partitions; or why there is none."""
        run_key = f"{self._prefix}:{definition.key}:{number}"
        command = run_of_evaluation(definition.key, run_key, scope=self._scope, now=view.at.now)
        try:
            before = answered(view.state, view.at.now, use=key_use(command))
            if before is not None:
                message = f"run key {command.run_key} was taken"
                return "", message, before
            chosen = whole_families(view.definitions, {definition.key: keys})
            return command.run_id, "", [triggered(view, chosen, command=command)]
        except ArcoError as error:
            return "", f"{error.message} {error.hint}".strip(), ()


def run_of_evaluation(asset: str, run_key: str, *, scope: RunScope, now: datetime) -> TriggerRun:
    """The run that an evaluation asks for, under a key and an id that only it has."""
    return TriggerRun(
        run_id=ulid(milliseconds(now), int(sha256(run_key.encode()), 16)),
        tenant=scope.tenant,
        workspace=scope.workspace,
        selection=(asset,),
        run_key=run_key,
        actor=f"{ACTOR}:{asset}",
    )


def next_evaluation(state: State) -> datetime | None:
    """When `decide` will next have something to say if nothing else happens; None: never."""
    first = next(iter(state.range(DUE_CONDITIONS)), None)
    return first.due_at if first else None


def _marks(view: AssetView, row: StandingCondition) -> list[str]:
    struck = ticks(view, row.asset, condition=row.definition.condition, since=row.since)
    return [at.isoformat() if at else "" for at in struck]


def _told(
    row: StandingCondition, now: datetime, *, judged: Judged, asked: Asked
) -> ConditionEvaluated:
    return msgspec.structs.replace(
        _evaluated(row, now),
        next_at=judged.next_at,
        judged=judged.everything.count,
        sets=tuple(_term_set(each) for each in judged.sets),
        memory=judged.memory.sets,
        shape=judged.memory.shape,
        requested=asked.requested,
        released=asked.released,
        held_back=asked.held_back,
    )


def _evaluated(row: StandingCondition, now: datetime, *, message: str = "") -> ConditionEvaluated:
    return ConditionEvaluated(
        asset=row.asset, number=row.evaluations + 1, evaluated_at=now, message=message
    )


def _term_set(keys: PartitionSet) -> TermSet:
    return TermSet(keys.count, tuple(islice(sets.boxes(keys.spans), BOXES_SHOWN)))


__all__ = ["Automator", "next_evaluation", "run_of_evaluation"]
