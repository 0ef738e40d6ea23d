"""Projects and attempts to try the orchestrator on: definitions, deployments, answers of workers.

Values only: every id and time is an argument or a constant, so that a history can be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from arco.ids import dispatch_id
from arco.model import Decision, Payload
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    Manifest,
    SourceLine,
)
from arco.orchestration.domain import DOMAIN
from arco.orchestration.outcomes import Completion, ErrorCategory, Output, StagedFile, TaskError
from arco.orchestration.rows import Task
from arco.orchestration.tables import ASSETS, TASKS
from arco.orchestration.ticking import RunScope
from arco.testing.folding import MemoryState

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = RunScope("t", "w")


class Bench:
    """A workspace in memory: one state, a clock that is moved by hand, and the controllers."""

    def __init__(self, window: int = 64) -> None:
        self.state = MemoryState(DOMAIN)
        self.now = START
        self.history: list[Payload] = []
        self._controllers = standing_decisions(window, SCOPE)

    def ask(self, decision: Decision) -> tuple[Payload, ...]:
        """Fold what the decision says and let the controllers follow; return everything said."""
        said = self.state.decide(decision, self.now)
        said += self.state.settle(self._controllers, self.now)
        self.history += said
        return said

    def look(self) -> tuple[Payload, ...]:
        """Let the controllers look at the state as it stands."""
        return self.ask(lambda state, now: ())

    def wait(self, seconds: float) -> tuple[Payload, ...]:
        """Time passes, then the controllers look."""
        self.now += timedelta(seconds=seconds)
        return self.look()

    def deploy(self, *assets: AssetDefinition, project: str = "demo") -> tuple[Payload, ...]:
        """Deploy the assets as the project's manifest."""
        manifest = Manifest(project, tuple(sorted(assets, key=lambda asset: asset.key)))
        number = len(self.history)
        command = Deploy(deployment_id=f"D{number}", manifest=manifest, entropy=number)
        return self.ask(deploy(command))

    def trigger(self, run_id: str = "R1", *selection: str, **asked: str) -> tuple[Payload, ...]:
        """Trigger a run of the selection."""
        return self.ask(trigger_run(trigger(run_id, *selection, **asked)))

    def task(self, run_id: str, asset: str, *, partition_key: str = "") -> Task:
        """The run's task for this partition."""
        tasks = self.state.range(TASKS, run_id)
        return next(
            task for task in tasks if (task.asset, task.partition_key) == (asset, partition_key)
        )

    def answer(self, task: Task, completion: Completion) -> tuple[Payload, ...]:
        """The task's newest attempt ends this way."""
        command = CompleteAttempt(
            dispatch_id=dispatch_id(task.run_id, task.task_key, task.attempt),
            started_at=self.now,
            ended_at=self.now,
            completion=completion,
        )
        return self.ask(complete_attempt(command))

    def succeed(self, run_id: str, asset: str, *, data: str = "") -> tuple[Payload, ...]:
        """The task succeeds; with `data` it staged output of that data version."""
        row = self.state.get(ASSETS, asset)
        output = staged(asset, table_id=row.table_id if row else "", data_version=data)
        completion = Completion(output=output if data else None)
        return self.answer(self.task(run_id, asset), completion)

    def fail(
        self, run_id: str, asset: str, *, category: ErrorCategory = ErrorCategory.USER_CODE
    ) -> tuple[Payload, ...]:
        """The task's attempt fails."""
        completion = Completion(error=TaskError(category, "it broke"))
        return self.answer(self.task(run_id, asset), completion)


def trigger(run_id: str, *selection: str, **asked: str) -> TriggerRun:
    """A trigger of the test tenant."""
    command = TriggerRun(
        run_id=run_id, tenant=SCOPE.tenant, workspace=SCOPE.workspace, selection=selection
    )
    return msgspec.structs.replace(command, **asked)


def asset(key: str, *upstreams: str, version: str = "1", **fields: Any) -> AssetDefinition:
    """A definition that reads `upstreams`; other fields by name."""
    declared = AssetDefinition(
        key=key,
        code=CodeReference("project", key.replace(".", "_"), version),
        source=SourceLine("project.py", 1),
        dependencies=tuple(Dependency(up, parameter=up.replace(".", "_")) for up in upstreams),
    )
    return msgspec.structs.replace(declared, **fields)


def graph(edges: Mapping[str, Sequence[str]], **fields: Any) -> list[AssetDefinition]:
    """One definition per key of `edges`, reading the assets it maps to."""
    return [asset(key, *upstreams, **fields) for key, upstreams in edges.items()]


def staged(asset: str, *, table_id: str, data_version: str) -> Output:
    """One staged file of one row."""
    return Output(
        asset=asset,
        partition_key="",
        table_id=table_id,
        files=(StagedFile(f"{asset}-{data_version}.parquet", 1, 100),),
        schema="{}",
        rows=1,
        data_version=data_version,
    )


__all__ = ["SCOPE", "START", "Bench", "asset", "graph", "staged", "trigger"]
