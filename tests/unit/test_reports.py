"""Reports of attempts on their way to the log: what comes together is one commit, and one that is
refused keeps none beside it from being recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from arco.execution.reports import Reports
from arco.model import Event, State
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.orchestration.outcomes import Completion
from arco.orchestration.rows import Dispatch, Task
from arco.orchestration.states import TaskState
from arco.orchestration.tables import DISPATCHES, TASKS
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import load
from arco.service.workspace import Workspace, open_workspace
from arco.testing.orchestration_samples import SCOPE, asset, trigger

COUNT = 20


def test_reports_that_come_together_are_one_commit(tmp_path: Path) -> None:
    async def story() -> None:
        workspace = await with_attempts_out(tmp_path)
        before = workspace.database.seq
        reports = Reports(workspace)
        for dispatch in out(workspace):
            ended(reports, dispatch)
        assert reports.pending == COUNT
        await reports.settled()
        assert reports.pending == 0
        assert workspace.database.seq == before + 1
        assert {task.state for task in tasks(workspace)} == {TaskState.SUCCEEDED}

    run(story())


def test_an_attempt_that_starts_and_ends_at_once_is_recorded_as_both(tmp_path: Path) -> None:
    async def story() -> None:
        workspace = await with_attempts_out(tmp_path)
        reports = Reports(workspace)
        first = out(workspace)[0]
        reports.started(first.dispatch_id, first.dispatched_at)
        ended(reports, first)
        ended(reports, first)
        await reports.settled()
        task = tasks(workspace)[first.index]
        assert (task.state, task.started_at) == (TaskState.SUCCEEDED, first.dispatched_at)

    run(story())


def test_a_report_that_is_refused_is_a_loss_and_the_others_stand(tmp_path: Path) -> None:
    async def story() -> None:
        workspace = await with_attempts_out(tmp_path)
        reports = Reports(workspace)
        refused, *others = out(workspace)
        reports._report(refused.dispatch_id, breaks)
        for dispatch in others:
            ended(reports, dispatch)
        await reports.settled()
        found = tasks(workspace)
        assert found[refused.index].infra_attempts == 1
        succeeded = {each.index for each in found if each.state is TaskState.SUCCEEDED}
        assert succeeded == {each.index for each in others}

    run(story())


def breaks(state: State, now: datetime) -> Sequence[Event]:
    """A decision with a fault of ours."""
    raise KeyError("a bug")


async def with_attempts_out(folder: Path) -> Workspace:
    """A workspace where one run's attempts are all out, and nobody performs them."""
    workspace = await open_workspace(load(folder), AsyncioRuntime())
    workspace.database.controllers = standing_decisions(COUNT, SCOPE)
    assets = tuple(asset(f"n.a{number:02}") for number in range(COUNT))
    command = Deploy(deployment_id="D1", manifest=Manifest("demo", assets), entropy=1)
    await workspace.database.transact(deploy(command))
    await workspace.database.transact(trigger_run(trigger("R1")))
    assert len(out(workspace)) == COUNT
    return workspace


def out(workspace: Workspace) -> list[Dispatch]:
    """The attempts that are out."""
    return list(workspace.database.state.range(DISPATCHES))


def tasks(workspace: Workspace) -> list[Task]:
    """The run's tasks, by index."""
    return list(workspace.database.state.range(TASKS, "R1"))


def ended(reports: Reports, dispatch: Dispatch) -> None:
    """A worker says that the attempt succeeded."""
    moment = dispatch.dispatched_at
    reports.ended(dispatch.dispatch_id, Completion(), started_at=moment, ended_at=moment)
