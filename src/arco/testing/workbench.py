"""A project in memory: its tables, runs, retries and schedules, and a clock that is moved by hand.

Law: everything that decides is what decides in a real workspace; only files, processes and waiting
are left out. Must not know a store or a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from arco.errors import Invalid
from arco.execution.envelopes import build_envelope
from arco.formats.dataset import Dataset
from arco.formats.publishing import staged_tables
from arco.model import State
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    complete_attempt,
    lose_attempt,
)
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    Deploy,
    add_dynamic_partitions,
    deploy,
)
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
    startable_publications,
)
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.commands.schedules import DefineSchedules, define_schedules
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import Unchanged, Which
from arco.orchestration.rows import Dispatch, PreparedTable, Task
from arco.orchestration.run_settings import Settings
from arco.orchestration.staleness import Staleness, stale_partitions
from arco.orchestration.tables import ASSETS, CHECKS, DISPATCHES, NEWEST_RUNS, TASKS
from arco.orchestration.together import maker
from arco.orchestration.views import asset_view
from arco.runtime import AsyncioRuntime
from arco.testing.given import definitions_of, key_in
from arco.testing.memory_tables import MemoryTables
from arco.testing.orchestration_samples import SCOPE, Bench
from arco.testing.performing import InjectedFault, Performer, WorkerLost
from arco.testing.results import RunResult, TaskResult

DEPLOYMENT = "D1"
NO_SETTINGS: Settings = MappingProxyType({})


class Workbench:
    """Assets, checks and schedules in memory; runs happen at once, time passes when it is told."""

    def __init__(
        self,
        *things: Any,
        inputs: Mapping[Any, Any] | None = None,
        supplies: Mapping[str, Any] | None = None,
        now: datetime | None = None,
    ) -> None:
        """`things`: assets, checks, resources, schedules, or modules that hold them. `inputs`:
        asset -> its data, or a function that returns it, in place of running it. `supplies`: name
        -> what stands in for a resource, or settings. `now`: the clock's start.

        Raises: Invalid DEFINITIONS_INVALID, TEST_ASSET_UNKNOWN.
        """
        self.definitions = definitions_of(things, inputs=inputs or {}, supplies=supplies or {})
        self._bench = Bench()
        self._bench.now = now or AsyncioRuntime().now()
        self._tables = MemoryTables()
        self._performer = Performer(self.definitions.loaded, self._tables)
        self._deploy()

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self._bench.now

    @property
    def state(self) -> State:
        """Everything that is known, as a real workspace keeps it."""
        return self._bench.state

    def run(
        self,
        *selection: Any,
        partition: str = "",
        which: Which = "all",
        settings: Settings = NO_SETTINGS,
        unchanged: Unchanged = "skip",
    ) -> RunResult:
        """A run of the selected assets, to its end; retries do not wait, the clock moves on.
        `settings`: name -> field -> value that holds for this run, as `arco run --set` takes it.
        `unchanged`: what becomes of memoized assets that would come out as they did.

        Raises: what refuses the run, such as NotFound ASSET_UNKNOWN or Invalid PARTITION_UNKNOWN,
        SETTING_INVALID.
        """
        command = TriggerRun(
            run_id=f"R{len(self._run_ids()) + 1}",
            tenant=SCOPE.tenant,
            workspace=SCOPE.workspace,
            selection=tuple(
                each if isinstance(each, str) else self._key(each) for each in selection
            ),
            partition=partition,
            which=which,
            settings=settings,
            unchanged=unchanged,
        )
        self._bench.ask(trigger_run(command))
        self._work()
        while (due := self._retry_due(command.run_id)) is not None:
            self._move_on(due)
        return self._result(command.run_id)

    def fail(self, asset: Any, *, times: int = 1, error: BaseException | None = None) -> None:
        """The asset's next attempts raise `error`, or an `InjectedFault`."""
        key = self._maker(asset)
        fault = error or InjectedFault(f"{key} was told to fail")
        self._performer.plan_fault(key, fault, times=times)

    def lose(self, asset: Any, *, times: int = 1) -> None:
        """The worker dies during the asset's next attempts."""
        self._performer.plan_fault(self._maker(asset), WorkerLost("its worker died"), times=times)

    def wait(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> list[RunResult]:
        """Time passes; what schedules start meanwhile is run, and returned in that order."""
        until = self.now + timedelta(seconds=seconds, hours=hours, days=days)
        known = set(self._run_ids())
        while (due := next_due(self._bench.state)) is not None and due <= until:
            self._move_on(due)
        self._move_on(until)
        return [self._result(run) for run in self._run_ids() if run not in known]

    def add_partitions(self, name: str, *values: str) -> None:
        """The dynamic partition set `name` has these values, too."""
        command = ChangeDynamicPartitions(name=name, values=values)
        self._bench.ask(add_dynamic_partitions(command))

    def table(self, asset: Any) -> Dataset:
        """What readers of the asset's table see now. Raises: Invalid TEST_TABLE_EMPTY."""
        key = self._key(asset)
        row = self._bench.state.get(ASSETS, key)
        outputs = self._tables.newest(row.table_id) if row else ()
        if not outputs:
            raise Invalid(
                "TEST_TABLE_EMPTY",
                f"no run published {key}",
                hint="run it, and see whether the run succeeded",
            )
        return self._tables.read(outputs)

    def close(self) -> None:
        """Resources that live as long as a worker are closed."""
        self._performer.close()

    def stale(self) -> list[Staleness]:
        """Every stale partition, with the way to the root cause."""
        view = asset_view(self._bench.state, self.now)
        return list(stale_partitions(view, sorted(view.definitions)))

    def _deploy(self) -> None:
        manifest, schedules = self.definitions.manifest, self.definitions.schedules
        self._bench.ask(deploy(Deploy(deployment_id=DEPLOYMENT, manifest=manifest, entropy=1)))
        if schedules:
            command = DefineSchedules(
                project=manifest.project, deployment_id=DEPLOYMENT, schedules=schedules
            )
            self._bench.ask(define_schedules(command))

    def _key(self, asset: Any) -> str:
        key = key_in(asset, self.definitions.loaded.project)
        if self._bench.state.get(ASSETS, key) is None:
            known = ", ".join(each.key for each in self.definitions.manifest.assets)
            raise Invalid("TEST_ASSET_UNKNOWN", f"there is no {key} here", hint=f"known: {known}")
        return key

    def _maker(self, asset: Any) -> str:
        """The asset whose attempts make it."""
        row = self._bench.state.get(ASSETS, self._key(asset))
        assert row is not None
        return maker(row.definition)

    def _run_ids(self) -> list[str]:
        rows = list(self._bench.state.range(NEWEST_RUNS))
        return [row.run_id for row in reversed(rows)]

    def _retry_due(self, run_id: str) -> datetime | None:
        tasks = self._bench.state.range(TASKS, run_id)
        return min((task.retry_at for task in tasks if task.retry_at is not None), default=None)

    def _move_on(self, moment: datetime) -> None:
        """The clock shows the moment, and everything that can happen then has happened."""
        self._bench.now = max(moment, self.now)
        self._bench.look()
        self._work()

    def _work(self) -> None:
        """Attempts and publications, until the clock has to move on."""
        with self._performer.listening():
            while self._has_worked():
                pass

    def _has_worked(self) -> bool:
        state = self._bench.state
        dispatches = list(state.range(DISPATCHES))
        publications = startable_publications(state)
        for dispatch in dispatches:
            self._attempt(dispatch)
        for publication in publications:
            self._publish(publication.run_id)
        return bool(dispatches or publications)

    def _attempt(self, dispatch: Dispatch) -> None:
        envelope = build_envelope(self._bench.state, dispatch, now=self.now)
        assert envelope is not None, "what is dispatched is wanted: nobody else works here"
        try:
            completion = self._performer.perform(envelope)
        except WorkerLost as lost:
            gone = LoseAttempt(dispatch_id=dispatch.dispatch_id, reason=str(lost))
            self._bench.ask(lose_attempt(gone))
            return
        ended = CompleteAttempt(
            dispatch_id=dispatch.dispatch_id,
            started_at=self.now,
            ended_at=self.now,
            completion=completion,
        )
        self._bench.ask(complete_attempt(ended))

    def _publish(self, run_id: str) -> None:
        tables = tuple(self._prepared(run_id))
        self._bench.ask(start_publication(StartPublication(run_id=run_id, tables=tables)))
        self._bench.ask(publish_run(run_id))

    def _prepared(self, run_id: str) -> Iterator[PreparedTable]:
        for staged in staged_tables(self._bench.state, run_id):
            asset = staged.asset
            version = self._tables.publish(staged.outputs, mode=asset.definition.write_mode)
            yield PreparedTable(
                table_id=asset.table_id, asset=asset.key, version=version, sha256=""
            )

    def _result(self, run_id: str) -> RunResult:
        at = asset_view(self._bench.state, self.now).at
        tasks = [self._told(task) for task in self._bench.state.range(TASKS, run_id)]
        return RunResult(run_id, tasks, definitions=self.definitions, at=at)

    def _told(self, task: Task) -> TaskResult:
        by = task.index if task.made_by is None else task.made_by
        worker = self._bench.state.get(TASKS, task.run_id, by) or task
        told = self._performer.told(task.run_id, worker.task_key)
        checks = self._bench.state.range(CHECKS, task.asset, task.partition_key)
        return TaskResult(
            run_id=task.run_id,
            asset=task.asset,
            partition_key=task.partition_key,
            state=task.state,
            attempts=worker.attempt,
            error=task.error,
            raised=told.raised,
            metadata=task.metadata,
            checks={each.name: each for each in checks if each.run_id == task.run_id},
            logs=tuple(told.lines),
            output=task.output,
            memoized_from=task.memoized_from or "",
            tables=self._tables,
        )


__all__ = ["DEPLOYMENT", "NO_SETTINGS", "Workbench"]
