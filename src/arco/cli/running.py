"""Runs from the command line: continue what was left behind, trigger, follow, and say how it ended.

Law: whatever interrupts it, the text says what remains and which command continues.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import click
import msgspec

from arco.cli.live import LiveDisplay
from arco.cli.progress import Display, PlainDisplay, SilentDisplay
from arco.cli.session import where_option
from arco.cli.terminal import counted, is_live, seconds
from arco.execution.deploying import Deployment, deploy_project
from arco.execution.following import Follower
from arco.ids import new_ulid
from arco.model import State
from arco.orchestration.choosing import Which
from arco.orchestration.commands.runs import TriggerRun, trigger_run, triggered_run
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import RUNS
from arco.service.summaries import RunDetail, TaskSummary, run_detail
from arco.service.workspace import Workspace

FAILURES_SHOWN_MAX = 5
Say = Callable[[str], None]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to run."""

    selection: tuple[str, ...] = ()
    partition: str = ""
    which: Which = "stale"
    run_key: str = ""


class Stage(msgspec.Struct, frozen=True, eq=False):
    """Where a command's runs are performed and shown."""

    workspace: Workspace
    follower: Follower
    display: Callable[[], Display]
    say: Say
    again: str
    """The command that continues what was interrupted."""
    where: str
    """What other commands need to find the project from here."""


@asynccontextmanager
async def on_stage(
    workspace: Workspace, *, again: str = "arco run", as_json: bool = False
) -> AsyncIterator[Stage]:
    """A stage whose leadership ends with the block; JSON leaves standard output to the result."""
    follower = Follower(workspace, workspace.settings.directory)
    where = where_option(workspace.settings)
    display: Callable[[], Display] = LiveDisplay if is_live() else PlainDisplay
    try:
        await follower.start()
        yield Stage(
            workspace,
            follower,
            SilentDisplay if as_json else display,
            (lambda text: click.echo(text, err=True)) if as_json else click.echo,
            again=again + where,
            where=where,
        )
    finally:
        await follower.stop()


async def deploy_and_tell(workspace: Workspace, say: Say) -> Deployment:
    """The project's deployment, told in a line if it changed anything."""
    deployment = await deploy_project(workspace, workspace.settings.directory)
    if not deployment.is_unchanged:
        say(deployment_line(deployment))
    return deployment


def deployment_line(deployment: Deployment) -> str:
    """`deployed shop: 3 assets (2 new, 1 changed)`."""
    parts = {
        "new": len(deployment.added),
        "changed": len(deployment.changed),
        "removed": len(deployment.removed),
    }
    what = ", ".join(f"{count:,} {word}" for word, count in parts.items() if count)
    return f"deployed {deployment.project}: {counted(deployment.assets, 'asset')} ({what})"


async def continue_left_behind(stage: Stage) -> None:
    """Every run that a process left in flight has ended; nothing while somebody else leads."""
    if not stage.follower.leads:
        return
    for run_id in await stage.follower.active_runs():
        stage.say(f"continuing run {run_id}, which an earlier process left in flight")
        detail = await follow(stage, run_id)
        stage.say(ending(detail, where=stage.where))


async def trigger(stage: Stage, request: Request) -> str | None:
    """The id of the run that answers the request; None when everything is fresh.

    Raises: what `trigger_run` and `triggered_run` raise.
    """
    workspace = stage.workspace
    command = TriggerRun(
        run_id=new_ulid(workspace.runtime),
        tenant=workspace.settings.tenant,
        workspace=workspace.settings.workspace,
        selection=request.selection,
        partition=request.partition,
        which=request.which,
        run_key=request.run_key,
        actor="cli",
    )
    await workspace.database.transact(trigger_run(command))
    return await workspace.database.asked(lambda state: triggered_run(state, command))


async def follow(stage: Stage, run_id: str) -> RunDetail:
    """The run once it has ended, shown on the way; an interrupt says how to go on."""
    workspace = stage.workspace
    display = stage.display()

    def show(state: State) -> None:
        if state.get(RUNS, run_id) is not None:
            display.show(run_detail(state, run_id), workspace.runtime.now())

    try:
        await stage.follower.follow(run_id, show)
    except asyncio.CancelledError:
        display.close()
        detail = await workspace.database.asked(lambda state: run_detail(state, run_id))
        click.echo(remainder(stage, detail), err=True)
        raise
    finally:
        display.close()
    return await workspace.database.asked(lambda state: run_detail(state, run_id))


