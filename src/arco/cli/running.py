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
from arco.cli.telling import beginning, deployment_line, ending, remainder
from arco.cli.terminal import is_live
from arco.execution.deploying import Deployment, deploy_project
from arco.execution.following import Follower
from arco.execution.leading import Executing, apart
from arco.ids import new_ulid
from arco.model import State
from arco.orchestration.commands.runs import TriggerRun, trigger_run, triggered_run
from arco.orchestration.tables import RUNS
from arco.service.summaries import RunDetail, run_detail
from arco.service.workspace import Workspace
from arco.wire.runs import TriggerRequest

Say = Callable[[str], None]


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
    workspace: Workspace,
    *,
    again: str = "arco run",
    as_json: bool = False,
    executing: Executing = apart,
) -> AsyncIterator[Stage]:
    """A stage whose leadership ends with the block; JSON leaves standard output to the result."""
    follower = Follower(workspace, workspace.settings.directory, executing=executing)
    where = where_option(workspace.settings)
    is_alone = is_live() and executing is apart
    display: Callable[[], Display] = LiveDisplay if is_alone else PlainDisplay
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


async def continue_left_behind(stage: Stage) -> None:
    """Every run that a process left in flight has ended; nothing while somebody else leads."""
    if not stage.follower.leads:
        return
    for run_id in await stage.follower.active_runs():
        stage.say(f"continuing run {run_id}, which an earlier process left in flight")
        detail = await follow(stage, run_id)
        stage.say(ending(detail, where=stage.where))


async def trigger(stage: Stage, request: TriggerRequest) -> str | None:
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
        priority=request.priority,
        settings=request.settings,
        unchanged=request.unchanged,
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
        again = stage.again if stage.follower.leads else ""
        click.echo(remainder(detail, again=again, where=stage.where), err=True)
        raise
    finally:
        display.close()
    return await workspace.database.asked(lambda state: run_detail(state, run_id))


async def run_request(stage: Stage, request: TriggerRequest) -> RunDetail | None:
    """The run that answers the request, followed to its end; None when everything is fresh."""
    run_id = await trigger(stage, request)
    if run_id is None:
        stage.say("everything is fresh: nothing to run")
        return None
    detail = await stage.workspace.database.asked(lambda state: run_detail(state, run_id))
    stage.say(beginning(detail, which=request.which))
    detail = await follow(stage, run_id)
    stage.say(ending(detail, where=stage.where))
    return detail


__all__ = [
    "Say",
    "Stage",
    "continue_left_behind",
    "deploy_and_tell",
    "follow",
    "on_stage",
    "run_request",
    "trigger",
]
