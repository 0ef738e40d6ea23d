"""What has to hold of years of virtual time: the log is read once more, beside plain models.

Whatever failed meanwhile: every tick once, every request one run, every miss and every condition as
a plain model says, and at the end nothing that nobody moves. Must not know who led or what failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from arco.model import Payload
from arco.orchestration import evaluations, events, events_joint, freshness, schedules, sensors
from arco.orchestration.conditions import Term
from arco.orchestration.domain import DOMAIN
from arco.orchestration.rows import PlannedTask, task_key
from arco.orchestration.schedules import TickOutcome
from arco.orchestration.sensors import EvaluationOutcome
from arco.testing.invariants import events_of
from arco.testing.model_store import ModelStore
from arco.testing.world import Violation
from tests.simulation.years_models import DAY, Fires, Promise
from tests.simulation.years_project import (
    AGES,
    ASSETS,
    BY_MONDAY,
    CONDITIONS,
    MONDAYS,
    POLLING,
    POOLS,
    READ,
    SCHEDULES,
    TOGETHER,
    WEEKLY,
)
from tests.simulation.years_queue import Queue

MARGIN = 60 * DAY
NEEDING = {each.key for each in ASSETS if each.pools}
"""What needs a slot of the only pool there is."""


def demand(holds: bool, law: str, *, what: object) -> None:
    """Raises: Violation unless it holds."""
    if not holds:
        raise Violation(law, f"{what}")


class Told(msgspec.Struct, frozen=True):
    """One event of the log, and where it stands."""

    seq: int
    writer: str
    payload: Payload


def told(store: ModelStore) -> Iterator[list[Told]]:
    """The orchestrator's events, commit by commit."""
    names = {(DOMAIN.event_type(each), each.VERSION): each for each in DOMAIN.reducers}
    for key in sorted(key for key in store.objects if key.startswith("log/")):
        commit = msgspec.json.decode(store.objects[key])
        found = [
            Told(commit["seq"], commit["writer"], msgspec.convert(each["payload"], names[kind]))
            for each in events_of(store, commit, created_us=store.written_us[key])
            if (kind := (each["type"], each.get("version", 1))) in names
        ]
        yield found or [Told(commit["seq"], commit["writer"], Payload())]


class Ticks:
    """Every time at which a schedule fires is decided once, in order."""

    def __init__(self, name: str, fires: Fires) -> None:
        self._name = name
        self._fires = fires.moments
        self._all = fires
        self._next = len(fires.moments)
        self._queued: set[datetime] = set()
        self.counts: Counter[str] = Counter()

    def begin(self, at: datetime) -> None:
        """Only what comes after counts."""
        self._next = self._all.until(at)

    def see(self, tick: schedules.ScheduleTicked) -> None:
        """The tick is the next one, or one that waited."""
        at, law = tick.scheduled_for, "every tick once"
        self.counts[tick.outcome] += 1
        if at in self._queued:
            demand(tick.outcome is not TickOutcome.QUEUED, law, what=tick)
            self._queued.discard(at)
            return
        self._next += tick.missed or 1
        fires = self._fires[self._next - 1 : self._next]
        demand(fires == [at], law, what=f"{tick}, not {fires}")
        demand(at <= tick.decided_at, "no tick before its time", what=tick)
        demand(bool(tick.missed) is (tick.outcome is TickOutcome.MISSED), law, what=tick)
        demand(bool(tick.run_id) is (tick.outcome is TickOutcome.STARTED), law, what=tick)
        self._queued |= {at} if tick.outcome is TickOutcome.QUEUED else set()

    def settle(self, now: datetime) -> None:
        """Nothing that is due waits to be decided."""
        upcoming = next(iter(self._fires[self._next : self._next + 1]), None)
        is_later = upcoming is None or upcoming > now
        demand(is_later, "no tick missed", what=f"{self._name} of {upcoming} at {now}")

    def end(self) -> None:
        """No tick waits for a run that ended."""
        demand(not self._queued, "no tick waits for ever", what=f"{self._name}: {self._queued}")


class Asset:
    """What is known of one asset: what it holds, and what it was made from."""

    def __init__(self) -> None:
        self.version = ""
        self.made_at: datetime | None = None
        self.reads: dict[str, str] = {}


