"""A rehearsal: what new definitions would have run, over the history that is on record.

The log is read and nothing is written. Recorded events happen as they did, at their times; the
project's own definitions are the new ones from the first moment on, and a run that they ask for
succeeds at once. Must not know who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.fold import decode
from arco.engine.past import Past, state_at
from arco.engine.travel import slot_at
from arco.errors import NotFound
from arco.model import Change, Decision, Event, Payload, Put, State
from arco.orchestration.commands.conditions import DefineConditions, define_conditions
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.conditions import ConditionDefinition, spelled
from arco.orchestration.controllers import watch_freshness
from arco.orchestration.controllers.run_due_conditions import Automator, next_evaluation
from arco.orchestration.definitions import FreshnessDefinition, Manifest
from arco.orchestration.evaluations import (
    CONDITIONS,
    ConditionDisabled,
    ConditionEnabled,
    ConditionEvaluated,
    ConditionsDefined,
)
from arco.orchestration.events import Deployed, RunTriggered
from arco.orchestration.freshness import (
    FreshnessMissed,
    FreshnessPoliciesDefined,
    FreshnessRecovered,
    FreshnessRenewed,
)
from arco.orchestration.partitions import display
from arco.orchestration.reducers.conditions import woken
from arco.orchestration.reducers.freshness import renewed
from arco.orchestration.rows import Materialization, PartitionStatus, PlannedTask
from arco.orchestration.staleness import upstream_places
from arco.orchestration.tables import ASSETS, PARTITION_STATUS
from arco.orchestration.ticking import RunScope
from arco.orchestration.views import AssetView, asset_view

DEPLOYMENT = "rehearsal"
EXAMPLES_MAX = 3
EVALUATIONS_MAX = 100_000
REPLACED: tuple[type[Payload], ...] = (
    Deployed,
    ConditionsDefined,
    ConditionEnabled,
    ConditionDisabled,
    ConditionEvaluated,
    FreshnessPoliciesDefined,
    FreshnessMissed,
    FreshnessRecovered,
    FreshnessRenewed,
)
"""What is recorded of definitions and conditions gives way to what is rehearsed."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """The definitions that are tried."""

    manifest: Manifest
    conditions: tuple[ConditionDefinition, ...]
    freshness: tuple[FreshnessDefinition, ...] = ()


class RehearsedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that would have been started."""

    at: datetime
    """When."""
    asset: str
    partitions: int
    """How many of its partitions."""
    examples: list[str]
    """The first three of them."""
    because: list[str]
    """What held of some of them: the terms of the condition that are no combination."""


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What new definitions would have run in a stretch of history."""

    since: datetime
    until: datetime
    slots: int
    """How many slots of the log were read."""
    evaluations: int
    """How often a condition was judged."""
    runs: list[RehearsedRun]
    """In the order of time."""
    recorded: dict[str, int]
    """Asset -> how many runs really made it meanwhile, of the assets with a condition."""
    is_complete: bool
    """False: it was given up after a hundred thousand evaluations."""


async def rehearse(
    database: Database,
    *,
    tried: Tried,
    since: datetime,
    scope: RunScope,
) -> Rehearsal:
    """What these definitions would have run from `since` until now.

    Cost: the state at `since`, one GET a slot after it.
    """
    try:
        first = await slot_at(database, since)
    except NotFound:
        first = 0
    stage = _Stage(await state_at(database, first), scope=scope)
    begins = max(since, stage.past.position.committed_at)
    await stage.define(tried, begins)
    await stage.settle(begins)
    async for slot in stage.past.replay.slots(first + 1, database.seq):
        at = max(begins, slot.commit.committed_at)
        await stage.pass_until(at)
        known, _ = decode(stage.past.replay.registry, await stage.past.replay.events(slot.commit))
        await stage.happen(known, slot.commit.seq)
        await stage.settle(at)
    until = database.runtime.now()
    await stage.pass_until(until)
    return Rehearsal(
        since=begins,
        until=until,
        slots=database.seq - first,
        evaluations=stage.evaluations,
        runs=stage.runs,
        recorded={each.asset: stage.recorded[each.asset] for each in tried.conditions},
        is_complete=stage.evaluations < EVALUATIONS_MAX,
    )


class _Stage:
    """A state that is played on: recorded events, then what the conditions make of them."""

    def __init__(self, past: Past, *, scope: RunScope) -> None:
        self.past = past
        self.runs: list[RehearsedRun] = []
        self.recorded: Counter[str] = Counter()
        self.evaluations = 0
        self._automator = Automator(scope, prefix=DEPLOYMENT)
        self._seq = past.seq

    async def define(self, tried: Tried, now: datetime) -> None:
        """The project's definitions are these; nothing else has a condition."""
        await self._silence(now)
        project = await self.past.asked(partial(_owner, manifest=tried.manifest))
        named = msgspec.structs.replace(tried.manifest, project=project)
        command = Deploy(deployment_id=DEPLOYMENT, manifest=named, entropy=0)
        defined = DefineConditions(
            project=project, deployment_id=DEPLOYMENT, conditions=tried.conditions
        )
        promised = DefineFreshness(
            project=project, deployment_id=DEPLOYMENT, policies=tried.freshness
        )
        for decision in (
            deploy(command),
            define_conditions(defined),
            define_freshness(promised),
        ):
            await self._fold(await self.past.asked(partial(_decided, decision=decision, now=now)))

    async def happen(self, events: Sequence[Event], seq: int) -> None:
        """What is on record happens, but for what is rehearsed instead."""
        self._seq = seq
        kept = [event for event in events if not isinstance(event.payload, REPLACED)]
        for event in kept:
            if isinstance(event.payload, RunTriggered):
                self.recorded.update({task.asset for task in event.payload.tasks})
        await self._fold(kept)

    async def pass_until(self, moment: datetime) -> None:
        """Time passes; what falls due meanwhile is judged at its own time."""
        while (due := await self.past.asked(_next_due)) is not None and due < moment:
            if not await self.settle(due):
                return

    async def settle(self, now: datetime) -> bool:
        """The conditions are judged until they are quiet; False when there was nothing to judge."""
        moved = False
        while self.evaluations < EVALUATIONS_MAX:
            seen = await self.past.asked(partial(watch_freshness.decide, now=now))
            await self._fold(seen)
            moved = moved or bool(seen)
            events = await self.past.asked(partial(self._automator.decide, now=now))
            if not events:
                return moved
            moved = True
            await self._judged(events, now=now)
        return False

    async def _judged(self, events: Sequence[Event], *, now: datetime) -> None:
        judged = [e for e in events if isinstance(e.payload, ConditionEvaluated)]
        started = [e.payload for e in events if isinstance(e.payload, RunTriggered)]
        await self._fold(judged)
        self.evaluations += len(judged)
        for event in judged:
            await self._told(event.payload, now)
        for run in started:
            changes = await self.past.asked(partial(_succeeded, now=now, run=run))
            self.past.tables.apply(changes, self._seq)

    async def _told(self, payload: Payload, now: datetime) -> None:
        assert isinstance(payload, ConditionEvaluated)
        if payload.run_id:
            because = await self.past.asked(partial(_because, evaluated=payload))
            keys = [each.partition_key for each in payload.requested]
            self.runs.append(
                RehearsedRun(
                    at=now,
                    asset=payload.asset,
                    partitions=len(keys),
                    examples=[display(key) for key in keys[:EXAMPLES_MAX] if key],
                    because=because,
                )
            )

    async def _silence(self, now: datetime) -> None:
        def projects(state: State) -> set[str]:
            return {row.project for row in state.range(CONDITIONS) if not row.removed}

        for project in sorted(await self.past.asked(projects)):
            none = ConditionsDefined(
                project=project, deployment_id=DEPLOYMENT, conditions=(), defined_at=now
            )
            await self._fold([Event(none)])

    async def _fold(self, events: Iterable[Event]) -> None:
        changes = await self.past.replay.changes(self.past.tables, list(events))
        self.past.tables.apply(changes, self._seq)