async def run_request(stage: Stage, request: Request) -> RunDetail | None:
    """The run that answers the request, followed to its end; None when everything is fresh."""
    run_id = await trigger(stage, request)
    if run_id is None:
        stage.say("everything is fresh: nothing to run")
        return None
    detail = await stage.workspace.database.asked(lambda state: run_detail(state, run_id))
    stage.say(beginning(detail, request))
    detail = await follow(stage, run_id)
    stage.say(ending(detail, where=stage.where))
    return detail


def beginning(detail: RunDetail, request: Request) -> str:
    """`run 01K… : 12 tasks in 3 assets, every missing or stale partition`."""
    assets = len({task.asset for task in detail.tasks})
    if request.partition:
        what = f"partition {request.partition}"
    elif request.which == "all":
        what = "every partition"
    else:
        what = "every missing or stale partition"
    run = detail.run
    return f"run {run.run_id}: {counted(run.total, 'task')} in {counted(assets, 'asset')}, {what}"


def ending(detail: RunDetail, *, where: str = "") -> str:
    """How the run ended: a line, its failures in full, and its warnings."""
    run = detail.run
    failed = [task for task in detail.tasks if task.state is TaskState.FAILED]
    lines = [failure(run.run_id, task, where=where) for task in failed[:FAILURES_SHOWN_MAX]]
    if len(failed) > FAILURES_SHOWN_MAX:
        more = len(failed) - FAILURES_SHOWN_MAX
        lines.append(f"… and {more:,} more: arco status {run.run_id}{where}")
    for check in detail.checks:
        if not check.passed and not check.blocking:
            what = place(check.asset, check.partition)
            lines.append(f"warning: check {check.name} on {what}: {check.message or 'failed'}")
    lines.append(_summary(detail))
    if run.state is RunState.FAILED and run.message:
        lines.append(f"  {run.message}")
    return "\n".join(lines)


def failure(run_id: str, task: TaskSummary, *, where: str = "") -> str:
    """A failed task: the user's error, their traceback, and where to look."""
    what = place(task.asset, task.partition)
    error = task.error
    lines = [f"FAILED {what}: {error.message if error else 'no reason was recorded'}"]
    if error is not None and error.traceback:
        lines += [f"    {line}" for line in error.traceback.rstrip().splitlines()]
    if error is not None and error.hint:
        lines.append(f"  hint: {error.hint}")
    lines.append(f"  logs: arco logs {run_id} --task '{what}'{where}")
    return "\n".join(lines)


def remainder(stage: Stage, detail: RunDetail) -> str:
    """What an interrupted command says: what remains, and who or what continues it."""
    run = detail.run
    done = run.succeeded + run.failed + run.skipped + run.cancelled
    if run.ended_at is not None:
        return _summary(detail)
    stands = f"run {run.run_id} stands at {done:,} of {counted(run.total, 'task')}; none is lost"
    give_up = f"`arco cancel {run.run_id}{stage.where}` gives it up"
    if stage.follower.leads:
        return f"{stands}\n  `{stage.again}` continues it, {give_up}"
    return f"{stands}\n  the leading process goes on with it; {give_up}"


def place(asset: str, partition: str) -> str:
    """`staging.flights[2013-05]`; no brackets when unpartitioned."""
    return f"{asset}[{partition}]" if partition else asset


def _summary(detail: RunDetail) -> str:
    run = detail.run
    rows = sum(task.rows or 0 for task in detail.tasks)
    counts = {
        "succeeded": run.succeeded,
        "failed": run.failed,
        "skipped": run.skipped,
        "cancelled": run.cancelled,
    }
    parts = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    tail = f", {counted(rows, 'row')}" if run.state is RunState.SUCCEEDED else ""
    return f"run {run.run_id} {run.state.lower()}: {parts}{tail} in {seconds(run.seconds)}"


__all__ = [
    "Request",
    "Say",
    "Stage",
    "beginning",
    "continue_left_behind",
    "deploy_and_tell",
    "deployment_line",
    "ending",
    "failure",
    "follow",
    "on_stage",
    "place",
    "remainder",
    "run_request",
    "trigger",
]