class Freshness:
    """A policy is missed when a plain model says so, and told of once, as is its end."""

    def __init__(self, name: str, promise: Promise) -> None:
        self._name = name
        self._promise = promise
        self.since: datetime | None = None
        self.made_at: datetime | None = None
        self.missed = False
        self.counts: Counter[str] = Counter()

    def deadline(self, now: datetime) -> datetime | None:
        """The deadline that is missed at that moment."""
        assert self.since is not None
        return self._promise.missed(self.since, self.made_at, now=now)

    def make(self, at: datetime) -> None:
        """It was made anew."""
        self.made_at = max(self.made_at or at, at)

    def see_miss(self, event: freshness.FreshnessMissed) -> None:
        """The model misses the same deadline, and nobody said so before."""
        expected = self.deadline(event.missed_at)
        demand(not self.missed, "a miss is told once", what=event)
        demand(
            event.deadline_at == expected, "misses are those of the model", what=(event, expected)
        )
        self.missed = True
        self.counts["missed"] += 1

    def see_recovery(self, event: freshness.FreshnessRecovered) -> None:
        """The model is content, too."""
        demand(self.missed, "an end is told once", what=event)
        demand(
            self.deadline(event.recovered_at) is None, "misses are those of the model", what=event
        )
        self.missed = False

    def settle(self, now: datetime) -> None:
        """What is late was told, and what is told is late."""
        if self.since is not None:
            late = self.deadline(now) is not None
            what = f"{self._name} at {now}: late {late}, told {self.missed}"
            demand(late is self.missed, "misses are those of the model", what=what)