def _next_due(state: State) -> datetime | None:
    due = (next_evaluation(state), watch_freshness.next_deadline_at(state))
    return min((at for at in due if at is not None), default=None)


def _decided(state: State, *, decision: Decision, now: datetime) -> Sequence[Event]:
    return decision(state, now)


def _owner(state: State, *, manifest: Manifest) -> str:
    """The project these assets belong to: a copy of a project's folder may be called otherwise."""
    rows = (state.get(ASSETS, each.key) for each in manifest.assets)
    return next((row.project for row in rows if row and not row.removed), manifest.project)


def _because(state: State, *, evaluated: ConditionEvaluated) -> list[str]:
    row = state.get(CONDITIONS, evaluated.asset)
    condition = row.definition.condition if row else None
    if condition is None:
        return []
    return [
        spelled(condition, place)
        for place, (term, held) in enumerate(zip(condition.terms, evaluated.sets, strict=False))
        if not term.of and held.count
    ]


def _succeeded(state: State, *, now: datetime, run: RunTriggered) -> list[Change]:
    """The partitions of the run hold what it would have made, and what looks at them is due."""
    view = asset_view(state, now)
    made = [_made(view, task, run=run, index=index) for index, task in enumerate(run.tasks)]
    assets = dict.fromkeys(task.asset for task in run.tasks)
    changes: list[Change] = [Put(PARTITION_STATUS, row) for row in made]
    return [*changes, *renewed(state, changes), *woken(state, assets)]


def _made(view: AssetView, task: PlannedTask, *, run: RunTriggered, index: int) -> PartitionStatus:
    definition = view.definitions[task.asset]
    before = view.state.get(PARTITION_STATUS, task.asset, task.partition_key)
    reads: dict[str, dict[str, str]] = {}
    for asset, key in upstream_places(view, definition, key=task.partition_key):
        status = view.state.get(PARTITION_STATUS, asset, key)
        held = status.materialization if status else None
        if held is not None:
            reads.setdefault(asset, {})[key] = held.data_version
    return PartitionStatus(
        asset=task.asset,
        partition_key=task.partition_key,
        materialization=Materialization(
            run_id=run.run_id,
            index=index,
            code_version=definition.code.version,
            data_version=f"{DEPLOYMENT}/{run.run_id}/{index}",
            materialized_at=view.at.now,
            reads=reads,
        ),
        attempt=before.attempt if before else None,
    )


__all__ = ["EVALUATIONS_MAX", "Rehearsal", "RehearsedRun", "Tried", "rehearse"]