class Account:
    """The whole log of a life, and what follows from it."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        self._span = {"begins": begins - DAY, "ends": ends + MARGIN}
        self.ticks = {
            name: Ticks(name, Fires(table, **self._span)) for name, (_, table) in SCHEDULES.items()
        }
        self._weekly = Fires(WEEKLY, **self._span)
        promises = {asset: Promise(age=age) for asset, age in AGES.items()}
        promises[MONDAYS] = Promise(by=Fires(BY_MONDAY, **self._span))
        self.policies = {name: Freshness(name, promise) for name, promise in promises.items()}
        self.assets = {key: Asset() for key in READ}
        self.judged: dict[str, evaluations.ConditionEvaluated] = {}
        self.plans: dict[str, tuple[PlannedTask, ...]] = {}
        self.run_keys: dict[str, str] = {}
        self.conflicts: set[tuple[str, str]] = set()
        self.messages: set[str] = set()
        self.handled: set[int] = set()
        self.cursors: dict[str, str] = {}
        self.looks: Counter[str] = Counter()
        self.looks_lost = 0
        """Of the sensor that polls, since the last one that was answered."""
        self.ended: set[str] = set()
        self.failed = 0
        self.out: set[tuple[str, int]] = set()
        """Attempts that hold a slot of the pool."""
        self.queue = Queue(ASSETS)
        self._made: dict[str, dict[int, events.TaskSucceeded]] = {}
        self._conditions_since: datetime | None = None
        self._see = self._reactions()

    def _reactions(self) -> Mapping[type[Payload], Callable[[Any], None]]:
        """What follows from each kind of event."""
        return {
            schedules.SchedulesDefined: self._defined,
            schedules.ScheduleTicked: lambda event: self.ticks[event.name].see(event),
            freshness.FreshnessPoliciesDefined: self._promised,
            freshness.FreshnessMissed: lambda event: self.policies[event.asset].see_miss(event),
            freshness.FreshnessRecovered: lambda each: self.policies[each.asset].see_recovery(each),
            evaluations.ConditionsDefined: self._conditioned,
            evaluations.ConditionEvaluated: self._evaluated,
            evaluations.ConditionDisabled: self._disabled,
            events.RunTriggered: self._triggered,
            events.RunLimitSet: self.queue.limit,
            events.RunsQueued: self.queue.queue,
            events.RunsAdmitted: self.queue.admit,
            events.RunPrioritized: self.queue.prioritize,
            events.RunKeyConflicted: self._conflicted,
            events.TaskSucceeded: self._succeeded,
            events.TasksDispatched: self._dispatched,
            events_joint.TaskSucceededV3: self._succeeded_together,
            events.TaskFailed: self._freed,
            events_joint.TaskFailedV2: self._freed,
            events.TaskCancelled: self._freed,
            events.AttemptLost: self._freed,
            events.RunSucceeded: self._run_succeeded,
            events.RunFailed: self._run_failed,
            events.RunCancelled: lambda event: self._ended(event.run_id),
            sensors.SensorMessageReceived: self._received,
            sensors.SensorEvaluated: self._looked,
        }

    @property
    def met(self) -> Counter[str]:
        """How often what happened, so that a campaign that meets nothing is seen."""
        met: Counter[str] = Counter()
        for ticks in self.ticks.values():
            met.update({f"tick {name.lower()}": count for name, count in ticks.counts.items()})
        met.update({f"look {name.lower()}": count for name, count in self.looks.items()})
        met["run"], met["run failed"] = len(self.plans), self.failed
        met.update(self.queue.counts)
        met["conflict"], met["message"] = len(self.conflicts), len(self.messages)
        met["miss"] = sum(policy.counts["missed"] for policy in self.policies.values())
        return met

    def read(self, store: ModelStore, settled: Mapping[tuple[str, int], datetime]) -> None:
        """Everything that happened, commit by commit. Raises: Violation."""
        for commit in told(store):
            for each in commit:
                see = self._see.get(type(each.payload))
                if see is not None:
                    see(each.payload)
            now = settled.get((commit[0].writer, commit[0].seq))
            if now is not None:
                self._settle(now)

    def _settle(self, now: datetime) -> None:
        """At that moment nothing was left to be decided."""
        for ticks in self.ticks.values():
            ticks.settle(now)
        for policy in self.policies.values():
            policy.settle(now)
        self.queue.settle()
        for asset, event in self.judged.items():
            self._check_judged(asset, event, now=now)

    def _defined(self, event: schedules.SchedulesDefined) -> None:
        for ticks in self.ticks.values():
            ticks.begin(event.defined_at)

    def _promised(self, event: freshness.FreshnessPoliciesDefined) -> None:
        for policy in self.policies.values():
            policy.since = event.defined_at

    def _conditioned(self, event: evaluations.ConditionsDefined) -> None:
        self._conditions_since = event.defined_at

    def _evaluated(self, event: evaluations.ConditionEvaluated) -> None:
        demand(not event.message, "conditions are judged", what=event)
        before = self.judged.get(event.asset)
        number = before.number + 1 if before else 1
        demand(event.number == number, "evaluations are counted", what=event)
        self._check_judged(event.asset, event, now=event.evaluated_at)
        self.judged[event.asset] = event
        self.looks["condition"] += 1

    def _disabled(self, event: evaluations.ConditionDisabled) -> None:
        self.judged.pop(event.asset, None)

    def _check_judged(
        self, asset: str, event: evaluations.ConditionEvaluated, *, now: datetime
    ) -> None:
        """Each term holds of the asset exactly when it does in plain words."""
        found: list[bool] = []
        for term in CONDITIONS[asset].terms:
            found.append(self._holds(term, asset, found=found, now=now))
        said = [bool(each.count) for each in event.sets]
        what = f"{event} says {said}, at {now} the model {found}"
        demand(said == found, "conditions hold as the model says", what=what)
        asked_for_nothing = found[-1] or not event.requested
        demand(asked_for_nothing, "what does not hold asks for nothing", what=event)

    def _holds(self, term: Term, asset: str, *, found: list[bool], now: datetime) -> bool:
        held = self.assets[asset]
        if term.kind == "missing":
            return not held.version
        if term.kind == "upstream":
            versions = {up: self.assets[up].version for up in READ[asset]}
            return bool(held.version) and any(
                version and held.reads.get(up) != version for up, version in versions.items()
            )
        if term.kind == "late":
            return asset in self.policies and self.policies[asset].deadline(now) is not None
        if term.kind == "cron":
            assert self._conditions_since is not None
            fired = self._weekly.between(self._conditions_since, now)
            return bool(fired) and (held.made_at is None or held.made_at < fired[-1])
        values = [found[place] for place in term.of]
        return {"and": all, "or": any, "not": lambda each: not each[0]}[term.kind](values)

    def _triggered(self, event: events.RunTriggered) -> None:
        demand(event.run_id not in self.plans, "one run per id", what=event.run_id)
        demand(
            event.run_key not in self.run_keys or not event.run_key, "one run per key", what=event
        )
        planned = {task.asset for task in event.tasks}.intersection(TOGETHER)
        demand(len(planned) in (0, 2), "what is made together runs together", what=event)
        self.plans[event.run_id] = event.tasks
        self.queue.trigger(event.run_id, event.tasks)
        self.run_keys[event.run_key] = event.request

    def _conflicted(self, event: events.RunKeyConflicted) -> None:
        named = event.run_key, event.request
        demand(named not in self.conflicts, "one conflict for each other request", what=event)
        demand(event.run_key in self.run_keys, "a conflict is with a run", what=event)
        demand(
            self.run_keys[event.run_key] != event.request, "a conflict is with a run", what=event
        )
        self.conflicts.add(named)

    def _dispatched(self, event: events.TasksDispatched) -> None:
        self.queue.dispatch(event.run_id)
        for index, _ in event.tasks:
            law, asset = "one attempt makes what is made together", self.plans[event.run_id][index]
            demand(asset.asset not in TOGETHER[1:], law, what=event)
            if self.plans[event.run_id][index].asset in NEEDING:
                self.out.add((event.run_id, index))
        demand(len(self.out) <= POOLS["warehouse"], "no slot is given twice", what=self.out)

    def _freed(self, event: events.TaskFailed | events.TaskCancelled | events.AttemptLost) -> None:
        self.out.discard((event.run_id, event.index))

    def _run_failed(self, event: events.RunFailed) -> None:
        self._ended(event.run_id)
        self.failed += 1

    def _succeeded(self, event: events.TaskSucceeded) -> None:
        self.out.discard((event.run_id, event.index))
        self._made.setdefault(event.run_id, {})[event.index] = event

    def _succeeded_together(self, event: events_joint.TaskSucceededV3) -> None:
        self._succeeded(event)
        for other in event.others:
            self._made[event.run_id][other.index] = event

    def _run_succeeded(self, event: events.RunSucceeded) -> None:
        self._ended(event.run_id)
        everything = set(range(len(self.plans[event.run_id])))
        made_all = self._made.get(event.run_id, {}).keys() == everything
        demand(made_all, "a run succeeds with all of its tasks", what=event)
        for index, made in self._made.pop(event.run_id, {}).items():
            task = self.plans[event.run_id][index]
            held = self.assets[task.asset]
            held.version = f"{event.run_id}/{task_key(task.asset, task.partition_key)}"
            held.made_at = event.ended_at
            held.reads = {read.upstream: read.data_versions[0] for read in made.reads}
            if task.asset in self.policies:
                self.policies[task.asset].make(event.ended_at)

    def _ended(self, run_id: str) -> None:
        demand(run_id not in self.ended, "a run ends once", what=run_id)
        self.ended.add(run_id)
        self.queue.end(run_id)

    def _received(self, event: sensors.SensorMessageReceived) -> None:
        demand(event.message_id not in self.messages, "a message comes once", what=event.message_id)
        self.messages.add(event.message_id)

    def _looked(self, event: sensors.SensorEvaluated) -> None:
        self.looks[event.outcome] += 1
        if event.outcome in (EvaluationOutcome.FAILED, EvaluationOutcome.STALE):
            self.looks_lost += event.name == POLLING
            return
        if event.name == POLLING:
            self.looks_lost = 0
        if event.message_number:
            law = "a message is handled once"
            demand(event.message_number not in self.handled, law, what=event)
            self.handled.add(event.message_number)
        before, after = int(self.cursors.get(event.name) or 0), int(event.cursor or 0)
        demand(after >= before, "the cursor goes on", what=event)
        for number in range(before, after):
            key = f"sensor:{event.name}:key:file-{number}"
            demand(
                key in self.run_keys, "the cursor never moves without its runs", what=(event, key)
            )
        self.cursors[event.name] = event.cursor


__all__ = ["Account", "Asset", "Freshness", "Ticks", "demand", "told"]
